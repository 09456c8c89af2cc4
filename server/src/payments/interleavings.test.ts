import assert from "node:assert/strict";
import { test } from "node:test";
import { ATTEMPT, namesOf, PAYMENT, REFUND } from "./states.ts";
import { explore } from "./testing/interleavings/explore.ts";
import { NEAR } from "./testing/interleavings/worlds.ts";

/** The steps of the table, as the exploration names them; those that no decision takes yet apart. */
function table(): { reachable: string[]; unreached: string[] } {
  const reachable: string[] = [];
  const unreached: string[] = [];
  for (const machine of [PAYMENT, ATTEMPT, REFUND] as const) {
    for (const from of namesOf<string>(machine)) {
      const { to } = (machine.states as Record<string, { to: Record<string, unknown> }>)[from] ?? { to: {} };
      for (const [next, why] of Object.entries(to)) {
        (typeof why === "string" ? reachable : unreached).push(`${machine.table}: ${from} → ${next}`);
      }
    }
  }
  return { reachable, unreached };
}

test("in whatever order events come, no rule breaks, and exactly the table's steps are taken", (t) => {
  const taken = new Set<string>();
  for (const [world, depth] of NEAR) {
    const found = explore(world, depth);
    const far = `${found.byDepth.length - 1} events far${found.isWhole ? ", and there are no more" : ""}`;
    t.diagnostic(`${world.name}: ${found.states} states, ${found.steps} steps, ${far}`);
    for (const step of found.taken.keys()) if (!step.includes(": new →")) taken.add(step);
  }
  const { reachable, unreached } = table();
  assert.deepEqual([...taken].sort(), reachable.sort(), "the table's steps are those that are taken");
  assert.deepEqual(
    unreached.filter((step) => taken.has(step)),
    [],
  );
});

test("a step outside the table is refused, and a broken rule tells the shortest way to it", () => {
  const { reachable } = table();
  assert.ok(!reachable.some((step) => step.startsWith("payments: succeeded →")), "a success is for ever");
  const [world] = NEAR[0] as (typeof NEAR)[number];
  const paid = PAYMENT.states.processing.to as { succeeded?: unknown };
  const kept = paid.succeeded;
  delete paid.succeeded;
  try {
    assert.throws(
      () => explore(world, 3),
      /payments: no step leads from processing to succeeded, after order 1, pay: paid$/,
    );
  } finally {
    paid.succeeded = kept;
  }
});
