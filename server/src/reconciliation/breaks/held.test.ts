import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { handsOn } from "../../payments/testing/hands.ts";
import { decidedReversalsOf } from "../reading.ts";
import { writeGeneration } from "./testing/generations.ts";
import { lineOf, order } from "./testing/orders.ts";
import { DATE, hire, NEXT, openWorld, type Person, type World } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun]: Person[] = [];
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const holdUntold = () => platform.app.breaks.holdUntold(async () => {});
const numberOf = (payment: Json) => payment.attempts[0].channel_order_no;

function look({ shop }: World, payment: Json): Promise<Json> {
  return shop.api("GET", `/v1/payments/${payment.id}`).then(({ body }) => body);
}

/** A payment of 100.00 that has arrived. */
async function paid(world: World): Promise<Json> {
  const payment = await order(world);
  await platform.payCode(payment.next_action.qr_code);
  return hands.eventually(
    () => look(world, payment),
    ({ status }) => status === "succeeded",
  );
}

/** The channel gives the buyer all of it, or a part, by itself, and says so. */
async function takeBack(world: World, payment: Json, amount?: number): Promise<void> {
  const before = await missing(world);
  const url = `/alipay/trades/${numberOf(payment)}/reverse`;
  await platform.sandbox("POST", url, amount === undefined ? {} : { amount });
  await hands.eventually(
    () => missing(world),
    (now) => now !== before,
  );
}

const MISSING = {
  name: "test_missing",
  text: `select coalesce(sum(balance), 0)::bigint as missing
   from accounts
   where book_id = $1
     and code = 'suspense_shortage'`,
};
async function missing({ book }: World): Promise<bigint> {
  const row = await platform.app.cell.db.one<{ missing: bigint }>(MISSING, [book]);
  return row?.missing ?? 0n;
}

async function open({ shop }: World): Promise<Json[]> {
  const { body } = await platform.ops("GET", `/v1/ops/breaks?state=open&merchant=${shop.id}`);
  return body.data;
}

async function bear(id: string): Promise<void> {
  const approval = await (mei as Person).propose(id, "recover_from_merchant");
  assert.equal((await (jun as Person).decide(approval, "approve")).status, 200);
}

test("what the channel took back and told before its statement is a break, once it is compared", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await takeBack(world, payment);
  assert.equal(await holdUntold(), 0, "nothing of the account was compared yet");
  await world.found([]);
  assert.equal(await holdUntold(), 1);
  assert.equal(await holdUntold(), 0);
  const [row, ...more] = await open(world);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row.kind, row.payment, row.settle_difference, row.fee_difference, row.suspense],
    ["refund_theirs_only", payment.id, -10_000, 0, 0],
  );
  const { body } = await platform.ops("GET", `/v1/ops/breaks/${row.id}`);
  assert.deepEqual(
    body.events.map(({ kind }: Json) => kind),
    ["found", "opened"],
  );
  const attempts = [parseId("att", payment.attempts[0].id) as Id];
  assert.deepEqual(await decidedReversalsOf(platform.app.cell.db, attempts), []);
  await bear(row.id);
  assert.deepEqual([await missing(world), await open(world)], [0n, []]);
  assert.deepEqual(await decidedReversalsOf(platform.app.cell.db, attempts), attempts);
  // Another file of the date finds nothing of it either.
  await world.found([]);
  assert.equal(await holdUntold(), 0);
  assert.deepEqual([await missing(world), await open(world)], [0n, []]);
});

test("parts are breaks of their own, and two who look at once make each of them once", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await world.found([]);
  await takeBack(world, payment, 300);
  const made = await Promise.all([holdUntold(), holdUntold(), holdUntold()]);
  assert.equal(
    made.reduce((sum, one) => sum + one, 0),
    1,
  );
  await takeBack(world, payment, 500);
  assert.equal(await holdUntold(), 1);
  const rows = await open(world);
  assert.deepEqual(
    rows.map(({ settle_difference }) => settle_difference),
    [-500, -300],
  );
});

test("while a generation waits to be applied nothing is made beside it", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await world.found([]);
  await takeBack(world, payment, 300);
  const { channelAccountId } = world;
  const made = { channelAccountId, channelDate: DATE, findings: [] };
  const id = await writeGeneration(platform.app.cell, made);
  assert.equal(await holdUntold(), 0);
  await platform.app.breaks.apply(id, async () => {});
  assert.equal(await holdUntold(), 1);
});

test("what a statement told first is a break already; dropped and told again it is never two", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  const sum = { amount: "-4000", settle_amount: "-4000", fee: "0" };
  const theirs = lineOf(payment, { kind: "refund", channel_refund_no: "at the console", ...sum });
  const figures = { theirsAmount: -4_000n, settleDifference: -4_000n, feeDifference: 0n };
  const line = { matchKey: "T4", kind: "refund_theirs_only", theirs, ...figures } as const;
  await world.found([line]);
  assert.equal(await holdUntold(), 0);
  await bear(await world.idOf("T4"));
  assert.equal(await holdUntold(), 0);
  // A file that drops it takes back what was decided: what the door has booked is missing all the same.
  await world.found([]);
  assert.deepEqual(await world.state("T4"), [["voided", "undone", 0n]]);
  assert.equal(await holdUntold(), 1);
  assert.deepEqual(
    (await open(world)).map(({ settle_difference }) => settle_difference),
    [-4_000],
  );
  // Told again, whatever became of what tells it meanwhile: it is booked once, and one break tells it.
  await world.found([line]);
  assert.deepEqual(await world.state("T4"), [["resolved", "placed", 0n]]);
  const [row, ...more] = await open(world);
  assert.deepEqual([row.settle_difference, more], [-4_000, []]);
  await bear(row.id);
  await world.found([]);
  await world.found([line]);
  assert.deepEqual([await holdUntold(), await open(world), await missing(world)], [0, [], 0n]);
});

/** A refund at the channel's console of which nobody knows, as a file tells it; below zero: it came back. */
function atTheConsole(payment: Json, number: string, amount: number) {
  const sum = { amount: String(-amount), settle_amount: String(-amount), fee: "0" };
  const theirs = lineOf(payment, { kind: "refund", channel_refund_no: number, ...sum });
  const figures = { theirsAmount: BigInt(-amount), settleDifference: BigInt(-amount), feeDifference: 0n };
  return { matchKey: `${number}/${amount}`, kind: "refund_theirs_only", theirs, ...figures } as const;
}

test("of what a file tells what breaks of no line tell already is told once", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await world.found([]);
  await takeBack(world, payment, 300);
  assert.equal(await holdUntold(), 1);
  // By its number it is 500, of which 300 were told without one.
  await world.found([atTheConsole(payment, "P1", 500)]);
  assert.equal(await missing(world), 500n);
  assert.equal(await holdUntold(), 1);
  const rows = await open(world);
  assert.deepEqual(
    rows.map(({ settle_difference }) => settle_difference),
    [-200, -300],
  );
  for (const { id } of rows) await bear(id);
  assert.deepEqual([await holdUntold(), await missing(world)], [0, 0n]);
});

test("a line that waits for the next date is no second break either", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await world.found([]);
  await takeBack(world, payment);
  assert.equal(await holdUntold(), 1);
  await bear((await open(world))[0].id);
  const line = { ...atTheConsole(payment, "W1", 10_000), pending: true };
  await world.found([line]);
  const again = await world.found([line]);
  assert.deepEqual(await world.state(line.matchKey), [["pending", null, 0n]]);
  await world.found([], { channelDate: NEXT, carriedFrom: again });
  assert.deepEqual(await world.state(line.matchKey), [["resolved", "explained", 0n]]);
  assert.deepEqual([await holdUntold(), await open(world), await missing(world)], [0, [], 0n]);
});

test("one that was denied, and waits when told again, is held by the break of no line alone", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  const line = atTheConsole(payment, "W2", 400);
  await world.found([line]);
  await bear((await open(world))[0].id);
  await world.found([]);
  assert.equal(await holdUntold(), 1);
  const waits = await world.found([{ ...line, pending: true }]);
  assert.equal(await holdUntold(), 0);
  await world.found([], { channelDate: NEXT, carriedFrom: waits });
  assert.deepEqual(await world.state(line.matchKey), [["resolved", "explained", 0n]]);
  const [row, ...more] = await open(world);
  assert.deepEqual([row.settle_difference, more], [-400, []]);
});

test("of two lines that are denied in turn each has a break", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  const [one, other] = [atTheConsole(payment, "K1", 300), atTheConsole(payment, "K2", 500)];
  await world.found([one, other]);
  for (const { id } of await open(world)) await bear(id);
  await world.found([other]);
  assert.equal(await holdUntold(), 1);
  await world.found([one]);
  assert.equal(await holdUntold(), 1);
  const rows = await open(world);
  assert.deepEqual(
    rows.map(({ settle_difference }) => settle_difference),
    [-500, -300],
  );
  for (const { id } of rows) await bear(id);
  assert.equal(await missing(world), 0n);
});

test("what came back since is not decided about, and the next close ends its break", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  await world.found([atTheConsole(payment, "B1", 300)]);
  await world.found([]);
  await bear((await open(world))[0].id);
  await world.found([atTheConsole(payment, "B1", 300)]);
  await world.found([]);
  assert.equal(await holdUntold(), 1);
  const [row] = await open(world);
  const approval = await (mei as Person).propose(row.id, "recover_from_merchant");
  const came = atTheConsole(payment, "B1", -300);
  await world.found([came], { channelDate: NEXT });
  assert.equal(await missing(world), 0n);
  const refused = await (jun as Person).decide(approval, "approve");
  assert.match(JSON.stringify(refused.body), /come back since/);
  assert.equal(await holdUntold(), 0);
  assert.deepEqual(await open(world), []);
  assert.equal((await platform.ops("GET", `/v1/ops/breaks/${row.id}`)).body.resolution, "explained");
});

test("what the channel has made good stays so where a file drops the line", async () => {
  const world = await openWorld(platform);
  const payment = await paid(world);
  const line = atTheConsole(payment, "C1", 300);
  await world.found([line]);
  const id = await world.idOf(line.matchKey);
  const claim = (body: object) => (mei as Person).ask("POST", `/v1/ops/breaks/${id}/claim`, body);
  assert.equal((await claim({ claim_no: "C" })).status, 200);
  assert.equal((await claim({ claim_no: "C", state: "paid", evidence: "L-1" })).status, 200);
  const approval = await (mei as Person).propose(id, "recover_from_channel");
  assert.equal((await (jun as Person).decide(approval, "approve")).status, 200);
  for (const told of [[], [line], []]) {
    await world.found(told);
    assert.deepEqual(await world.state(line.matchKey), [["resolved", "recover_from_channel", 300n]]);
    assert.equal(await holdUntold(), 0);
  }
  assert.equal(await missing(world), 0n);
  await assertInvariants(platform);
});

test("a surplus whose refund has failed for good is a break, and the merchant may have it", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  await platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
  const closed = await world.shop.api("POST", `/v1/payments/${payment.id}/close`);
  assert.equal(closed.status, 200, JSON.stringify(closed.body));
  await hands.fault("refund_refused", { out_trade_no: numberOf(payment) }, { final: true });
  await platform.sandbox("POST", `/alipay/trades/${numberOf(payment)}/pay-late`, {});
  await hands.eventually(
    () => look(world, payment),
    (seen) => seen.refunds_automatic[0]?.state === "failed",
  );
  await world.found([]);
  assert.equal(await holdUntold(), 1);
  assert.equal(await holdUntold(), 0);
  const [row, ...more] = await open(world);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row.kind, row.payment, row.settle_difference, row.suspense],
    ["payment_theirs_only", payment.id, 10_000, 0],
  );
  const preview = (resolution: string) =>
    platform.ops("POST", `/v1/ops/breaks/${row.id}/preview`, { resolution });
  assert.match((await preview("income")).body.refusal, /payer is known/);
  const approval = await (mei as Person).propose(row.id, "pay_merchant");
  assert.equal((await (jun as Person).decide(approval, "approve")).status, 200);
  assert.deepEqual(await open(world), []);
  assert.deepEqual(await world.books(), {
    merchant_pending: { "-": -10_000n },
    suspense_surplus: { "-": 10_000n },
  });
});
