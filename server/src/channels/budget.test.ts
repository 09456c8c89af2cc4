import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { BUYER_WAIT_MS, type CallPriority, createCallBudget } from "./budget.ts";

/** Waiting is noted, not done. */
function clockAt(): Clock & { at: number; slept: number[] } {
  const clock = {
    ...systemClock,
    at: 0,
    slept: [] as number[],
    now: () => new Date(clock.at),
    sleep: async (ms: number) => {
      clock.slept.push(ms);
    },
  };
  return clock;
}

const account = { id: "cha", callsPerSecond: 10 };

async function takeMany(
  budget: ReturnType<typeof createCallBudget>,
  count: number,
  priority: CallPriority,
): Promise<number> {
  let taken = 0;
  for (let i = 0; i < count; i += 1) if (await budget.take(account, priority)) taken += 1;
  return taken;
}

describe("the call budget", () => {
  it("turns sweeps away first, then background work, and buyers last", async () => {
    const budget = createCallBudget({ clock: clockAt() });
    assert.equal(await takeMany(budget, 20, "sweep"), 5);
    assert.equal(await takeMany(budget, 20, "background"), 3);
    assert.equal(await budget.take(account, "buyer"), true);
  });

  it("lets a buyer wait for a turn, but never longer than the bound", async () => {
    const clock = clockAt();
    const budget = createCallBudget({ clock });
    const taken = await takeMany(budget, 100, "buyer");
    assert.equal(taken, 20);
    assert.deepEqual(clock.slept, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    assert.equal(Math.max(...clock.slept), BUYER_WAIT_MS);
  });

  it("gives waiting buyers what comes next: others get nothing until they have had their turn", async () => {
    const clock = clockAt();
    const budget = createCallBudget({ clock });
    await takeMany(budget, 15, "buyer");
    clock.at += 500;
    assert.equal(await budget.take(account, "background"), false);
    clock.at += 300;
    assert.equal(await budget.take(account, "background"), true);
  });

  it("an account of one call per second still serves every priority", async () => {
    const clock = clockAt();
    const budget = createCallBudget({ clock });
    const slow = { id: "slow", callsPerSecond: 1 };
    for (const priority of ["sweep", "background", "buyer"] as const) {
      assert.equal(await budget.take(slow, priority), true, priority);
      clock.at += 1_000;
    }
  });

  it("one account's rush costs another nothing", async () => {
    const budget = createCallBudget({ clock: clockAt() });
    await takeMany(budget, 100, "buyer");
    assert.equal(await budget.take({ id: "other", callsPerSecond: 10 }, "sweep"), true);
  });

  it("lets no more calls out in any stretch of time than a second's burst and the rate", async () => {
    const steps = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 400 }),
        priority: fc.constantFrom<CallPriority>("buyer", "background", "sweep"),
      }),
      { maxLength: 200 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (calls) => {
        const clock = clockAt();
        const budget = createCallBudget({ clock });
        const leftAt: number[] = [];
        for (const { gapMs, priority } of calls) {
          clock.at += gapMs;
          const sleptBefore = clock.slept.length;
          if (await budget.take(account, priority)) leftAt.push(clock.at + (clock.slept[sleptBefore] ?? 0));
        }
        for (const [first, start] of leftAt.entries()) {
          for (let last = first; last < leftAt.length; last += 1) {
            const seconds = ((leftAt[last] as number) - start) / 1_000;
            assert.ok(last - first + 1 <= 10 + seconds * 10 + 1);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
