import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { writeGeneration } from "./testing/generations.ts";
import { DATE, NEXT, openWorld } from "./testing/world.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
});
after(() => platform.stop());

const world = (contract = {}) => openWorld(platform, contract);

test("money that only the channel has lies in suspense on its day until it is explained", async () => {
  const { found, books, state, shop } = await world();
  await found([{ matchKey: "T1" }]);
  assert.deepEqual(await state("T1"), [["open", null, 10_000n]]);
  assert.deepEqual(await books(), {
    channel_cost: { [DATE]: 60n },
    channel_receivable: { [DATE]: 9_940n },
    suspense_surplus: { [DATE]: -10_000n },
  });
  const listed = await platform.ops("GET", `/v1/ops/breaks?merchant=${shop.id}`);
  assert.deepEqual(
    listed.body.data.map((row: { state: string; suspense: number }) => [row.state, row.suspense]),
    [["open", 10_000]],
  );
  await found([]);
  assert.deepEqual(await state("T1"), [["resolved", "explained", 0n]]);
  assert.deepEqual(await books(), {});
  await assertInvariants(platform);
});

test("what the next day may explain is posted nowhere before that day has come", async () => {
  const { found, books, state } = await world();
  const first = await found([
    { matchKey: "T2", pending: true },
    { matchKey: "T3", pending: true },
  ]);
  assert.deepEqual(await state("T2"), [["pending", null, 0n]]);
  assert.deepEqual(await books(), {});
  await found([{ matchKey: "T3", channelDate: DATE }], { channelDate: NEXT, carriedFrom: first });
  assert.deepEqual(await state("T2"), [["resolved", "explained", 0n]]);
  assert.deepEqual(await state("T3"), [["open", null, 10_000n]]);
  assert.deepEqual((await books()).suspense_surplus, { [DATE]: -10_000n });
});

const given = (key: string, more = {}) =>
  ({
    matchKey: `refund/${key}/R-1/out`,
    kind: "refund_theirs_only",
    settleDifference: -10_000n,
    feeDifference: -60n,
    ...more,
  }) as const;

test("money of an unknown order that came and was given back on one day is owed to nobody", async () => {
  const { found, books, state } = await world();
  const both = [{ matchKey: "payment/U1", pending: true }, given("U1", { pending: true })];
  const first = await found(both);
  for (const key of ["payment/U1", "refund/U1/R-1/out"]) {
    assert.deepEqual(await state(key), [["resolved", "paired", 0n]]);
  }
  const carried = both.map((each) => ({ ...each, pending: false, channelDate: DATE }));
  const second = await found(carried, { channelDate: NEXT, carriedFrom: first });
  assert.deepEqual([await state("payment/U1"), await books()], [[["resolved", "paired", 0n]], {}]);
  await assertInvariants(platform);
  // The file is corrected: it was not given back.
  await found(carried.slice(0, 1), { channelDate: NEXT, carriedFrom: second });
  assert.deepEqual(await state("payment/U1"), [["open", null, 10_000n]]);
  assert.deepEqual((await books()).suspense_surplus, { [DATE]: -10_000n });
});

test("what was given back of an unknown order on a later day ends the surplus on that day", async () => {
  const { found, books, state } = await world();
  await found([{ matchKey: "payment/U2" }]);
  assert.deepEqual(await state("payment/U2"), [["open", null, 10_000n]]);
  await found([given("U2")], { channelDate: NEXT });
  for (const key of ["payment/U2", "refund/U2/R-1/out"]) {
    assert.deepEqual(await state(key), [["resolved", "paired", 0n]]);
  }
  assert.deepEqual((await books()).channel_receivable, { [DATE]: 9_940n, [NEXT]: -9_940n });
  assert.deepEqual((await books()).suspense_shortage, undefined);
  await assertInvariants(platform);
});

test("a part that was given back of an unknown order leaves both breaks to people", async () => {
  const { found, state } = await world();
  await found([{ matchKey: "payment/U3" }, given("U3", { settleDifference: -4_000n, feeDifference: -24n })]);
  assert.deepEqual(await state("payment/U3"), [["open", null, 10_000n]]);
  assert.deepEqual(await state("refund/U3/R-1/out"), [["open", null, -4_000n]]);
});

test("what the channel charges for a claim is borne by whoever bears the claim", async () => {
  const { found, books, state } = await world();
  await found([
    { matchKey: "D1", kind: "dispute_theirs_only", settleDifference: -9_000n, feeDifference: 1_500n },
  ]);
  assert.deepEqual(await state("D1"), [["open", null, -10_500n]]);
  assert.deepEqual(await books(), {
    channel_receivable: { [DATE]: -10_500n },
    suspense_shortage: { [DATE]: 10_500n },
  });
  // On the next day the channel lets go of one that the books have: both again, the fee and all.
  const ours = { kind: "dispute_ours_only", settleDifference: 9_000n, feeDifference: -1_500n } as const;
  await found([{ ...ours, matchKey: "D2" }], { channelDate: NEXT });
  assert.deepEqual((await books()).suspense_surplus, { [NEXT]: -10_500n });
  await assertInvariants(platform);
});

test("what was carried in has its breaks first, whichever is applied first", async () => {
  const { found, state, channelAccountId } = await world();
  const carried = [{ matchKey: "T7", pending: true }];
  const first = await writeGeneration(platform.app.cell, {
    channelAccountId,
    channelDate: DATE,
    findings: carried,
  });
  await found([], { channelDate: NEXT, carriedFrom: first });
  assert.deepEqual(await state("T7"), [["resolved", "explained", 0n]]);
});

test("the two halves of a movement found too far apart end each other, each on its own day", async () => {
  const { found, books, state } = await world();
  await found([
    {
      matchKey: "T4",
      kind: "payment_ours_only",
      side: "ours",
      settleDifference: -10_000n,
      feeDifference: -60n,
    },
  ]);
  assert.deepEqual(await state("T4"), [["open", null, -10_000n]]);
  await found([{ matchKey: "T4" }], { channelDate: NEXT });
  assert.deepEqual(await state("T4"), [
    ["resolved", "paired", 0n],
    ["resolved", "paired", 0n],
  ]);
  assert.deepEqual(await books(), {
    channel_cost: { [DATE]: -60n, [NEXT]: 60n },
    channel_receivable: { [DATE]: -9_940n, [NEXT]: 9_940n },
    suspense_shortage: { [DATE]: 10_000n, [NEXT]: -10_000n },
  });
  // A corrected file of the later day no longer has its half.
  await found([], { channelDate: NEXT });
  assert.deepEqual(await state("T4"), [
    ["open", null, -10_000n],
    ["voided", "undone", 0n],
  ]);
  assert.deepEqual(await books(), {
    channel_cost: { [DATE]: -60n },
    channel_receivable: { [DATE]: -9_940n },
    suspense_shortage: { [DATE]: 10_000n },
  });
  await assertInvariants(platform);
});

/** Ours on the first day, theirs on the next: one movement. */
async function pairedWorld(matchKey: string) {
  const made = await world();
  const ours = { matchKey, kind: "payment_ours_only", side: "ours", feeDifference: -60n } as const;
  const first = { ...ours, settleDifference: -10_000n };
  await made.found([first]);
  await made.found([{ matchKey }], { channelDate: NEXT });
  const sums = async () => (await made.books()).channel_receivable;
  assert.deepEqual(await made.state(matchKey), [
    ["resolved", "paired", 0n],
    ["resolved", "paired", 0n],
  ]);
  return { ...made, first, sums };
}

test("a half whose corrected file tells another amount is no half: each stands for itself", async () => {
  const { found, state, sums, first } = await pairedWorld("T8");
  const less = { ...first, settleDifference: -9_000n, feeDifference: -54n };
  await found([less]);
  assert.deepEqual(await state("T8"), [
    ["open", null, -9_000n],
    ["open", null, 10_000n],
  ]);
  assert.deepEqual(await sums(), { [DATE]: -8_946n, [NEXT]: 9_940n });
  // The next day's file says the same of its own: they are one movement again.
  const pair = [
    ["resolved", "paired", 0n],
    ["resolved", "paired", 0n],
  ];
  await found([{ matchKey: "T8", settleDifference: 9_000n, feeDifference: 54n }], { channelDate: NEXT });
  assert.deepEqual([await state("T8"), await sums()], [pair, { [DATE]: -8_946n, [NEXT]: 8_946n }]);
  await found([first]);
  await found([{ matchKey: "T8" }], { channelDate: NEXT });
  assert.deepEqual([await state("T8"), await sums()], [pair, { [DATE]: -9_940n, [NEXT]: 9_940n }]);
  await assertInvariants(platform);
});

test("the later half is told otherwise, and then as it was", async () => {
  const { found, state, sums } = await pairedWorld("T9");
  await found([{ matchKey: "T9", settleDifference: 9_000n, feeDifference: 54n }], { channelDate: NEXT });
  assert.deepEqual(await state("T9"), [
    ["open", null, -10_000n],
    ["open", null, 9_000n],
  ]);
  assert.deepEqual(await sums(), { [DATE]: -9_940n, [NEXT]: 8_946n });
  await found([{ matchKey: "T9" }], { channelDate: NEXT });
  assert.deepEqual(await state("T9"), [
    ["resolved", "paired", 0n],
    ["resolved", "paired", 0n],
  ]);
  assert.deepEqual(await sums(), { [DATE]: -9_940n, [NEXT]: 9_940n });
  await assertInvariants(platform);
});

test("money of an unknown order that is told as more than was given back is owed again", async () => {
  const { found, books, state } = await world();
  await found([{ matchKey: "payment/U2" }]);
  await found([given("U2")], { channelDate: NEXT });
  assert.deepEqual(await state("payment/U2"), [["resolved", "paired", 0n]]);
  await found([{ matchKey: "payment/U2", settleDifference: 12_000n, feeDifference: 72n }]);
  assert.deepEqual(await state("payment/U2"), [["open", null, 12_000n]]);
  assert.deepEqual(await state("refund/U2/R-1/out"), [["open", null, -10_000n]]);
  assert.deepEqual((await books()).channel_receivable, { [DATE]: 11_928n, [NEXT]: -9_940n });
  await assertInvariants(platform);
});

test("what waited as a half and is explained by the next date is explained", async () => {
  for (const [key, less] of [
    ["U5", { settleDifference: -9_000n, feeDifference: -54n }],
    ["U6", {}],
  ] as const) {
    const { found, books, state } = await world();
    const payment = { matchKey: `payment/${key}` };
    await found([{ ...payment, pending: true }, given(key, { pending: true })]);
    assert.deepEqual(await state(payment.matchKey), [["resolved", "paired", 0n]]);
    const pending = [{ ...payment, pending: true }, given(key, { pending: true, ...less })];
    const carriedFrom = await found(pending);
    await found([given(key, { channelDate: DATE, ...less })], { channelDate: NEXT, carriedFrom });
    const [ended] = await state(payment.matchKey);
    assert.deepEqual(ended, key === "U5" ? ["resolved", "explained", 0n] : ["voided", "undone", 0n]);
    const refund = less.settleDifference ?? -10_000n;
    assert.deepEqual(await state(`refund/${key}/R-1/out`), [["open", null, refund]]);
    const owed = refund - (less.feeDifference ?? -60n);
    assert.deepEqual((await books()).channel_receivable, { [DATE]: owed });
    await assertInvariants(platform);
  }
});

test("one file that tells a movement otherwise, and the opposite of what it was, pairs nothing", async () => {
  const { found, state, books } = await world();
  await found([{ matchKey: "U1", settleDifference: 25_000n, feeDifference: 150n }]);
  const ours = { matchKey: "U1", kind: "payment_ours_only", side: "ours" } as const;
  await found([{ ...ours, settleDifference: -25_000n, feeDifference: -150n }, { matchKey: "U1" }]);
  assert.deepEqual(await state("U1"), [
    ["open", null, 10_000n],
    ["open", null, -25_000n],
  ]);
  assert.deepEqual((await books()).channel_receivable, { [DATE]: -14_910n });
  await assertInvariants(platform);
});

test("a corrected file that tells another amount moves what is in suspense by it", async () => {
  const { found, books, state } = await world();
  await found([{ matchKey: "T5" }]);
  await found([{ matchKey: "T5", settleDifference: 9_000n, feeDifference: 54n }]);
  assert.deepEqual(await state("T5"), [["open", null, 9_000n]]);
  assert.deepEqual((await books()).channel_receivable, { [DATE]: 8_946n });
  await found([]);
  await found([{ matchKey: "T5" }]);
  assert.deepEqual(await state("T5"), [["open", null, 10_000n]]);
  assert.deepEqual((await books()).channel_receivable, { [DATE]: 9_940n });
});

test("money that never passes us is held on the twins, without cost", async () => {
  const { found, books } = await world({ fund_flow: "direct_to_merchant" });
  await found([{ matchKey: "T6" }]);
  assert.deepEqual(await books(), {
    memo_channel_receivable: { [DATE]: 10_000n },
    memo_suspense_surplus: { [DATE]: -10_000n },
  });
  await assertInvariants(platform);
});
