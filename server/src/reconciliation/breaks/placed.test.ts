import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { handsOn } from "../../payments/testing/hands.ts";
import type { Wanted } from "./testing/generations.ts";
import { lineOf, order } from "./testing/orders.ts";
import { DATE, hire, NEXT, openWorld, type Person, type World } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun]: Person[] = [];
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
});
afterEach(() => assertInvariants(platform));
after(() => platform.stop());

const AFTER = "2026-11-22";

const OURS = {
  kind: "payment_ours_only",
  side: "ours",
  settleDifference: -10_000n,
  feeDifference: -60n,
  channelDate: DATE,
} as const;

/** A payment that the door booked on the word of its line, and what the books told of it on the next date. */
async function placedWorld(key: string, fees: { theirs?: bigint; ours?: bigint } = {}) {
  const world = await openWorld(platform);
  const payment = await order(world);
  const line: Wanted = { matchKey: key, theirs: lineOf(payment), feeDifference: fees.theirs ?? 60n };
  const attemptId = parseId("att", payment.attempts[0].id);
  const ours: Wanted = { ...OURS, matchKey: key, attemptId, feeDifference: fees.ours ?? -60n };
  await world.found([line]);
  await world.found([ours], { channelDate: NEXT });
  const halfId = async () => {
    const { body } = await platform.ops(
      "GET",
      `/v1/ops/breaks?state=all&merchant=${world.shop.id}&limit=100`,
    );
    return body.data.find((row: Json) => row.kind === "payment_ours_only").id as string;
  };
  return { world, attemptId, line, payment, ours, halfId };
}

async function decide(id: string, resolution: string): Promise<void> {
  const approval = await (mei as Person).propose(id, resolution);
  assert.equal((await (jun as Person).decide(approval, "approve")).status, 200);
}

/** The channel pays so much of what a half is short of, and two people say so. */
async function recover(id: string, amount: number): Promise<void> {
  const claim = (body: Json) => (mei as Person).ask("POST", `/v1/ops/breaks/${id}/claim`, body);
  const filed = await claim({ claim_no: "K-1" });
  assert.equal(filed.status, 200, JSON.stringify(filed.body));
  const paid = { claim_no: "K-1", state: "paid", evidence: "Letter 88", paid_amount: amount };
  assert.equal((await claim(paid)).status, 200);
  await decide(id, "recover_from_channel");
}

const receivable = async ({ books }: World) => (await books()).channel_receivable?.[DATE] ?? 0n;

const PLACED = ["resolved", "placed", 0n];
const PAIRED = ["resolved", "paired", 0n];
const UNDONE = ["voided", "undone", 0n];
const SHORT = ["open", null, -10_000n];

test("a line that the door booked and a corrected file has no more leaves it missing", async () => {
  const { world, line } = await placedWorld("D10");
  await world.found([]);
  assert.deepEqual(await world.state("D10"), [UNDONE, SHORT]);
  assert.equal(await receivable(world), -9_940n);
  await world.found([line]);
  assert.deepEqual(await world.state("D10"), [PLACED, PAIRED]);
  assert.deepEqual(await world.books(), {});
});

test("what the door booked is no half of what the books tell after its line was dropped", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  await world.found([{ matchKey: "D11", theirs: lineOf(payment) }]);
  await world.found([]);
  assert.deepEqual(await world.state("D11"), [UNDONE]);
  await world.found([{ ...OURS, matchKey: "D11" }], { channelDate: NEXT });
  assert.deepEqual(await world.state("D11"), [UNDONE, SHORT]);
});

test("a half that people have decided about is not paired: what is booked is open beside it", async () => {
  const { world, line, halfId } = await placedWorld("D15");
  await world.found([]);
  const approval = await (mei as Person).propose(await halfId(), "recover_from_merchant");
  await world.found([line]);
  const surplus = ["open", null, 10_000n];
  assert.deepEqual(await world.state("D15"), [surplus, ["proposed", null, -10_000n]]);
  assert.equal((await (jun as Person).decide(approval, "approve")).status, 200);
  assert.deepEqual(await world.state("D15"), [surplus, ["resolved", "recover_from_merchant", 0n]]);
  await world.found([]);
  await world.found([line]);
  assert.deepEqual(await world.state("D15"), [surplus, ["resolved", "recover_from_merchant", 0n]]);
  assert.equal(await receivable(world), 0n);
});

test("a corrected file that tells another fee of what the door booked leaves the fee", async () => {
  const { world, line } = await placedWorld("D12");
  await world.found([{ ...line, feeDifference: 61n }]);
  assert.deepEqual(await world.state("D12"), [PLACED, ["open", null, 0n]]);
  assert.deepEqual(await world.books(), {
    channel_cost: { [DATE]: 1n },
    channel_receivable: { [DATE]: -1n },
  });
  await world.found([line]);
  assert.deepEqual(await world.state("D12"), [PLACED, PAIRED]);
  assert.deepEqual(await world.books(), {});
});

test("a corrected file that tells another amount of what the door booked leaves both to people", async () => {
  const { world, attemptId, payment, line } = await placedWorld("D13");
  const theirs = lineOf(payment, { amount: "9000", settle_amount: "9000" });
  await world.found([{ ...line, theirs, theirsAmount: 9_000n, settleDifference: 9_000n }]);
  assert.deepEqual(await world.state("D13"), [["open", null, 9_000n], SHORT]);
  assert.equal(await receivable(world), -1_000n);
  await world.found([line]);
  assert.deepEqual(await world.state("D13"), [PLACED, PAIRED]);
  await world.found([{ ...line, matchKey: "D13 by order", kind: "status", side: "both", attemptId }]);
  assert.deepEqual(await world.state("D13"), [UNDONE, PAIRED]);
  assert.deepEqual(await world.books(), {});
});

test("so does one that tells another amount of a refund, also before the books have told it", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  await platform.payCode(payment.next_action.qr_code);
  const seen = async () => (await world.shop.api("GET", `/v1/payments/${payment.id}`)).body;
  const paid = await hands.eventually(seen, ({ status }) => status === "succeeded");
  await hands.fault("answer_lost_after_success", { method: "alipay.trade.refund" });
  const refund = { merchant_refund_no: "D16", amount: 3_000 };
  const made = await world.shop.api("POST", `/v1/payments/${payment.id}/refunds`, refund);
  const number = made.body.channel_refund_no ?? `rfd${made.body.id.slice(4)}`;
  const told = (amount: bigint): Wanted => {
    const sum = { amount: String(-amount), settle_amount: String(-amount), fee: "0" };
    const theirs = lineOf(paid, { kind: "refund", channel_refund_no: number, ...sum });
    const figures = { theirsAmount: -amount, settleDifference: -amount, feeDifference: 0n };
    return { matchKey: "D16", kind: "refund_theirs_only", theirs, ...figures };
  };
  await world.found([told(3_000n)]);
  assert.deepEqual(await world.state("D16"), [PLACED]);
  await world.found([told(2_500n)]);
  assert.deepEqual(await world.state("D16"), [["open", null, -2_500n]]);
  const ours = { ...OURS, kind: "refund_ours_only", settleDifference: 3_000n, feeDifference: 0n } as const;
  await world.found([{ ...ours, matchKey: "D16" }], { channelDate: NEXT });
  assert.deepEqual(await world.state("D16"), [
    ["open", null, -2_500n],
    ["open", null, 3_000n],
  ]);
  await world.found([told(3_000n)]);
  assert.deepEqual(await world.state("D16"), [PLACED, PAIRED]);
  assert.deepEqual(await world.books(), {});
  // Whatever was forgotten of it meanwhile, the door has booked another sum.
  await world.found([]);
  await world.found([told(2_500n)]);
  assert.deepEqual((await world.state("D16"))[0], ["open", null, -2_500n]);
  assert.equal(await receivable(world), 500n);
});

test("a rest of a fee that was decided about goes back with the line that it was of", async () => {
  const { world, line, ours, halfId } = await placedWorld("D14", { ours: -61n });
  await decide(await halfId(), "adjust_fee");
  await world.found([]);
  assert.deepEqual(await world.state("D14"), [UNDONE, SHORT]);
  assert.equal(await receivable(world), -9_939n);
  await world.found([], { channelDate: NEXT });
  await world.found([line]);
  // Found again, and again after it was found no more: one movement, of which a rest is left.
  for (const told of [[ours], [], [ours]]) await world.found(told, { channelDate: NEXT });
  assert.deepEqual(await world.state("D14"), [PLACED, ["open", null, 0n]]);
  assert.equal(await receivable(world), 1n);
  await decide(await halfId(), "adjust_fee");
  await world.found([], { channelDate: NEXT });
  assert.deepEqual(await world.state("D14"), [PLACED, UNDONE]);
  assert.deepEqual(await world.books(), {});
});

test("a fee that the channel has paid back stands, whatever its half becomes", async () => {
  const { world, line, ours, halfId } = await placedWorld("D17", { theirs: 70n });
  await recover(await halfId(), 10);
  assert.deepEqual(await world.state("D17"), [PLACED, ["resolved", "recover_from_channel", 0n]]);
  assert.equal(await receivable(world), -10n);
  // The books' half with another fee: what is covered stays covered.
  await world.found([{ ...ours, feeDifference: -70n }], { channelDate: NEXT });
  assert.deepEqual(await world.state("D17"), [PLACED, ["open", null, 0n]]);
  assert.equal(await receivable(world), 0n);
  await world.found([]);
  assert.deepEqual(await world.state("D17"), [UNDONE, SHORT]);
  assert.equal(await receivable(world), -9_930n);
  await world.found([line]);
  assert.deepEqual(await world.state("D17"), [PLACED, ["open", null, 0n]]);
  assert.equal(await receivable(world), 0n);
});

test("a line told with another fee after the channel has paid one back leaves the rest", async () => {
  const { world, line, halfId } = await placedWorld("D18", { theirs: 70n });
  await recover(await halfId(), 10);
  await world.found([{ ...line, feeDifference: 80n }]);
  assert.deepEqual(await world.state("D18"), [PLACED, ["open", null, 0n]]);
  assert.equal(await receivable(world), -20n);
  await world.found([line]);
  assert.deepEqual(await world.state("D18"), [PLACED, ["resolved", "recover_from_channel", 0n]]);
  assert.equal(await receivable(world), -10n);
});

test("a fee that the channel has paid back in part stands where a half is found no more", async () => {
  const { world, halfId } = await placedWorld("D19", { theirs: 80n });
  await recover(await halfId(), 5);
  assert.deepEqual(await world.state("D19"), [PLACED, ["open", null, 0n]]);
  await world.found([]);
  assert.deepEqual(await world.state("D19"), [UNDONE, SHORT]);
  assert.equal(await receivable(world), -9_940n);
  const other = await placedWorld("D20", { theirs: 80n });
  await recover(await other.halfId(), 5);
  await other.world.found([], { channelDate: NEXT });
  assert.deepEqual(await other.world.state("D20"), [PLACED, ["open", null, 0n]]);
  assert.equal(await receivable(other.world), 0n);
  await other.world.found([other.ours], { channelDate: NEXT });
  assert.equal(await receivable(other.world), -20n);
});

test("a rest of a fee that a corrected file of the books' date has no more leaves one movement", async () => {
  const { world, ours } = await placedWorld("D23", { ours: -61n });
  assert.deepEqual(await world.state("D23"), [PLACED, ["open", null, 0n]]);
  await world.found([{ ...ours, feeDifference: -60n }], { channelDate: NEXT });
  assert.deepEqual(await world.state("D23"), [PLACED, PAIRED]);
  assert.deepEqual(await world.books(), {});
  await world.found([]);
  assert.deepEqual(await world.state("D23"), [UNDONE, SHORT]);
});

test("what went back without us is one movement with what the books tell of it, and missing", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  await platform.payCode(payment.next_action.qr_code);
  const look = async () => (await world.shop.api("GET", `/v1/payments/${payment.id}`)).body;
  const paid = await hands.eventually(look, ({ status }) => status === "succeeded");
  const sum = { amount: "-4000", settle_amount: "-4000", fee: "0" };
  const theirs = lineOf(paid, { kind: "refund", channel_refund_no: "made-at-the-console", ...sum });
  const figures = { theirsAmount: -4_000n, settleDifference: -4_000n, feeDifference: 0n };
  const line: Wanted = { matchKey: "D24", kind: "refund_theirs_only", theirs, ...figures };
  const attemptId = parseId("att", paid.attempts[0].id);
  const refund = { kind: "refund_ours_only", settleDifference: 4_000n, feeDifference: 0n } as const;
  const ours: Wanted = { ...OURS, ...refund, matchKey: "D24", attemptId };
  const HELD = ["open", null, 0n];
  await world.found([line]);
  await world.found([ours], { channelDate: NEXT });
  assert.deepEqual(await world.state("D24"), [HELD, PAIRED]);
  assert.deepEqual(await world.books(), {});
  // The channel has no such refund after all: what the books have of it is left over.
  await world.found([]);
  assert.deepEqual(await world.state("D24"), [HELD, ["open", null, 4_000n]]);
  await world.found([line]);
  assert.deepEqual(await world.state("D24"), [HELD, PAIRED]);
  assert.deepEqual(await world.books(), {});
  const { body } = await platform.ops("GET", `/v1/ops/breaks?state=open&merchant=${world.shop.id}`);
  await decide(body.data[0].id, "recover_from_merchant");
  await world.found([], { channelDate: NEXT });
  await world.found([ours], { channelDate: NEXT });
  assert.deepEqual(await world.state("D24"), [["resolved", "recover_from_merchant", 4_000n], PAIRED]);
  assert.equal(await receivable(world), 0n);
});

test("a movement that a corrected file tells under another name is the same movement", async () => {
  const { world, attemptId, line } = await placedWorld("D21");
  await world.found([{ ...line, matchKey: "D21 by order", kind: "status", side: "both", attemptId }]);
  assert.deepEqual(await world.state("D21"), [UNDONE, PAIRED]);
  assert.deepEqual(await world.state("D21 by order"), [PLACED]);
  assert.deepEqual(await world.books(), {});
  await world.found([]);
  assert.deepEqual(await world.state("D21"), [UNDONE, SHORT]);
  assert.equal(await receivable(world), -9_940n);
});

test("both halves found no more end each for itself, and the history tells both why", async () => {
  const { world, halfId } = await placedWorld("D22", { ours: -61n });
  const half = await halfId();
  await world.found([], { channelDate: NEXT });
  await world.found([]);
  assert.deepEqual(await world.state("D22"), [UNDONE, ["resolved", "explained", 0n]]);
  assert.deepEqual(await world.books(), {});
  const { body } = await platform.ops("GET", `/v1/ops/breaks/${half}`);
  assert.equal(body.partner, null);
  assert.deepEqual(
    body.events.map((event: Json) => event.kind),
    ["found", "opened", "explained"],
  );
});

test("a line told twice is booked once: the second is in suspense, and takes its place", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  const line: Wanted = { matchKey: "D25", theirs: lineOf(payment), feeDifference: 60n };
  const SURPLUS = ["open", null, 10_000n];
  await world.found([line]);
  await world.found([line], { channelDate: NEXT });
  assert.deepEqual(await world.state("D25"), [PLACED, SURPLUS]);
  // Told by the first date no more, it is what the door has booked.
  await world.found([]);
  assert.deepEqual(await world.state("D25"), [UNDONE, PLACED]);
  assert.deepEqual(await world.books(), {});
  await world.found([line]);
  assert.deepEqual(await world.state("D25"), [SURPLUS, PLACED]);
  // Nor is one told twice in one file, under two names.
  await world.found([line, { ...line, matchKey: "D25 by order" }], { channelDate: NEXT });
  assert.deepEqual(await world.state("D25 by order"), [SURPLUS]);
});

test("a line told twice whose half is there gives it to the line that is left", async () => {
  const { world, line } = await placedWorld("D26");
  await world.found([line], { channelDate: AFTER });
  const state = () => world.state("D26");
  assert.deepEqual(await state(), [PLACED, PAIRED, ["open", null, 10_000n]]);
  await world.found([]);
  assert.deepEqual(await state(), [UNDONE, PAIRED, PLACED]);
  await world.found([], { channelDate: AFTER });
  assert.deepEqual(await state(), [UNDONE, SHORT, UNDONE]);
});

/** A line that waits for the next date with what the door has booked, and the same line of another file. */
async function waitingWorld(key: string) {
  const world = await openWorld(platform);
  const payment = await order(world);
  const line: Wanted = { matchKey: key, theirs: lineOf(payment), feeDifference: 60n };
  const wait = () => world.found([{ ...line, channelDate: NEXT, pending: true }], { channelDate: NEXT });
  const tell = () => world.found([line]);
  /** The next date: the books' movement and the line that waited are one. */
  const match = (carriedFrom: Id) => world.found([], { channelDate: AFTER, carriedFrom });
  return { world, wait, tell, match };
}

test("a line that another file tells while the first waits is in suspense, and stays there", async () => {
  const { world, wait, tell, match } = await waitingWorld("D28");
  const waited = await wait();
  await tell();
  assert.deepEqual(await world.state("D28"), [
    ["pending", null, 0n],
    ["open", null, 10_000n],
  ]);
  await match(waited);
  assert.deepEqual(await world.state("D28"), [
    ["resolved", "explained", 0n],
    ["open", null, 10_000n],
  ]);
});

test("what was placed is one too many where the next date explains the line that waited", async () => {
  const { world, wait, tell, match } = await waitingWorld("D29");
  await tell();
  const waited = await wait();
  assert.deepEqual(await world.state("D29"), [PLACED, ["pending", null, 0n]]);
  await match(waited);
  assert.deepEqual(await world.state("D29"), [
    ["open", null, 10_000n],
    ["resolved", "explained", 0n],
  ]);
});

test("a refund at the console under two numbers is two", async () => {
  const world = await openWorld(platform);
  const payment = await order(world);
  await platform.payCode(payment.next_action.qr_code);
  const look = async () => (await world.shop.api("GET", `/v1/payments/${payment.id}`)).body;
  const paid = await hands.eventually(look, ({ status }) => status === "succeeded");
  const told = (number: string): Wanted => {
    const sum = { amount: "-4000", settle_amount: "-4000", fee: "0" };
    const theirs = lineOf(paid, { kind: "refund", channel_refund_no: number, ...sum });
    const figures = { theirsAmount: -4_000n, settleDifference: -4_000n, feeDifference: 0n };
    return { matchKey: `D27 ${number}`, kind: "refund_theirs_only", theirs, ...figures };
  };
  await world.found([told("one"), told("two")]);
  const HELD = ["open", null, 0n];
  for (const number of ["one", "two"]) assert.deepEqual(await world.state(`D27 ${number}`), [HELD]);
});
