// Every member of a sandbox, on the server that the runner's files share.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { test } from "node:test";
import { NotCaught, simulator, SimulatorError } from "assessment-simulator";

const ADA = { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" };

async function invite({ url, headers }, person = ADA) {
  const sent = { ...headers(), "content-type": "application/json" };
  const response = await fetch(`${url}/behavioralassessments`, { method: "POST", headers: sent, body: JSON.stringify(person) });
  return (await response.json()).assessmentId;
}

test("each test has a sandbox named after it, deleted at its end", async (t) => {
  let earlier;
  await t.test("first", async (inner) => {
    earlier = await simulator(inner);
    assert.match(earlier.name, /^first-[0-9a-f]{12}$/);
    await invite(earlier.predictiveIndex);
  });
  const sandbox = await simulator(t, { seed: 7, config: { positions: ["Pilot"] } });
  appendFileSync(process.env.SEEN, `${sandbox.url}\n`);
  assert.deepEqual((await sandbox.config()).positions, ["Pilot"]);
  assert.deepEqual(await sandbox.invitations.list(), []);
  const names = (await (await fetch(`${sandbox.url}/_simulator/sandboxes`)).json()).map((one) => one.name);
  assert.deepEqual([names.includes(sandbox.name), names.includes(earlier.name)], [true, false]);
});

test("clock, outcomes, lists and timeline", async (t) => {
  const sandbox = await simulator(t);
  await sandbox.clock.freeze(new Date("2026-01-01T00:00:00Z"));
  assert.equal((await sandbox.clock.now()).toISOString(), "2026-01-01T00:00:00.000Z");
  assert.equal(await sandbox.clock.mode(), "frozen");
  const id = await invite(sandbox.predictiveIndex, { ...ADA, notifyAssessmentAvailableUsingEmail: 1 });
  await sandbox.complete(id, { scores: { selfSigmaScore: { aSigma: 1.5 } } });
  assert.equal((await sandbox.invitations.one(id)).status, 40);
  assert.ok((await sandbox.invitations.timeline(id)).some((one) => one.what === "move"));
  assert.equal((await sandbox.mail.list()).length, 1);
  await sandbox.clock.advance("1d12h");
  assert.equal((await sandbox.clock.now()).toISOString(), "2026-01-02T12:00:00.000Z");
  await sandbox.clock.untilIdle();
  await sandbox.clock.run();
  assert.equal(await sandbox.clock.mode(), "running");
  assert.ok((await sandbox.coverage()).kept > 0);
  await assert.rejects(sandbox.complete(id), (problem) => problem instanceof SimulatorError && problem.status === 409);
});

test("webhooks of both vendors, retries, replays and a wait that fails", async (t) => {
  const sandbox = await simulator(t);
  sandbox.webhooks.answerWith(500, 200);
  const id = await invite(sandbox.predictiveIndex);
  await sandbox.complete(id);
  const [first] = await sandbox.webhooks.waitFor(1, { within: 60 });
  assert.equal(first.form.assessmentId, id);
  await sandbox.clock.advance("24h");
  const [delivery] = await sandbox.deliveries.list();
  assert.deepEqual(delivery.attempts.map((one) => one.status), [500, 200]);
  await sandbox.deliveries.replay(delivery.id);
  await sandbox.webhooks.waitFor(3, { within: 60 });
  assert.deepEqual(sandbox.webhooks.map((one) => one.form.assessmentState), ["40", "40", "40"]);
  sandbox.webhooks.clear();
  await assert.rejects(
    sandbox.webhooks.waitFor({ assessmentState: "50" }, { within: 0.01 }),
    (problem) => problem instanceof NotCaught && /tried: .* delivered; attempts: 500, 200/.test(problem.message),
  );
  assert.throws(() => sandbox.webhooks.answerWith(99), RangeError);
});

test("pymetrics, faults and journal", async (t) => {
  const sandbox = await simulator(t);
  const headers = { ...(await sandbox.pymetrics.headers()), "content-type": "application/json" };
  const { assessments } = await sandbox.config();
  const order = { candidate: { email: "ada@example.com" }, assessment_id: assessments[0].id, application_id: "a-1" };
  const send = () => fetch(`${sandbox.pymetrics.url}/mercury/order`, { method: "POST", headers, body: JSON.stringify(order) });
  await sandbox.faults.add("status", { status: 503, times: 1 });
  await sandbox.faults.add("drop", { operation: "create_order", when: "after_commit", times: 1 });
  assert.equal((await send()).status, 503);
  await assert.rejects(send());
  const made = await (await send()).json();
  assert.equal(made.created, false);
  assert.deepEqual((await sandbox.faults.list()).map((one) => one.met), [1, 1]);
  await sandbox.faults.clear();
  await sandbox.accept(made.order.id);
  await sandbox.complete(made.order.id);
  assert.equal((await sandbox.webhooks.waitFor((one) => one.json !== null, { within: 60 })).method, "POST");
  const [call] = await sandbox.journal.find({ status: 503 });
  assert.equal((await sandbox.journal.one(call.id)).request.body.application_id, "a-1");
  assert.match(await sandbox.journal.curl(call.id), /^#!/);
  assert.ok((await sandbox.journal.har()).log.entries.length >= 3);
  assert.equal((await sandbox.waitFor({ request: { status: 503 } })).id, call.id);
  await assert.rejects(sandbox.waitFor({ request: { status: 418 } }, { within: 0.01 }), /nearest: call-\d+: status is/);
});

test("snapshot, fork and reset", async (t) => {
  const sandbox = await simulator(t);
  const start = await sandbox.snapshot();
  await invite(sandbox.predictiveIndex);
  const fork = await sandbox.fork();
  await start.restore();
  await start.delete();
  assert.deepEqual([(await sandbox.invitations.list()).length, (await fork.invitations.list()).length], [0, 1]);
  await fork.complete((await fork.invitations.list())[0].id);
  await fork.webhooks.waitFor(1, { within: 60 });
  await fork.reset();
  assert.equal(fork.webhooks.length, 0);
  await sandbox[Symbol.asyncDispose]();
  await sandbox.close();
});
