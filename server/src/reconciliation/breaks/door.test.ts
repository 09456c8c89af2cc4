import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { handsOn } from "../../payments/testing/hands.ts";
import { lineOf, order } from "./testing/orders.ts";
import { DATE, hire, NEXT, openWorld, type World } from "./testing/world.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
});
after(() => platform.stop());

async function paid(world: World): Promise<Json> {
  const payment = await order(world);
  await platform.payCode(payment.next_action.qr_code);
  return until(world, payment.id, (seen) => seen.status === "succeeded");
}

function until({ shop }: World, id: string, done: (seen: Json) => boolean): Promise<Json> {
  return hands.eventually(async () => (await shop.api("GET", `/v1/payments/${id}`)).body, done);
}

const numberOf = (payment: Json) => payment.attempts[0].channel_order_no;

test("a line of an order that nobody had told us of completes its payment", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  await world.found([{ matchKey: "D1", theirs: lineOf(payment) }]);
  assert.deepEqual(await world.state("D1"), [["resolved", "placed", 0n]]);
  assert.deepEqual(await world.books(), {});
  assert.equal((await until(world, payment.id, () => true)).status, "succeeded");
  const timeline = await hands.timeline(payment.id);
  assert.ok(timeline.some((item) => JSON.stringify(item).includes("statement stm_")));
  // What the door booked is in the next date's movements: both halves are known.
  const movement = {
    kind: "payment_ours_only",
    side: "ours",
    settleDifference: -10_000n,
    feeDifference: -60n,
  };
  await world.found([{ matchKey: "D1", ...movement, channelDate: DATE } as never], { channelDate: NEXT });
  assert.deepEqual(await world.state("D1"), [
    ["resolved", "placed", 0n],
    ["resolved", "paired", 0n],
  ]);
  assert.deepEqual(await world.books(), {});
});

test("an order held for closed that the statement has as paid is booked; only its fee is left", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  const attemptId = parseId("att", payment.attempts[0].id);
  const status = {
    matchKey: "D8",
    kind: "status",
    side: "both",
    attemptId,
    theirs: lineOf(payment),
  } as const;
  await world.found([status]);
  assert.deepEqual(await world.state("D8"), [["resolved", "placed", 0n]]);
  const ours = { matchKey: "D8'", kind: "payment_ours_only", side: "ours", attemptId } as const;
  const movement = { ...ours, settleDifference: -10_000n, feeDifference: -61n, channelDate: DATE };
  await world.found([movement], { channelDate: NEXT });
  assert.deepEqual(await world.state("D8'"), [["open", null, 0n]]);
  assert.deepEqual(await world.books(), {
    channel_cost: { [DATE]: -1n },
    channel_receivable: { [DATE]: 1n },
  });
});

test("a line within the window is booked at once, and waits for the next date to agree", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  const first = await world.found([{ matchKey: "D2", theirs: lineOf(payment), pending: true }]);
  assert.deepEqual(await world.state("D2"), [["pending", null, 0n]]);
  assert.equal((await until(world, payment.id, () => true)).status, "succeeded");
  await world.found([], { channelDate: NEXT, carriedFrom: first });
  assert.deepEqual(await world.state("D2"), [["resolved", "explained", 0n]]);
});

test("a line of another amount is asked about, and lies in suspense meanwhile", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  const theirs = lineOf(payment, { amount: "9000", settle_amount: "9000" });
  await world.found([{ matchKey: "D3", theirs, settleDifference: 9_000n }]);
  assert.deepEqual(await world.state("D3"), [["open", null, 9_000n]]);
  const listed = await platform.ops("GET", `/v1/ops/breaks/${await world.idOf("D3")}`);
  assert.equal(listed.body.payment, payment.id);
  const held = await platform.app.breaks.openOf({ paymentIds: [parseId("pay", payment.id) as Id] });
  assert.deepEqual(
    held.map(({ kind, state }) => [kind, state]),
    [["payment_theirs_only", "open"]],
  );
});

test("a payment that was booked on a closed date is no second time completed by a line", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await world.found([{ matchKey: "D4", theirs: lineOf(payment) }], { closedThrough: "2999-12-31" });
  assert.deepEqual(await world.state("D4"), [["open", null, 10_000n]]);
  // Heard of after the dates that were compared, it is what the line tells.
  await world.found([{ matchKey: "D5", theirs: lineOf(payment) }], { channelDate: NEXT });
  assert.deepEqual(await world.state("D5"), [["resolved", "placed", 0n]]);
});

test("a refund that nobody here asked for is missing until somebody bears it", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  const line = {
    kind: "refund",
    channel_refund_no: "made-at-the-console",
    amount: "-4000",
    settle_amount: "-4000",
    fee: "0",
  };
  const refund = { kind: "refund_theirs_only", theirsAmount: -4_000n, feeDifference: 0n } as const;
  await world.found([
    { matchKey: "D6", ...refund, settleDifference: -4_000n, theirs: lineOf(payment, line) },
  ]);
  // The door booked the shortage: the break looks after it, and holds nothing of its own.
  assert.deepEqual(await world.state("D6"), [["open", null, 0n]]);
  await assertInvariants(platform);
  await world.found([]);
  assert.deepEqual(await world.state("D6"), [["open", null, 0n]]);
  const id = await world.idOf("D6");
  const { body } = await platform.ops("POST", `/v1/ops/breaks/${id}/preview`, {
    resolution: "recover_from_merchant",
  });
  assert.deepEqual([body.amount, body.refusal], [4_000, null]);
});

test("a refund held for failed that the statement bills is missing until the merchant bears it", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await hands.fault("refund_refused", { out_trade_no: numberOf(payment) }, { final: true });
  const made = await world.shop.api("POST", `/v1/payments/${payment.id}/refunds`, {
    merchant_refund_no: "D9",
    amount: 2_000,
  });
  assert.deepEqual([made.status, made.body.state], [201, "failed"], JSON.stringify(made.body));
  const line = {
    kind: "refund",
    channel_refund_no: made.body.channel_refund_no,
    amount: "-2000",
    settle_amount: "-2000",
    fee: "-12",
  };
  const refund = { kind: "refund_theirs_only", theirsAmount: -2_000n, feeDifference: -12n } as const;
  await world.found([
    { matchKey: "D9", ...refund, settleDifference: -2_000n, theirs: lineOf(payment, line) },
  ]);
  assert.deepEqual(await world.state("D9"), [["open", null, 0n]]);
  const [mei, jun] = [await hire(platform, "Mei", "operations"), await hire(platform, "Jun", "finance")];
  const approval = await mei.propose(await world.idOf("D9"), "recover_from_merchant");
  assert.equal((await jun.decide(approval, "approve")).status, 200);
  assert.deepEqual(await world.books(), {
    merchant_pending: { "-": 2_000n },
    suspense_shortage: { "-": -2_000n },
  });
  await assertInvariants(platform);
});

test("a refund under way that the statement bills is accepted", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await hands.fault("answer_lost_after_success", { method: "alipay.trade.refund" });
  const made = await world.shop.api("POST", `/v1/payments/${payment.id}/refunds`, {
    merchant_refund_no: "D7",
    amount: 3_000,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { state: before, channel_refund_no: number } = made.body;
  const line = {
    kind: "refund",
    channel_refund_no: number ?? `rfd${made.body.id.slice(4)}`,
    amount: "-3000",
    settle_amount: "-3000",
    fee: "-18",
  };
  const refund = { kind: "refund_theirs_only", theirsAmount: -3_000n, feeDifference: -18n } as const;
  await world.found([
    { matchKey: "D7", ...refund, settleDifference: -3_000n, theirs: lineOf(payment, line) },
  ]);
  const after = (await world.shop.api("GET", `/v1/refunds/${made.body.id}`)).body;
  assert.deepEqual([before, after.state], ["unknown", "accepted"]);
  assert.deepEqual(await world.state("D7"), [["resolved", "placed", 0n]]);
});

test("the books are whole after all of it", () => assertInvariants(platform));
