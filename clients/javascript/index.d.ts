/** Any JSON object of the control API; `docs/control.md` describes the members. */
export type Json = Record<string, any>;

/** What happened during an advance of the clock. */
export interface Event {
  at: string;
  what: string;
  id: string;
}

/** The context of a test in node:test (`after`) or Vitest (`onTestFinished`). */
export type TestContext = { after(close: () => Promise<void>): unknown } | { onTestFinished(close: () => Promise<void>): unknown };

export interface Options {
  /** 1 to 64 of a-z, 0-9 and -; by default a new name that begins with the name of the test. */
  name?: string;
  /** Decides ids, tokens and scores. */
  seed?: number | string;
  /** The first settings of the sandbox. */
  config?: Json;
}

/** Open a fresh sandbox, on the server at SIMULATOR_URL or on one that all workers of this run share. Close it with `close()`. */
export function simulator(options?: Options): Promise<Simulator>;
/** Open a fresh sandbox that is deleted when the test of this context is over. */
export function simulator(context: TestContext, options?: Options): Promise<Simulator>;

/** One webhook as it was received. */
export interface Webhook {
  readonly method: string;
  /** What follows the sandbox's own address, with its query. */
  readonly path: string;
  /** With lower-case names. */
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  /** This machine's time. */
  readonly at: Date;
  /** The body as a form, as The Predictive Index sends it. */
  readonly form: Record<string, string>;
  /** The body as JSON, as the extension for pymetrics sends it. */
  readonly json: any;
  /** The JSON or the form, according to the content type; null if it cannot be read. */
  readonly data: any;
}

/** The webhooks that a sandbox's address has received, oldest first. */
export interface Webhooks extends Array<Webhook> {
  /** Where they are received; addresses below it count, too. */
  readonly url: string;
  /** Respond to the next webhooks with these statuses, and to all later ones with the last; `delay` is in seconds. */
  answerWith(...statuses: [number, ...number[]] | [number, ...number[], { delay?: number }]): void;
  /** Wait until so many have arrived (by default one); resolves to all of them. `within` is in seconds, by default 5. */
  waitFor(count?: number, options?: { within?: number }): Promise<Webhook[]>;
  /** Wait for the first whose form or JSON has these members, or for which the function is true. */
  waitFor(wanted: Json | ((webhook: Webhook) => boolean), options?: { within?: number }): Promise<Webhook>;
  /** Delete what was received. */
  clear(): void;
}

export interface List {
  /** The items, oldest first; the filters are the parameters of long lists. */
  list(filters?: Record<string, string>): Promise<Json[]>;
}

export interface Detailed extends List {
  /** The single view of an item, which has more members than the list shows. */
  one(id: string): Promise<Json>;
}

export interface Clock {
  now(): Promise<Date>;
  mode(): Promise<"running" | "frozen">;
  /** Stop at an instant, which may be an earlier one; by default at the current time. */
  freeze(instant?: string | Date): Promise<Event[]>;
  /** Advance by `24h`, `10m`, `1d12h` or `PT24H`. Resolves to what happened, when all of it has. */
  advance(span: string): Promise<Event[]>;
  /** Run at the speed of the machine's clock, from the current time on. */
  run(): Promise<Event[]>;
  /** Advance until no event is left, the expiry of invitations included. */
  untilIdle(): Promise<Event[]>;
}

export interface Faults {
  /** The injected faults, with how often each was triggered (`met`). */
  list(): Promise<Json[]>;
  /** Replace all faults. */
  set(faults: Json[]): Promise<unknown>;
  /** Add one to the others: `add("status", { status: 503, vendor: "pymetrics", times: 1 })`. */
  add(kind: string, members?: Json): Promise<unknown>;
  /** Remove all faults. */
  clear(): Promise<unknown>;
}

export interface Snapshot {
  readonly id: string;
  /** Restore it, clock and pending deliveries included. */
  restore(): Promise<unknown>;
  delete(): Promise<unknown>;
}

/** A sandbox: its own data, clock and webhooks, for both vendors. */
export class Simulator {
  private constructor();
  /** The server's URL. */
  readonly url: string;
  /** The sandbox's name. */
  readonly name: string;
  readonly pymetrics: {
    readonly url: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly apiKey: string;
    /** The headers of a request, with a new bearer token, valid for an hour of the sandbox's clock. */
    headers(): Promise<Record<string, string>>;
  };
  readonly predictiveIndex: {
    readonly url: string;
    readonly apiKey: string;
    /** The header of a request. */
    headers(): Record<string, string>;
  };
  readonly clock: Clock;
  /** Both vendors' invitations. */
  readonly invitations: Detailed & { timeline(id: string): Promise<Json[]> };
  /** The webhooks pending or sent; `replay` sends one again. */
  readonly deliveries: Detailed & { replay(id: string, url?: string): Promise<Json> };
  /** The mail that the vendors would send to candidates. */
  readonly mail: List;
  readonly faults: Faults;
  /** The requests with their responses. */
  readonly journal: Detailed & {
    find(filters: Record<string, string | number>): Promise<Json[]>;
    har(): Promise<Json>;
    curl(id: string): Promise<string>;
  };
  /** The received webhooks; throws `SimulatorError` if the server does not reach this machine. */
  readonly webhooks: Webhooks;
  /** Apply an action to an invitation, as the candidate or the passing of time would. */
  act(id: string, action: string, body?: Json): Promise<Json>;
  open(id: string): Promise<Json>;
  accept(id: string): Promise<Json>;
  reject(id: string): Promise<Json>;
  start(id: string): Promise<Json>;
  /** The candidate finishes; `results` or `scores` set the outcome. */
  complete(id: string, body?: Json): Promise<Json>;
  expire(id: string): Promise<Json>;
  abort(id: string): Promise<Json>;
  /** The settings, after these changes if there are any. */
  config(changes?: Json): Promise<Json>;
  /** Which rules this sandbox's requests have passed and violated, and how often. */
  coverage(): Promise<Json>;
  /** Wait for a `request`, a `webhook` or an `invitation` with these members; `within` is in seconds, by default 5. */
  waitFor(thing: { request?: Json; webhook?: Json; invitation?: Json }, options?: { within?: number }): Promise<Json>;
  snapshot(): Promise<Snapshot>;
  /** Open a copy of this sandbox; it is closed with this one. */
  fork(name?: string): Promise<Simulator>;
  /** Return to the first state. */
  reset(): Promise<void>;
  /** Delete the sandbox and its forks; a second call does nothing. */
  close(): Promise<void>;
  // `await using sandbox = await simulator()`, where the compiler knows it.
  [Symbol.asyncDispose](): Promise<void>;
}

/** A call that failed: the message names the call and the reason. */
export class SimulatorError extends Error {
  /** Null if no response came. */
  readonly status: number | null;
  /** The server's problem document, empty if there was none. */
  readonly problem: Json;
  readonly detail: string;
}

/** The expected webhooks did not arrive in time; the message shows what arrived, and what the server tried to send. */
export class NotCaught extends Error {}
