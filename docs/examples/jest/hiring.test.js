// Jest: open a sandbox before each test, and close it afterwards.
const { simulator } = require("assessment-simulator");

const ADA = { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" };
let sandbox;

beforeEach(async () => {
  sandbox = await simulator();
}, 120_000); // the first one may have to start the server

afterEach(() => sandbox.close());

async function invite({ url, headers }) {
  const response = await fetch(`${url}/behavioralassessments`, {
    method: "POST", headers: { ...headers(), "content-type": "application/json" }, body: JSON.stringify(ADA),
  });
  return (await response.json()).assessmentId;
}

test("a completed assessment sends a webhook", async () => {
  const id = await invite(sandbox.predictiveIndex);
  await sandbox.complete(id);
  const webhook = await sandbox.webhooks.waitFor({ assessmentState: "40" });
  expect(webhook.form.assessmentId).toBe(id);
});

test("the vendor's failure reaches the caller", async () => {
  await sandbox.faults.add("status", { status: 503, times: 1 });
  const { url, headers } = sandbox.predictiveIndex;
  const response = await fetch(`${url}/behavioralassessments`, { headers: headers() });
  expect(response.status).toBe(503);
});
