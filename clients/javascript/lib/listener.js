"use strict";
// Receives webhooks: one listener for all sandboxes of this process, each at the listener's URL with its name.

const http = require("node:http");
const { SimulatorError, shown } = require("./connection.js");

/** The expected webhooks did not arrive in time; the message shows what arrived, and what the server tried to send. */
class NotCaught extends Error {
  constructor(message) {
    super(message);
    this.name = "NotCaught";
  }
}

/** One webhook as it was received: `path` follows the sandbox's own address, `headers` have lower-case names. */
class Webhook {
  constructor(method, path, headers, body) {
    Object.assign(this, { method, path, headers, body, at: new Date() });
  }

  /** The body as a form, as The Predictive Index sends it. */
  get form() {
    return Object.fromEntries(new URLSearchParams(this.body.toString()));
  }

  /** The body as JSON, as the extension for pymetrics sends it. */
  get json() {
    return JSON.parse(this.body.toString());
  }

  /** The JSON or the form, according to the content type; null if it cannot be read. */
  get data() {
    try {
      return /json/.test(this.headers["content-type"] ?? "") ? this.json : this.form;
    } catch {
      return null;
    }
  }

  toString() {
    return `${this.method} ${this.path || "/"} ${this.body.toString().slice(0, 300)}`;
  }
}

/** The webhooks that one sandbox's address has received, oldest first. */
class Webhooks extends Array {
  // What `map` and `filter` return is a plain array.
  static get [Symbol.species]() {
    return Array;
  }

  constructor(url, tried) {
    super();
    const hidden = { url, _tried: tried, _statuses: [200], _delay: 0, _waiting: new Set() };
    for (const [name, value] of Object.entries(hidden)) {
      // Not enumerable: assertions compare the webhooks only.
      Object.defineProperty(this, name, { value, writable: true });
    }
  }

  /** Respond to the next webhooks with these statuses, and to all later ones with the last. */
  answerWith(...statuses) {
    const options = typeof statuses.at(-1) === "object" ? statuses.pop() : {};
    if (!statuses.length) throw new RangeError("give at least one status, such as answerWith(500, 200)");
    for (const status of statuses) {
      if (!Number.isInteger(status) || status < 200 || status > 599) {
        throw new RangeError(`${shown(status)} is no final HTTP status, 200 to 599, such as answerWith(500, 200)`);
      }
    }
    this._statuses = statuses;
    this._delay = options.delay ?? 0;
  }

  /** Wait for a number of webhooks, or for one with these members, or for which the function is true. */
  async waitFor(wanted = 1, { within = 5 } = {}) {
    const isCount = typeof wanted === "number";
    const fits = typeof wanted === "function" ? wanted : (one) => !differences(wanted, one.data).length;
    const look = () => (isCount ? this.length >= wanted && [...this] : this.find(fits));
    const found = look() || (await new Promise((resolve) => {
      const finish = (value) => {
        clearTimeout(timer);
        this._waiting.delete(check);
        resolve(value);
      };
      const check = () => {
        const seen = look();
        if (seen) finish(seen);
      };
      const timer = setTimeout(finish, within * 1000, null);
      this._waiting.add(check);
    }));
    if (found) return found;
    const what = isCount ? `${wanted} webhooks` : typeof wanted === "function" ? "a webhook that the function wants" : `a webhook with ${shown(wanted)}`;
    const lines = [`waited ${within} s for ${what}; ${this.length} came`];
    const members = typeof wanted === "object" ? wanted : {};
    const nearest = [...this].map((one) => [differences(members, one.data), one]).sort(([a], [b]) => a.length - b.length);
    for (const [differs, one] of nearest.slice(0, 3)) lines.push(`caught: ${one}`, ...differs.map((text) => `  ${text}`));
    throw new NotCaught([...lines, ...(await this._tried())].join("\n"));
  }

  /** Delete what was received. */
  clear() {
    this.length = 0;
  }

  /** Add a webhook. Resolves to the status to respond with. */
  async take(webhook) {
    this.push(webhook);
    const status = this._statuses.length > 1 ? this._statuses.shift() : this._statuses[0];
    for (const check of [...this._waiting]) check();
    if (this._delay) await new Promise((resolve) => setTimeout(resolve, this._delay * 1000));
    return status;
  }
}

class Listener {
  constructor() {
    this._webhooks = new Map();
    // By server: why it does not reach this listener, null if it does.
    this._unreached = new Map();
    this._server = http.createServer((request, response) => this._receive(request, response));
    // Tests decide when the process ends.
    this._server.unref();
  }

  /** Listen at SIMULATOR_LISTENER_HOST, by default on a free port of the loopback. */
  async open() {
    const { SIMULATOR_LISTENER_HOST: given, SIMULATOR_LISTENER_URL: base } = process.env;
    const [host, port] = bindAddress(given || "127.0.0.1");
    await new Promise((resolve, reject) => {
      this._server.once("error", (problem) => reject(new SimulatorError(`no listener for webhooks on ${given || host}: ${problem.message}`)));
      this._server.listen(port, host, resolve);
    });
    const bound = this._server.address().port;
    const near = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }[host] ?? (host.includes(":") ? `[${host}]` : host);
    this.url = base ? advertised(base, bound) : `http://${near}:${bound}`;
    return this;
  }

  webhooks(name, tried) {
    const opened = new Webhooks(`${this.url}/${name}`, tried);
    this._webhooks.set(name, opened);
    return opened;
  }

  forget(name) {
    this._webhooks.delete(name);
  }

  close() {
    this._server.close();
  }

  /** Why a server does not reach this listener; null if it does. Found out once for each server, by a test webhook. */
  async unreached(connection, path) {
    const server = connection.url;
    if (!this._unreached.has(server)) this._unreached.set(server, this._probe(connection, path));
    return this._unreached.get(server);
  }

  async _probe(connection, path) {
    const name = `test-${Math.random().toString(36).slice(2)}`;
    const received = this.webhooks(name, () => []);
    let why;
    try {
      const tried = await connection.call("POST", `${path}/webhook-test`, { url: received.url }, { within: 5 });
      why = tried.error ?? `another program answers there, with ${tried.status}`;
    } catch (problem) {
      why = problem.status === null ? "nothing arrived within 5 s" : problem.message;
    }
    this.forget(name);
    return received.length
      ? null
      : `the server at ${connection.url} cannot reach this machine's listener for webhooks at ${this.url}: ${why}. ` +
          "Set SIMULATOR_LISTENER_URL to the listener's address as that server sees it, such as " +
          "http://host.docker.internal, and SIMULATOR_LISTENER_HOST=0.0.0.0 so that the listener takes connections from there";
  }

  _receive(request, response) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      const [, name, path] = /^\/([^/?]*)(.*)$/s.exec(request.url) ?? [null, "", ""];
      const webhook = new Webhook(request.method, path, request.headers, Buffer.concat(parts));
      const status = (await this._webhooks.get(name)?.take(webhook)) ?? 404;
      response.writeHead(status, { "content-length": 0, connection: "close" }).end();
    });
  }
}

/** Host and port of HOST or HOST:PORT, an IPv6 address in brackets or bare; port 0 takes a free one. */
function bindAddress(text) {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^\s[\]:/]+))(?::(\d{1,5}))?$/i.exec(text);
  if (found) return [found[1] ?? found[2], Number(found[3] ?? 0)];
  if (/^[0-9a-f.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return [text, 0];
  throw new RangeError(`SIMULATOR_LISTENER_HOST is ${shown(text)}; give an address of this machine, such as 0.0.0.0 or 0.0.0.0:9000`);
}

/** A given base URL of a listener on `port`; http without a port gets that port. */
function advertised(text, port) {
  const url = URL.canParse?.(text) === false ? null : new URL(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(`SIMULATOR_LISTENER_URL is ${shown(text)}; give a base address, such as http://host.docker.internal`);
  }
  if (url.protocol === "http:" && !/:\d+\/?$/.test(text)) url.port = String(port);
  return url.href.replace(/\/+$/, "");
}

/** Why `found` does not contain `wanted`: objects are compared member by member, all else for equality. */
function differences(wanted, found, where = "") {
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (isObject(wanted) && isObject(found)) {
    return Object.entries(wanted).flatMap(([name, value]) => differences(value, found[name], where ? `${where}.${name}` : name));
  }
  return shown(wanted) === shown(found) ? [] : [`${where || "the body"} is ${shown(found)} and not ${shown(wanted)}`];
}

module.exports = { Listener, NotCaught };
