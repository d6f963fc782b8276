// Vitest: a fixture, as pytest has it. Tests import `test` from this file.
import { test as base } from "vitest";
import { simulator } from "assessment-simulator";

export const test = base.extend({
  simulator: async ({}, use) => {
    const sandbox = await simulator();
    await use(sandbox);
    await sandbox.close();
  },
});
