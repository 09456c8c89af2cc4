import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { DAY } from "../../kernel/clock.ts";
import { parseId } from "../../kernel/ids.ts";
import { bookIdOf, platformOwner } from "../../ledger/index.ts";
import { handsOn } from "../../payments/testing/hands.ts";
import type { Shop } from "../../payments/testing/shop.ts";
import { booked } from "./testing/generations.ts";
import { DATE, hire, openWorld, type Person } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun, lan]: Person[] = [];
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
  lan = await hire(platform, "Lan", "admin", "finance");
});
after(() => platform.stop());

const world = (contract = {}) => openWorld(platform, contract);
const people = () => ({ mei: mei as Person, jun: jun as Person, lan: lan as Person });
const ours = {
  kind: "payment_ours_only",
  side: "ours",
  settleDifference: -10_000n,
  feeDifference: -60n,
} as const;

/** A payment of 50.00 that the buyer has paid. */
async function paid(shop: Shop, number: string): Promise<Json> {
  const created = await shop.api("POST", "/v1/payments", {
    merchant_order_no: number,
    amount: 5_000,
    currency: "CNY",
    subject: "Tea",
    method: "alipay.qr",
  });
  await platform.payCode(created.body.next_action.qr_code);
  return handsOn(() => platform).eventually(
    async () => (await shop.api("GET", `/v1/payments/${created.body.id}`)).body,
    (seen) => seen.status === "succeeded",
  );
}

test("a surplus is paid to the merchant once another person has approved it", async () => {
  const { found, books, state, idOf } = await world();
  const { mei, jun } = people();
  await found([{ matchKey: "R1" }]);
  const id = await idOf("R1");
  const preview = await mei.ask("POST", `/v1/ops/breaks/${id}/preview`, { resolution: "pay_merchant" });
  assert.deepEqual(preview.body.journals, [
    {
      book: "merchant",
      kind: "resolution_pay_merchant",
      currency: "CNY",
      lines: [
        { account: "suspense_surplus", debit: 10_000, credit: 0 },
        { account: "merchant_pending", debit: 0, credit: 10_000 },
      ],
    },
  ]);
  assert.equal(preview.body.refusal, null);
  const approval = await mei.propose(id, "pay_merchant");
  assert.deepEqual(await state("R1"), [["proposed", null, 10_000n]]);
  // Nobody approves what is their own, or without the role.
  assert.equal((await mei.decide(approval, "approve")).status, 403);
  assert.deepEqual(await state("R1"), [["proposed", null, 10_000n]]);
  const approved = await jun.decide(approval, "approve");
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  assert.deepEqual(await state("R1"), [["resolved", "pay_merchant", 0n]]);
  assert.deepEqual((await books()).merchant_pending, { "-": -10_000n });
  const { body } = await platform.ops("GET", `/v1/ops/breaks/${id}`);
  assert.deepEqual(
    body.events.map((event: Json) => event.kind),
    ["found", "opened", "proposed", "resolved"],
  );
  assert.deepEqual(
    body.journals.map((journal: Json) => [journal.purpose, journal.kind]),
    [
      ["suspense", "break_payment_theirs"],
      ["resolution", "resolution_pay_merchant"],
    ],
  );
  assert.equal((await jun.decide(approval, "approve")).status, 409);
  await assertInvariants(platform);
});

test("an amount beyond the approver's rank waits for one whose rank covers it", async () => {
  const { found, state, idOf } = await world();
  const { mei, jun, lan } = people();
  await found([{ matchKey: "R2", settleDifference: 100_001n }]);
  const approval = await mei.propose(await idOf("R2"), "pay_merchant");
  const beyond = await jun.decide(approval, "approve");
  assert.deepEqual([beyond.status, beyond.body.code], [403, "forbidden"]);
  assert.match(beyond.body.detail, /100000 CNY/);
  assert.deepEqual(await state("R2"), [["proposed", null, 100_001n]]);
  assert.equal((await lan.decide(approval, "approve")).status, 200);
  assert.deepEqual(await state("R2"), [["resolved", "pay_merchant", 0n]]);
});

test("what is rejected is open again, and may be proposed otherwise", async () => {
  const { found, state, idOf, books } = await world();
  const { mei, jun } = people();
  await found([{ matchKey: "R3", ...ours }]);
  const id = await idOf("R3");
  const first = await mei.propose(id, "recover_from_merchant");
  const other = { resolution: "loss", reason: "The merchant is gone" };
  assert.equal((await mei.ask("POST", `/v1/ops/breaks/${id}/propose`, other)).status, 409);
  assert.equal((await jun.decide(first, "reject")).status, 200);
  assert.deepEqual(await state("R3"), [["open", null, -10_000n]]);
  const second = await mei.propose(id, "loss");
  assert.equal((await jun.decide(second, "approve")).status, 200);
  assert.deepEqual(await state("R3"), [["resolved", "loss", 0n]]);
  assert.deepEqual((await books()).loss, { "-": 10_000n });
  const own = bookIdOf("platform", platformOwner(0));
  const platformBook = await booked(platform.app.cell, own);
  assert.deepEqual(platformBook, {}, "no bank has shown that anything moved");
});

test("the channel makes good only what it has paid upon a claim", async () => {
  const { found, state, idOf, books } = await world();
  const { mei, jun } = people();
  await found([{ matchKey: "R4", ...ours }]);
  const id = await idOf("R4");
  const claim = (body: unknown) => mei.ask("POST", `/v1/ops/breaks/${id}/claim`, body);
  const wish = { resolution: "recover_from_channel", reason: "It was paid" };
  const early = await mei.ask("POST", `/v1/ops/breaks/${id}/propose`, wish);
  assert.deepEqual([early.status, early.body.code], [409, "conflict"]);
  assert.equal((await claim({ claim_no: "C-1", state: "paid" })).status, 409);
  assert.equal((await claim({ claim_no: "C-1" })).status, 200);
  assert.equal((await claim({ claim_no: "C-1", state: "refused", note: "Too late" })).status, 200);
  assert.equal((await claim({ claim_no: "C-2" })).status, 200);
  assert.equal((await claim({ claim_no: "C-2", state: "paid" })).body.field, "evidence");
  const paid = await claim({ claim_no: "C-2", state: "paid", evidence: "L-88" });
  assert.deepEqual([paid.body.claim_no, paid.body.state], ["C-2", "paid"]);
  const approval = await mei.propose(id, "recover_from_channel");
  assert.equal((await jun.decide(approval, "approve")).status, 200);
  assert.deepEqual(await state("R4"), [["resolved", "recover_from_channel", 0n]]);
  // Its money comes on no day of the channel's statements.
  assert.deepEqual((await books()).channel_receivable, { [DATE]: -9_940n, "-": 10_000n });
});

test("a surplus becomes income only after its term, and only while nobody knows the payer", async () => {
  const { found, state, idOf } = await world();
  const { mei, jun } = people();
  await found([{ matchKey: "R5" }, { matchKey: "R6", paymentId: platform.app.cell.newId() }]);
  const refusal = async (key: string) => {
    const path = `/v1/ops/breaks/${await idOf(key)}/preview`;
    return (await mei.ask("POST", path, { resolution: "income" })).body.refusal;
  };
  assert.match(await refusal("R5"), /180 days/);
  platform.clock.advance(181 * DAY);
  assert.equal(await refusal("R5"), null);
  assert.match(await refusal("R6"), /payer is known/);
  const approval = await mei.propose(await idOf("R5"), "income");
  assert.equal((await jun.decide(approval, "approve")).status, 200);
  assert.deepEqual(await state("R5"), [["resolved", "income", 0n]]);
});

test("a corrected file takes back what was decided on a line that it no longer has", async () => {
  const { found, state, books, idOf } = await world();
  const { mei, jun } = people();
  await found([{ matchKey: "R7" }, { matchKey: "R8", ...ours }]);
  for (const [key, how] of [
    ["R7", "pay_merchant"],
    ["R8", "loss"],
  ] as const) {
    const approval = await mei.propose(await idOf(key), how);
    assert.equal((await jun.decide(approval, "approve")).status, 200);
  }
  await found([{ matchKey: "R8", ...ours }]);
  assert.deepEqual(await state("R7"), [["voided", "undone", 0n]]);
  assert.deepEqual(await state("R8"), [["resolved", "loss", 0n]]);
  await found([{ matchKey: "R8", ...ours, settleDifference: -9_000n }]);
  assert.deepEqual(await state("R8"), [["open", null, -9_000n]]);
  assert.deepEqual((await books()).channel_receivable, { [DATE]: -8_940n });
  assert.equal((await books()).loss, undefined);
  await assertInvariants(platform);
});

test("the buyer's money goes back by the payment's own refund, which no file can undo", async () => {
  const { found, state, books, idOf, shop } = await world();
  const { mei, jun, lan } = people();
  const payment = await paid(shop, "R9");
  const paymentId = parseId("pay", payment.id);
  await found([
    {
      matchKey: "R9",
      kind: "duplicate_theirs",
      side: "both",
      theirsAmount: 10_000n,
      oursAmount: 5_000n,
      settleDifference: 5_000n,
      feeDifference: 30n,
      paymentId,
    },
  ]);
  const id = await idOf("R9");
  const preview = await mei.ask("POST", `/v1/ops/breaks/${id}/preview`, { resolution: "refund_buyer" });
  assert.equal(preview.body.refund_amount, 5_000);
  const approval = await mei.propose(id, "refund_buyer");
  const approved = await jun.decide(approval, "approve");
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  assert.deepEqual(await state("R9"), [["resolved", "refund_buyer", 0n]]);
  const refunds = await shop.api("GET", `/v1/refunds?payment=${payment.id}`);
  assert.deepEqual(
    refunds.body.data.map((refund: Json) => [refund.amount, refund.merchant_refund_no]),
    [[5_000, id]],
  );
  await assertInvariants(platform);
  await found([]);
  assert.deepEqual(await state("R9"), [["open", null, -5_000n]]);
  const { body } = await platform.ops("GET", `/v1/ops/breaks/${id}`);
  assert.match(body.contradiction, /cannot be taken back/);
  assert.deepEqual((await books()).channel_receivable, undefined);
  const loss = await mei.propose(id, "loss");
  assert.equal((await lan.decide(loss, "approve")).status, 200);
  assert.deepEqual(await state("R9"), [["resolved", "loss", 0n]]);
  // The same is told again: what left is still gone, and the loss that bears it stands.
  await found([]);
  assert.deepEqual(await state("R9"), [["resolved", "loss", 0n]]);
  assert.deepEqual((await books()).channel_receivable, undefined);
  assert.deepEqual((await books()).loss, { "-": 5_000n });
});

test("what a later file has beyond what went back is decided anew, and only that is given back", async () => {
  const { found, state, books, idOf, shop } = await world();
  const { mei, jun } = people();
  const payment = await paid(shop, "R12");
  const told = (theirsAmount: bigint) => ({
    matchKey: "R12",
    kind: "amount" as const,
    side: "both" as const,
    theirsAmount,
    oursAmount: 5_000n,
    settleDifference: theirsAmount - 5_000n,
    feeDifference: 0n,
    paymentId: parseId("pay", payment.id),
  });
  await found([told(5_400n)]);
  const id = await idOf("R12");
  const decide = async (how: string) => {
    const decided = await jun.decide(await mei.propose(id, how), "approve");
    assert.equal(decided.status, 200, JSON.stringify(decided.body));
  };
  const givenBack = async () => {
    const { body } = await shop.api("GET", `/v1/refunds?payment=${payment.id}`);
    return body.data.reduce((sum: number, refund: Json) => sum + refund.amount, 0);
  };
  await decide("refund_buyer");
  assert.equal(await givenBack(), 400);
  await found([told(5_700n)]);
  assert.deepEqual(await state("R12"), [["open", null, 300n]]);
  const { body } = await mei.ask("POST", `/v1/ops/breaks/${id}/preview`, { resolution: "refund_buyer" });
  assert.equal(body.refund_amount, 300);
  await decide("pay_merchant");
  // The file is corrected back to what was given back: nothing is left, and nothing is held.
  await found([told(5_400n)]);
  assert.deepEqual(await state("R12"), [["resolved", "refund_buyer", 0n]]);
  await found([told(5_700n)]);
  await decide("refund_buyer");
  assert.equal(await givenBack(), 700);
  await found([]);
  assert.deepEqual(await state("R12"), [["open", null, -700n]]);
  await decide("recover_from_merchant");
  await found([told(5_400n)]);
  assert.deepEqual(await state("R12"), [["open", null, -300n]]);
  assert.deepEqual((await books()).channel_receivable, { [DATE]: 400n });
  await assertInvariants(platform);
});

test("a refund that is refused puts the break back on the list, to be decided otherwise", async () => {
  const { found, state, idOf, shop } = await world();
  const { mei, jun } = people();
  const payment = await paid(shop, "R10");
  const whole = await shop.api("POST", `/v1/payments/${payment.id}/refunds`, { merchant_refund_no: "R10" });
  assert.equal(whole.status, 201, JSON.stringify(whole.body));
  const paymentId = parseId("pay", payment.id);
  const amounts = { theirsAmount: 10_000n, oursAmount: 5_000n, settleDifference: 5_000n } as const;
  await found([{ matchKey: "R10", kind: "duplicate_theirs", side: "both", ...amounts, paymentId }]);
  const id = await idOf("R10");
  const refused = await jun.decide(await mei.propose(id, "refund_buyer"), "approve");
  assert.deepEqual([refused.status, refused.body.code], [409, "conflict"]);
  assert.match(refused.body.detail, /the refund was refused/);
  assert.deepEqual(await state("R10"), [["open", null, 5_000n]]);
  await assertInvariants(platform);
  assert.equal((await jun.decide(await mei.propose(id, "pay_merchant"), "approve")).status, 200);
  assert.deepEqual(await state("R10"), [["resolved", "pay_merchant", 0n]]);
  await found([]);
  assert.deepEqual(await state("R10"), [["voided", "undone", 0n]]);
});

test("the books are whole after all of it", () => assertInvariants(platform));
