import { expect } from "vitest";
import { test } from "./simulator.js";

const ADA = { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" };

async function invite({ url, headers }) {
  const response = await fetch(`${url}/behavioralassessments`, {
    method: "POST", headers: { ...headers(), "content-type": "application/json" }, body: JSON.stringify(ADA),
  });
  return (await response.json()).assessmentId;
}

test("a completed assessment sends a webhook", async ({ simulator }) => {
  const id = await invite(simulator.predictiveIndex);
  await simulator.complete(id);
  const webhook = await simulator.webhooks.waitFor({ assessmentState: "40" });
  expect(webhook.form.assessmentId).toBe(id);
});

test("an invitation expires after ten days", async ({ simulator }) => {
  await simulator.clock.freeze("2026-01-01T00:00:00Z");
  const id = await invite(simulator.predictiveIndex);
  const happened = await simulator.clock.advance("11d");
  expect(happened.map((event) => event.what)).toEqual(["expire"]);
  expect((await simulator.invitations.one(id)).status).toBe(50);
});
