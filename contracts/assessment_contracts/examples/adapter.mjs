// A well-behaved client in JavaScript, for Node 18 or newer, without packages; it speaks JSON lines:
//
//     assessment-simulator check client --command "node contracts/assessment_contracts/examples/adapter.mjs"
//
// Standard output is for answers alone: what a person should read goes to console.error.

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const FEATURES = [
  "pymetrics.orders", "pymetrics.assessments", "pymetrics.search", "pymetrics.renewal", "pymetrics.patience",
  "predictive_index.assessments", "predictive_index.changes", "predictive_index.patience",
  "predictive_index.webhooks",
];
const TRIES = 4;
const PATIENCE = 2500; // milliseconds for one call, with all its waiting
const LATER = new Set([429, 500, 502, 503, 504]);

class ClientError extends Error {
  constructor(kind, message, status = null, wait = null) {
    super(message);
    Object.assign(this, { kind, status, wait });
  }
}

class Client {
  constructor({ base_url, client_id, client_secret, api_key, timeout }) {
    Object.assign(this, { base: base_url, key: api_key, timeout: timeout * 1000, token: null, states: new Map() });
    this.credentials = { client_id, client_secret, grant_type: "client_credentials" };
  }

  // pymetrics: every call may be sent twice

  async assessments() {
    return (await this.mercury("GET", "/mercury/configuration", undefined, (told) => Array.isArray(told.assessments)))
      .assessments;
  }

  async create_order({ order }) {
    const told = await this.mercury("POST", "/mercury/order", order, (told) => isOrder(told.order));
    return { order: told.order, created: told.created };
  }

  get_order({ id, report }) {
    const query = report ? "?report=true" : "";
    return this.mercury("GET", `/mercury/getOrder/${encodeURIComponent(id)}${query}`, undefined, isOrder);
  }

  async list_orders({ application_id, candidate_id }) {
    const filters = {};
    if (application_id !== null) filters.job_application_id = application_id;
    if (candidate_id !== null) filters.candidate_id = candidate_id;
    return (await this.mercury("POST", "/mercury/orders", filters, (told) => Array.isArray(told.orders))).orders;
  }

  async mercury(method, path, body, check) {
    for (let renewed = false; ; renewed = true) {
      this.token ??= await this.newToken();
      const headers = { authorization: `Bearer ${this.token}`, "x-api-key": this.key };
      try {
        return await this.patiently(() => this.ask(method, path, body, headers, check));
      } catch (problem) {
        if (problem.status !== 401 || renewed) throw problem;
        this.token = null;
      }
    }
  }

  async newToken() {
    const check = (told) => typeof told.access_token === "string";
    const ask = () => this.ask("POST", "/mercury/oauth/token", this.credentials, {}, check);
    return (await this.patiently(ask)).access_token;
  }

  // The Predictive Index: a second POST would make a second assessment, so it is sent once

  create_assessment({ assessment }) {
    return this.pi("POST", "", assessment, 1);
  }

  get_assessment({ id }) {
    return this.pi("GET", `/${encodeURIComponent(id)}`);
  }

  change_assessment({ id, changes }) {
    return this.pi("PATCH", `/${encodeURIComponent(id)}`, changes);
  }

  pi(method, rest, body, tries = TRIES) {
    const check = (told) => typeof told.assessmentId === "string";
    const path = `/api/v1/behavioralassessments${rest}`;
    return this.patiently(() => this.ask(method, path, body, { "api-key": this.key }, check), tries);
  }

  // Webhooks: a hint; the state comes from the vendor

  async receive({ vendor, request }) {
    const id = new URLSearchParams(request.body).get("assessmentId");
    if (vendor !== "predictive_index" || !id) return 400;
    try {
      this.states.set(id, (await this.get_assessment({ id })).assessmentState);
    } catch (problem) {
      return problem.kind === "refused" ? 400 : 503;
    }
    return 200;
  }

  state_of({ id }) {
    return this.states.get(id) ?? null;
  }

  // The wire

  async patiently(ask, tries = TRIES) {
    const until = Date.now() + PATIENCE;
    for (let number = 1; ; number += 1) {
      try {
        return await ask();
      } catch (problem) {
        const pause = problem.wait ?? 25 * 2 ** number;
        if (problem.kind === "refused" || number === tries || Date.now() + pause > until) throw problem;
        await sleep(pause);
      }
    }
  }

  async ask(method, path, body, headers, check) {
    const init = { method, headers: { ...headers }, signal: AbortSignal.timeout(this.timeout) };
    if (body !== undefined) {
      init.headers["content-type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let answer, text;
    try {
      answer = await fetch(this.base + path, init);
      text = await answer.text();
    } catch (problem) {
      throw new ClientError("unavailable", `${problem.name}: ${problem.message}`);
    }
    const told = parsed(text);
    if (!answer.ok) {
      const later = LATER.has(answer.status) || told?.recoverable === true;
      const seconds = answer.headers.get("retry-after");
      const wait = /^\d+$/.test(seconds ?? "") ? Number(seconds) * 1000 : null;
      throw new ClientError(later ? "unavailable" : "refused", text.slice(0, 500), answer.status, wait);
    }
    if (told === null || typeof told !== "object" || !check(told)) {
      throw new ClientError("unreadable", `not what was promised: ${text.slice(0, 200)}`, answer.status);
    }
    return told;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isOrder(told) {
  return typeof told?.id === "string" && typeof told?.status === "string";
}

// The lines: one request in, one answer out, one after the other

let client = null;

async function answered(method, params) {
  if (method === "hello") return { features: FEATURES };
  if (method === "open") {
    client = new Client(params);
    return null;
  }
  return client[method](params);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  let answer;
  try {
    answer = { id, result: (await answered(method, params)) ?? null };
  } catch (problem) {
    if (!problem.kind) console.error(problem);
    answer = { id, error: { kind: problem.kind ?? "crash", message: problem.message, status: problem.status ?? null } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
