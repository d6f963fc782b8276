// Playwright Test: the fixture opens a sandbox, and the browser takes the candidate's part.
const { test: base, expect } = require("@playwright/test");
const { simulator } = require("assessment-simulator");

const test = base.extend({
  simulator: async ({}, use) => {
    const sandbox = await simulator();
    await use(sandbox);
    await sandbox.close();
  },
});

test("a candidate finishes in the browser", async ({ simulator, page, request }) => {
  const { url, headers } = simulator.predictiveIndex;
  const person = { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" };
  const made = await (await request.post(`${url}/behavioralassessments`, { headers: headers(), data: person })).json();
  await page.goto(made.assessmentUrl);
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("button", { name: "Finish" }).click();
  const webhook = await simulator.webhooks.waitFor({ assessmentState: "40" });
  expect(webhook.form.assessmentId).toBe(made.assessmentId);
});
