// A client of The Predictive Index for Node 18 or newer, as an adapter that speaks JSON lines, with four bugs planted:
// look for `BUG`.

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const FEATURES = [
  "predictive_index.assessments", "predictive_index.changes", "predictive_index.patience", "predictive_index.webhooks",
];
const PATH = "/api/v1/behavioralassessments";

class ClientError extends Error {
  constructor(kind, message, status = null, wait = 0.1) {
    super(message);
    Object.assign(this, { kind, status, wait });
  }
}

class Client {
  constructor({ base_url, api_key }) {
    Object.assign(this, { base: base_url, key: api_key, states: new Map() });
  }

  async create_assessment({ assessment }) {
    return shown(await this.send("POST", "", assessment));
  }

  async get_assessment({ id }) {
    return shown(await this.patiently(() => this.send("GET", `/${encodeURIComponent(id)}`)));
  }

  async change_assessment({ id, changes }) {
    // BUG predictive_index.only_what_was_asked_is_changed: names that were read a while ago are sent back
    const { firstName, lastName } = await this.get_assessment({ id });
    return shown(await this.send("PATCH", `/${encodeURIComponent(id)}`, { firstName, lastName, ...changes }));
  }

  async receive({ request }) {
    const id = new URLSearchParams(request.body).get("assessmentId");
    if (!id) return 500; // BUG predictive_index.nonsense_is_not_asked_for_again
    try {
      this.states.set(id, (await this.get_assessment({ id })).assessmentState);
      return 200;
    } catch (problem) {
      return problem.kind === "refused" ? 400 : 503;
    }
  }

  state_of({ id }) {
    return this.states.get(id) ?? null;
  }

  async patiently(ask) {
    for (let left = 2; ; left -= 1) {
      try {
        return await ask();
      } catch (problem) {
        if (problem.kind !== "unavailable" || left === 0 || problem.wait > 5) throw problem;
        await sleep(problem.wait * 1000);
      }
    }
  }

  async send(method, rest, body) {
    const headers = { "api-key": this.key, "content-type": "application/json" };
    let answer, text;
    try {
      // BUG predictive_index.slow_answer_ends_in_an_error: without a signal, fetch waits for minutes
      answer = await fetch(this.base + PATH + rest, { method, headers, body: JSON.stringify(body) });
      text = await answer.text();
    } catch (problem) {
      throw new ClientError("unavailable", problem.message);
    }
    if (!answer.ok) {
      const kind = answer.status === 429 || answer.status >= 500 ? "unavailable" : "refused";
      throw new ClientError(kind, text, answer.status, Number(answer.headers.get("retry-after") ?? 0.1));
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new ClientError("unreadable", text.slice(0, 200));
    }
  }
}

function shown(assessment) {
  if (!assessment?.assessmentId) throw new ClientError("unreadable", JSON.stringify(assessment));
  const cut = (instant) => instant && new Date(instant).toISOString(); // BUG predictive_index.seven_decimals_survive: milliseconds
  const { assessmentDateTime, expirationDateTime } = assessment;
  return { ...assessment, assessmentDateTime: cut(assessmentDateTime), expirationDateTime: cut(expirationDateTime) };
}

let client = null;
const methods = {
  hello: () => ({ features: FEATURES }),
  open: (params) => { client = new Client(params); return null; },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  let answer;
  try {
    answer = { id, result: (await (methods[method] ?? ((given) => client[method](given)))(params)) ?? null };
  } catch (problem) {
    answer = { id, error: { kind: problem.kind ?? "crash", message: problem.message, status: problem.status ?? null } };
  }
  console.log(JSON.stringify(answer));
}
