import assert from "node:assert/strict";
import { invariants, runAudit } from "../../server/src/operations/index.ts";
import type { TestPlatform } from "./platform.ts";

/** Asserts that every room's invariants hold, as `npm run audit` does, and that nothing ever deadlocked. */
export async function assertInvariants(platform: Pick<TestPlatform, "app">): Promise<void> {
  const { cell } = platform.app;
  const results = await runAudit(cell.db, invariants);
  const violated = results.filter((result) => result.violations.length > 0);
  const found = violated.flatMap(({ name, violations }) =>
    violations.map(({ subject, detail }) => `${name}: ${subject} ${detail}`),
  );
  assert.deepEqual(found, []);
  assert.equal(cell.counters.deadlocks, 0);
}
