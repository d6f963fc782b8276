// Node.js without packages: fetch calls a running server. `node fetch.mjs http://127.0.0.1:8787`
import assert from "node:assert/strict";

const base = process.argv[2] ?? "http://127.0.0.1:8787";
const sandbox = `${base}/_simulator/sandboxes/node-fetch`;

async function call(url, { method = "GET", headers = {}, body } = {}) {
  const response = await fetch(url, {
    method, headers: { "content-type": "application/json", ...headers }, body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) {
    // The header names the rule, and the hint says what to change.
    const why = response.headers.get("simulator-hint") ?? response.headers.get("simulator-rule");
    throw new Error(`${response.status} ${why}: ${await response.text()}`);
  }
  return response.status === 204 ? null : response.json();
}

const keys = { client_id: "sim-node-fetch", client_secret: "any", grant_type: "client_credentials" };
const { access_token } = await call(`${base}/mercury/oauth/token`, { method: "POST", body: keys });
const headers = { authorization: `Bearer ${access_token}`, "x-api-key": "sim-node-fetch" };

const { assessments } = await call(`${base}/mercury/configuration`, { headers });
const order = {
  candidate: { email: "ada@example.com", first_name: "Ada" },
  assessment_id: assessments[0].id, application_id: "application-1",
};
const { order: made } = await call(`${base}/mercury/order`, { method: "POST", headers, body: order });
await call(`${sandbox}/invitations/${made.id}/complete`, { method: "POST" });
const found = await call(`${base}/mercury/getOrder/${made.id}`, { headers });
assert.equal(found.status, "Fulfilled");
console.log(`score ${found.results[0].score}`);
