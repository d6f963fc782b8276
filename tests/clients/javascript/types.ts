// Compiled only: what a test in TypeScript writes, and what the compiler must refuse.
import { test } from "node:test";
import { NotCaught, simulator, Simulator, SimulatorError, type Webhook } from "assessment-simulator";

test("types", async (t) => {
  const sandbox: Simulator = await simulator(t, { seed: 1, config: { progress: "10s" } });
  const other = await simulator({ name: "other" });
  const inVitest = await simulator({ onTestFinished: (close: () => Promise<void>) => void close });
  const id: string = (await sandbox.invitations.list())[0]!.id;
  await sandbox.complete(id, { scores: {} });
  const all: Webhook[] = await sandbox.webhooks.waitFor(2, { within: 1 });
  const one: Webhook = await sandbox.webhooks.waitFor({ assessmentState: "40" });
  sandbox.webhooks.answerWith(500, 200, { delay: 1 });
  const name: string = all[0]!.form.assessmentId! + one.headers["content-type"];
  const now: Date = await sandbox.clock.now();
  const headers: Record<string, string> = await sandbox.pymetrics.headers();
  const problem: number | null = new SimulatorError("x").status;
  // @ts-expect-error an advance has a unit
  await sandbox.clock.advance(24);
  // @ts-expect-error there is no such member
  sandbox.predictive_index;
  // @ts-expect-error a seed is a number or a text
  await simulator({ seed: {} });
  void [other, inVitest, name, now, headers, problem, NotCaught];
});
