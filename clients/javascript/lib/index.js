"use strict";
// A fresh sandbox of the simulator for each test: `const sandbox = await simulator()`.
//
// 1. `server.js` finds the server: SIMULATOR_URL, else one that `keeper.js` starts once for all workers of a run.
// 2. `listener.js` receives the webhooks of all sandboxes of this process.
// 3. `simulator()` opens a sandbox of a new name; its members have the names of the pytest fixture, in camel case.

const { randomBytes } = require("node:crypto");
const { SimulatorError } = require("./connection.js");
const { Listener, NotCaught } = require("./listener.js");
const { findServer } = require("./server.js");

const SANDBOXES = "/_simulator/sandboxes";
const WEBHOOK_SETTINGS = ["webhook_url", "default_webhook_url"];

// What the sandboxes of this process share, opened by the first of them.
let shared = null;

/** Open a fresh sandbox. With the context of a test it is deleted when the test is over, otherwise by `close()`. */
async function simulator(context, options) {
  const later = context?.after ?? context?.onTestFinished;
  const { name, seed = 0, config = {} } = (typeof later === "function" ? options : options ?? context) ?? {};
  const { connection, listener, isOwn } = await (shared ??= open());
  const chosen = name ?? [like(context), randomBytes(6).toString("hex")].filter(Boolean).join("-");
  const leads = Object.fromEntries(WEBHOOK_SETTINGS.map((setting) => [setting, `${listener.url}/${chosen}`]));
  const body = { name: chosen, seed, config: { ...leads, ...config } };
  const opened = await connection.call("POST", SANDBOXES, body);
  const elsewhere = process.env.SIMULATOR_LISTENER_HOST || process.env.SIMULATOR_LISTENER_URL;
  const unreached = isOwn && !elsewhere ? null : await listener.unreached(connection, `${SANDBOXES}/${opened.name}`);
  const sandbox = new Simulator(connection, listener, opened, unreached);
  const unwanted = WEBHOOK_SETTINGS.filter((setting) => !(setting in config));
  if (unreached && unwanted.length) await sandbox.config(Object.fromEntries(unwanted.map((setting) => [setting, null])));
  if (typeof later === "function") later.call(context, () => sandbox.close());
  return sandbox;
}

async function open() {
  try {
    const { connection, isOwn, socket, release } = await findServer();
    const listener = await new Listener().open();
    // If the server ends, the next sandbox finds another.
    socket?.once("close", () => (shared = null));
    return { connection, isOwn, listener, release };
  } catch (problem) {
    shared = null;
    throw problem;
  }
}

/** Close what the sandboxes of this process share. */
async function finish() {
  const sharing = await shared?.catch(() => null);
  shared = null;
  sharing?.listener.close();
  sharing?.connection.close();
  sharing?.release();
}

// Jest loads this module once for each test file, in the same process.
if (process.env.JEST_WORKER_ID && typeof globalThis.afterAll === "function") {
  try {
    globalThis.afterAll(finish);
  } catch {
    // It was loaded inside a test, where Jest accepts no hook; the process closes everything when it ends.
  }
}

/** The beginning of a sandbox's name, from the name of the test. */
function like(context) {
  const name = context?.task?.name ?? context?.name ?? globalThis.expect?.getState?.().currentTestName ?? "";
  return String(name).toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 48).replace(/^-+|-+$/g, "");
}

class Resource {
  constructor(connection, path) {
    this._connection = connection;
    this._path = path;
  }

  _call(method, path = "", body, options) {
    return this._connection.call(method, this._path + path, body, options);
  }
}

class List extends Resource {
  /** The items, oldest first; `filters` are the parameters of long lists. */
  list(filters = {}) {
    const query = new URLSearchParams(filters).toString();
    return this._call("GET", query && `?${query}`);
  }
}

class Detailed extends List {
  /** The single view of an item, which has more members than the list shows. */
  one(id) {
    return this._call("GET", `/${encodeURIComponent(id)}`);
  }
}

class Invitations extends Detailed {
  /** What happened to one, and what is scheduled (`due`), in order of time. */
  timeline(id) {
    return this._call("GET", `/${encodeURIComponent(id)}/timeline`);
  }
}

class Deliveries extends Detailed {
  /** Send one again, to its own address or to another. */
  replay(id, url) {
    return this._call("POST", `/${encodeURIComponent(id)}/replay`, url === undefined ? {} : { url });
  }
}

class Journal extends Detailed {
  /** The entries of a `vendor`, an `operation`, a `status`, `since` an instant or an entry, or with a text `q`. */
  find(filters) {
    return this.list(filters);
  }

  /** All entries as an HTTP archive. */
  har() {
    return this._call("GET", ".har");
  }

  /** A shell script that sends the request again. */
  curl(id) {
    return this._call("GET", `/${encodeURIComponent(id)}.sh`);
  }
}

class Clock extends Resource {
  /** The sandbox's time. */
  async now() {
    return new Date((await this._call("GET")).now);
  }

  /** `running` or `frozen`. */
  async mode() {
    return (await this._call("GET")).mode;
  }

  /** Stop at an instant, which may be an earlier one; by default at the current time. */
  async freeze(instant) {
    const at = instant ?? (await this._call("GET")).now;
    return this._change({ freeze: at instanceof Date ? at.toISOString() : at });
  }

  /** Advance by `24h`, `10m`, `1d12h` or `PT24H`. Resolves to what happened, when all of it has. */
  advance(span) {
    return this._change({ advance: span });
  }

  /** Run at the speed of the machine's clock, from the current time on. */
  run() {
    return this._change({ run: true });
  }

  /** Advance until no event is left, the expiry of invitations included. */
  untilIdle() {
    return this._change({ until_idle: true });
  }

  async _change(change) {
    return (await this._call("POST", "", change, { within: null })).events;
  }
}

class Faults extends Resource {
  /** The injected faults, with how often each was triggered (`met`). */
  list() {
    return this._call("GET");
  }

  /** Replace all faults. */
  set(faults) {
    return this._call("PUT", "", faults);
  }

  /** Add one to the others, whose counters start again. */
  async add(kind, members = {}) {
    const others = (await this.list()).map(({ met, ...fault }) => fault);
    return this.set([...others, { do: kind, ...members }]);
  }

  /** Remove all faults. */
  clear() {
    return this._call("DELETE");
  }
}

/** A saved state. */
class Snapshot extends Resource {
  constructor(connection, path, id) {
    super(connection, `${path}/snapshots/${id}`);
    this.id = id;
  }

  restore() {
    return this._call("POST", "/restore");
  }

  delete() {
    return this._call("DELETE");
  }
}

/** A sandbox of its own, deleted by `close()`, by `await using`, or with the test whose context opened it. */
class Simulator extends Resource {
  constructor(connection, listener, opened, unreached) {
    super(connection, `${SANDBOXES}/${opened.name}`);
    const { pymetrics, predictive_index } = opened.credentials;
    this._listener = listener;
    this._unreached = unreached;
    this._forks = [];
    this._isOpen = true;
    this.url = connection.url;
    this.name = opened.name;
    this.pymetrics = {
      url: this.url,
      clientId: pymetrics.client_id,
      clientSecret: pymetrics.client_secret,
      apiKey: pymetrics.api_key,
      /** The headers of a request, with a new bearer token, valid for an hour of the sandbox's clock. */
      async headers() {
        const { client_id, client_secret, api_key } = pymetrics;
        const keys = { client_id, client_secret, grant_type: "client_credentials" };
        const { access_token } = await connection.call("POST", "/mercury/oauth/token", keys);
        return { Authorization: `Bearer ${access_token}`, "X-Api-Key": api_key };
      },
    };
    this.predictiveIndex = {
      url: `${this.url}/api/v1`,
      apiKey: predictive_index.api_key,
      headers: () => ({ "api-key": predictive_index.api_key }),
    };
    this.clock = new Clock(connection, `${this._path}/clock`);
    this.invitations = new Invitations(connection, `${this._path}/invitations`);
    this.deliveries = new Deliveries(connection, `${this._path}/deliveries`);
    this.mail = new List(connection, `${this._path}/mail`);
    this.faults = new Faults(connection, `${this._path}/faults`);
    this.journal = new Journal(connection, `${this._path}/journal`);
    this._webhooks = listener.webhooks(this.name, () => this._tried());
  }

  /** The webhooks that were received; throws if the server does not reach the listener. */
  get webhooks() {
    if (this._unreached) throw new SimulatorError(this._unreached);
    return this._webhooks;
  }

  /** Apply an action to an invitation, as the candidate or the passing of time would. */
  act(id, action, body) {
    return this._call("POST", `/invitations/${encodeURIComponent(id)}/${action}`, body);
  }

  /** PI: the candidate opens the link. */
  open(id) {
    return this.act(id, "open");
  }

  /** pymetrics: the candidate accepts. */
  accept(id) {
    return this.act(id, "accept");
  }

  /** pymetrics: the order is rejected. */
  reject(id) {
    return this.act(id, "reject");
  }

  /** The candidate starts. */
  start(id) {
    return this.act(id, "start");
  }

  /** The candidate finishes, and starts before if necessary; `results` or `scores` set the outcome. */
  complete(id, body) {
    return this.act(id, "complete", body);
  }

  /** The invitation expires. */
  expire(id) {
    return this.act(id, "expire");
  }

  /** PI: the candidate gives up. */
  abort(id) {
    return this.act(id, "abort");
  }

  /** The settings, after these changes if there are any. */
  config(changes) {
    return changes ? this._call("PATCH", "/config", changes) : this._call("GET", "/config");
  }

  /** Which rules this sandbox's requests have passed and violated, and how often. */
  coverage() {
    return this._call("GET", "/coverage");
  }

  /** Wait for a `request`, a `webhook` or an `invitation` with these members. */
  waitFor(thing, { within = 5 } = {}) {
    return this._call("POST", "/await", { ...thing, within: `PT${within.toFixed(3)}S` }, { within: within + 30 });
  }

  /** Save the current state, for `restore()`. */
  async snapshot() {
    return new Snapshot(this._connection, this._path, (await this._call("POST", "/snapshots")).id);
  }

  /** Open a copy of this sandbox, with its own list of webhooks; it is closed with this one. */
  async fork(name) {
    const opened = await this._call("POST", "/fork", name === undefined ? {} : { name });
    const fork = new Simulator(this._connection, this._listener, opened, this._unreached);
    this._forks.push(fork);
    const config = await fork.config();
    const own = WEBHOOK_SETTINGS.filter((setting) => config[setting] === this._webhooks.url);
    if (own.length) await fork.config(Object.fromEntries(own.map((setting) => [setting, fork._webhooks.url])));
    return fork;
  }

  /** Return to the first state; nothing that began before continues, and the list of webhooks is empty. */
  async reset() {
    await this._call("POST", "/reset");
    this._webhooks.clear();
  }

  /** Delete the sandbox and its forks; a second call does nothing. */
  async close() {
    if (!this._isOpen) return;
    this._isOpen = false;
    for (const fork of this._forks) await fork.close();
    this._listener.forget(this.name);
    try {
      await this._call("DELETE");
    } catch (problem) {
      if (problem.status !== 404) throw problem; // it was deleted before
    }
  }

  async _tried() {
    const deliveries = await this.deliveries.list().catch(() => []);
    return deliveries.slice(-5).map(({ id, url, state, attempts }) => {
      const tries = attempts.map((one) => one.status ?? one.error).join(", ") || "none yet";
      return `tried: ${id} to ${url}: ${state}; attempts: ${tries}`;
    });
  }
}

if (Symbol.asyncDispose) {
  Simulator.prototype[Symbol.asyncDispose] = Simulator.prototype.close;
}

exports.simulator = simulator;
exports.Simulator = Simulator;
exports.SimulatorError = SimulatorError;
exports.NotCaught = NotCaught;
