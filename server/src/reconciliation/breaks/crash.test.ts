import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { apply } from "./apply.ts";
import { CHUNK, dates, dyingOn } from "./testing/dying.ts";
import { booked, breaksAbout, type Wanted, writeGeneration } from "./testing/generations.ts";
import { openWorld, type World } from "./testing/world.ts";

let platform: TestPlatform;
let world: World;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  world = await openWorld(platform);
});
after(() => platform.stop());

const goOn = async () => {};
const freshDates = dates();
const { depsThatDie, killedAt } = dyingOn(() => ({ platform, world }));

const ours = {
  kind: "payment_ours_only",
  side: "ours",
  settleDifference: -700n,
  feeDifference: -4n,
} as const;

test("whatever await an apply dies at, the next one ends with the same books and breaks", async () => {
  const outcomes = new Set<string>();
  let wasKilled = true;
  for (let dies = 1; wasKilled; dies += 1) {
    const [date, next] = freshDates();
    const key = (name: string) => `${name} ${date}`;
    const generation = (channelDate: string, findings: readonly Wanted[]) =>
      writeGeneration(platform.app.cell, { channelAccountId: world.channelAccountId, channelDate, findings });
    const first = await generation(date, [
      { matchKey: key("A") },
      { matchKey: key("B"), ...ours },
      { matchKey: key("C"), pending: true },
    ]);
    await platform.app.breaks.apply(first, goOn);
    const second = await writeGeneration(platform.app.cell, {
      channelAccountId: world.channelAccountId,
      channelDate: next,
      carriedFrom: first,
      findings: [
        { matchKey: key("B"), settleDifference: 700n, feeDifference: 4n },
        { matchKey: key("D") },
        { matchKey: key("E"), kind: "fee", side: "both", settleDifference: 0n, feeDifference: 3n },
      ],
    });
    const third = await generation(date, [{ matchKey: key("A"), settleDifference: 9_000n }]);
    wasKilled = await killedAt(second, dies);
    assert.deepEqual(await platform.app.breaks.apply(second, goOn), { end: "applied" });
    const killedToo = await killedAt(third, dies);
    assert.deepEqual(await platform.app.breaks.apply(third, goOn), { end: "applied" });
    wasKilled ||= killedToo;
    outcomes.add(await outcomeOf(["A", "B", "C", "D", "E"].map(key), [date, next]));
  }
  assert.equal(outcomes.size, 1, [...outcomes].join("\n"));
  await assertInvariants(platform);
});

async function outcomeOf(keys: readonly string[], dates: readonly [string, string]): Promise<string> {
  const rows = (await Promise.all(keys.map((key) => breaksAbout(platform.app.cell, key)))).flat();
  const states = rows.map((row) => [row.matchKey[0], row.state, row.resolution, String(row.surplusEffect)]);
  const books = await booked(platform.app.cell, world.book);
  const sums = Object.entries(books).map(([code, by]) => [
    code,
    ...dates.map((date) => String(by[date] ?? 0n)),
  ]);
  return JSON.stringify({ states, sums });
}

test("two processes that apply the same generation at once do what one does", async () => {
  const [date] = freshDates();
  const { channelAccountId } = world;
  const findings = Array.from({ length: 12 }, (_, index) => ({ matchKey: `twice ${index}` }));
  const id = await writeGeneration(platform.app.cell, { channelAccountId, channelDate: date, findings });
  const runs = Array.from({ length: 3 }, () => {
    const { deps } = depsThatDie(0);
    return apply(deps, id, goOn, CHUNK);
  });
  for (const end of await Promise.all(runs)) assert.equal(end.end, "applied");
  assert.deepEqual((await booked(platform.app.cell, world.book)).suspense_surplus?.[date], -120_000n);
  const newer = await writeGeneration(platform.app.cell, {
    channelAccountId,
    channelDate: date,
    findings: [],
  });
  const older = await writeGeneration(platform.app.cell, { channelAccountId, channelDate: date, findings });
  // The newest decides, whichever is applied.
  assert.deepEqual(await platform.app.breaks.apply(newer, goOn), { end: "superseded", by: older });
  assert.deepEqual(await platform.app.breaks.apply(older, goOn), { end: "applied" });
  assert.deepEqual((await booked(platform.app.cell, world.book)).suspense_surplus?.[date], -120_000n);
  await assertInvariants(platform);
});
