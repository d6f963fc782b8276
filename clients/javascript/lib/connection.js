"use strict";
// Calls a running server's control API: responses as JSON values, errors as `SimulatorError`.
//
// It uses node:http, not fetch: test suites replace fetch, jsdom has none, and an advance of the clock may take longer
// than fetch waits.

const http = require("node:http");
const https = require("node:https");

/** A call that failed. `status` is null if no response came; `problem` is the server's problem document. */
class SimulatorError extends Error {
  constructor(message, status = null, problem = {}) {
    super(message);
    this.name = "SimulatorError";
    this.status = status;
    this.problem = problem;
    this.detail = problem.detail ?? message;
  }
}

class Connection {
  constructor(url, controlToken) {
    this.url = url.replace(/\/+$/, "");
    this._http = this.url.startsWith("https:") ? https : http;
    // Idle connections end sooner here than at the server, so that no request meets one that is just being closed.
    this._agent = new this._http.Agent({ keepAlive: true, timeout: 2000 });
    this._control = controlToken ? { authorization: `Bearer ${controlToken}` } : {};
  }

  /** The response's JSON, or its text; rejects with `SimulatorError` unless the status is 2xx. */
  async call(method, path, body, { within = 30 } = {}) {
    const place = `${method} ${this.url}${path}`;
    let status, type, text;
    try {
      [status, type, text] = await this._send(method, path, body, within);
    } catch (problem) {
      throw new SimulatorError(`${place}: ${problem.message || problem.code}`);
    }
    const isJson = /^application\/([\w.-]+\+)?json\b/.test(type);
    let value = text || null;
    try {
      if (value !== null && isJson) value = JSON.parse(text);
    } catch {
      throw new SimulatorError(`${place}: ${status}: no simulator sent this response`, status);
    }
    if (status >= 200 && status < 300) return value;
    const problem = isJson && value && typeof value === "object" ? value : {};
    const lines = [problem.detail ?? "no simulator sent this response"];
    for (const near of problem.nearest ?? []) {
      const differences = (near.differs ?? []).map((one) => `${one.member} is ${shown(one.found)} and not ${shown(one.wanted)}`);
      lines.push(`  nearest: ${near.id ?? "something"}: ${differences.join("; ")}`);
    }
    throw new SimulatorError(`${place}: ${status}: ${lines.join("\n")}`, status, problem);
  }

  _send(method, path, body, within) {
    const content = body === undefined ? null : Buffer.from(JSON.stringify(body));
    const headers = path.startsWith("/_simulator") ? { ...this._control } : {};
    if (content) Object.assign(headers, { "content-type": "application/json", "content-length": content.length });
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this._agent };
      if (within !== null) options.signal = AbortSignal.timeout(within * 1000);
      const request = this._http.request(this.url + path, options, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => resolve([response.statusCode, response.headers["content-type"] ?? "", String(Buffer.concat(parts))]));
      });
      request.on("error", reject);
      request.end(content ?? undefined);
    });
  }

  close() {
    this._agent.destroy();
  }
}

/** A value as a message shows it. */
function shown(value) {
  return JSON.stringify(value) ?? String(value);
}

module.exports = { Connection, SimulatorError, shown };
