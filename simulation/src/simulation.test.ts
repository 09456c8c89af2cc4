import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createChance } from "./chance.ts";
import { type OwnedGround, prepareGround } from "./ground.ts";
import { createReach, neverReached } from "./report.ts";
import { runSeed, type SeedResult } from "./run.ts";
import { createScheduler } from "./scheduler.ts";

const SEEDS = [1, 2, 3, 7, 11, 28];
const PAYMENTS = 10;

let ground: OwnedGround;

before(async () => {
  ground = await prepareGround();
});

after(async () => {
  await ground.close();
});

async function world(seed: number, payments = PAYMENTS): Promise<SeedResult> {
  await ground.clear();
  return runSeed(ground, seed, { payments });
}

test("the same seed tells the same story, whatever ran before it", async () => {
  const first = await world(5, 4);
  const between = await world(6, 4);
  const second = await world(5, 4);
  assert.equal(second.traceHash, first.traceHash);
  assert.notEqual(between.traceHash, first.traceHash);
});

const reach = createReach();

for (const seed of SEEDS) {
  test(`nothing is lost, doubled or untold in the world of seed ${seed}`, async () => {
    const { violations, reached } = await world(seed);
    reach.add(reached);
    assert.deepEqual(
      violations,
      [],
      `replay: npm run simulate -- --seed ${seed} --payments ${PAYMENTS} --trace`,
    );
  });
}

test("the transactions that worlds break are known by what they are for", () => {
  // A statement under another name would be broken by chance alone, and the report would say so too late.
  const hot = ["creating a payment", "a decision of the door", "claiming attempts", "claiming payments"];
  const due = ["claiming refunds", "claiming deliveries", "writing deliveries' results"];
  const seen = reach.times.get("transactions") ?? new Map<string, number>();
  assert.deepEqual(
    [...hot, ...due].filter((name) => !seen.has(name)),
    [],
  );
});

test("what should be reached and is not is named; where any beginning will do, it is not missed", () => {
  const few = createReach();
  few.add(new Map([["decisions about orders", new Map([["query: paid", 2]])]]));
  const missing = neverReached(few).map(({ group, name }) => `${group}: ${name}`);
  assert.ok(missing.includes("faults of the sandbox: refund_returned"));
  assert.ok(missing.includes("decisions about orders: …: surplus"));
  assert.ok(!missing.includes("decisions about orders: …: paid"));
});

test("a pause that would find nothing is skipped, and no other moment is", async () => {
  const due = new Date("2026-03-06T04:10:00.200Z");
  const scheduler = createScheduler({
    chance: createChance(1),
    start: new Date("2026-03-06T04:00:00Z"),
    nextDue: async () => ({ any: due, of: new Map() }),
    stepsMax: 1_000,
  });
  const owner = { name: "poller", alive: true };
  const clock = scheduler.clockOf(owner);
  const looked: string[] = [];
  const poll = async () => {
    for (;;) {
      await clock.sleep(500, new AbortController().signal);
      looked.push(clock.now().toISOString());
    }
  };
  void poll();
  await scheduler.run(() => looked.length > 0, new Date("2026-03-07T00:00:00Z"));
  assert.deepEqual(looked, ["2026-03-06T04:10:00.500Z"]);
});

test("what belongs to a process that has died never happens", async () => {
  const scheduler = createScheduler({
    chance: createChance(1),
    start: new Date("2026-03-06T04:00:00Z"),
    nextDue: async () => ({ any: null, of: new Map() }),
    stepsMax: 1_000,
  });
  const owner = { name: "process", alive: true };
  const happened: string[] = [];
  scheduler.event(owner, "dies", 10, () => {
    owner.alive = false;
  });
  scheduler.event(owner, "answers", 20, () => happened.push("answered"));
  await scheduler.run(() => false, new Date("2026-03-06T05:00:00Z"));
  assert.deepEqual(happened, []);
});
