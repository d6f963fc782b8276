// node:test: the context of a test deletes its sandbox at the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulator } from "assessment-simulator";

const ADA = { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" };

async function invite({ url, headers }) {
  const response = await fetch(`${url}/behavioralassessments`, {
    method: "POST", headers: { ...headers(), "content-type": "application/json" }, body: JSON.stringify(ADA),
  });
  return (await response.json()).assessmentId;
}

test("a completed assessment sends a webhook", async (t) => {
  const sandbox = await simulator(t);
  const id = await invite(sandbox.predictiveIndex);
  await sandbox.complete(id);
  const webhook = await sandbox.webhooks.waitFor({ assessmentState: "40" });
  assert.equal(webhook.form.assessmentId, id);
});

test("a webhook is retried until it is accepted", async (t) => {
  const sandbox = await simulator(t);
  sandbox.webhooks.answerWith(500, 503, 200);
  await sandbox.complete(await invite(sandbox.predictiveIndex));
  await sandbox.clock.advance("24h");
  const [delivery] = await sandbox.deliveries.list();
  assert.deepEqual(delivery.attempts.map((attempt) => attempt.status), [500, 503, 200]);
});
