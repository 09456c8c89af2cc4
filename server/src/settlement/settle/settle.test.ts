import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shiftDate } from "../../kernel/dates.ts";
import type { AccountCode } from "../../ledger/index.ts";
import { makeBills } from "../bills/service.ts";
import { approveSettlement, holdSettlement, markPaid, releaseSettlement } from "../states.ts";
import { itemsOf, settlementsOfMerchant } from "../store.ts";
import { createWorld, type Merchant, type World } from "../testing/world.ts";
import type { SettleDeps } from "./deps.ts";
import { settleDate } from "./run.ts";

let world: World;
before(async () => {
  world = await createWorld();
});
after(() => world.close());

const goOn = async () => {};
const settle = (date: string) => settleDate(world, date, goOn);
const of = (merchant: Merchant) =>
  settlementsOfMerchant(
    world.cell.db,
    { merchantId: merchant.id, currency: null },
    { before: null, limit: 100 },
  );
const person = {
  operator: {
    id: "00000000-0000-7000-8000-000000000001",
    name: "Ming",
    roles: ["finance"],
    status: "active",
  },
  requestId: "r",
  idempotency: null,
} as never;
const states = () => ({ ...world, operators: { auditAlone: async () => {} } });

async function closeAndSettle() {
  return settle(await world.closeDay());
}

test("a merchant gets what a closed date brought, less its fees, once", async () => {
  const merchant = await world.merchant();
  await merchant.paid(10_000n, 60n);
  const { payment } = await merchant.paid(5_000n, 30n);
  await merchant.refunded(payment, 1_000n);
  const date = await world.closeDay();
  await merchant.paid(777n);
  const result = await settle(date);
  assert.equal(result.outcomes.settled, 1);
  assert.equal(await merchant.balance("merchant_available"), 13_910n);
  assert.equal(await merchant.balance("merchant_pending"), 777n);
  const [only, ...more] = await of(merchant);
  assert.deepEqual(more, []);
  assert.deepEqual([only?.items, only?.amount, only?.state, only?.kind], [3, 13_910n, "approved", "regular"]);
  const items = await itemsOf(world.cell.db, only?.id ?? "", { after: null, limit: 10 });
  assert.deepEqual(
    items.map(({ amount }) => amount).sort((a, b) => Number(a - b)),
    [-1_000n, 4_970n, 9_940n],
  );
  assert.deepEqual(await settle(date), result);
  assert.equal(await merchant.balance("merchant_available"), 13_910n);
  assert.deepEqual(await world.violations(), []);
});

test("the open date is not settled, and has no bills", async () => {
  await assert.rejects(settle(await world.today()), RangeError);
  await assert.rejects(makeBills(world, await world.today(), goOn), RangeError);
});

test("a refund of the open date does not let a merchant be paid what it gave back", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(10_000n);
  const date = await world.closeDay();
  await merchant.refunded(payment, 4_000n);
  await settle(date);
  assert.equal(await merchant.balance("merchant_pending"), 0n);
  assert.equal(await merchant.balance("merchant_available"), 6_000n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 6_000n);
  assert.equal((await of(merchant)).length, 1);
  assert.deepEqual(await world.violations(), []);
});

test("a refund of the open date that new payments cover is settled with its own date", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(10_000n);
  const date = await world.closeDay();
  await merchant.paid(9_000n);
  await merchant.refunded(payment, 4_000n);
  await settle(date);
  assert.equal(await merchant.balance("merchant_available"), 10_000n);
  assert.equal(await merchant.balance("merchant_pending"), 5_000n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 15_000n);
  assert.deepEqual(await world.violations(), []);
});

test("less than the minimum is carried until it is enough", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { minimumAmount: 1_000n });
  await merchant.paid(600n);
  assert.equal((await closeAndSettle()).outcomes.below_minimum, 1);
  assert.deepEqual(await of(merchant), []);
  await merchant.paid(400n);
  await closeAndSettle();
  const [only] = await of(merchant);
  assert.deepEqual([only?.items, only?.amount], [2, 1_000n]);
  assert.deepEqual(await world.violations(), []);
});

test("a negative sum is carried and set off against later payments", async () => {
  const merchant = await world.merchant();
  await merchant.book("dispute_opened", [
    { account: merchant.account("merchant_pending"), debit: 900n },
    { account: merchant.account("channel_receivable"), credit: 900n },
  ]);
  assert.equal((await closeAndSettle()).outcomes.negative, 1);
  assert.equal(await merchant.balance("merchant_pending"), -900n);
  await merchant.paid(2_000n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 1_100n);
  assert.deepEqual(await world.violations(), []);
});

test("what a merchant owes is taken first, then the reserve, which comes back after its term", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { reserveRateMillionths: 100_000n, reserveDays: 2 });
  const first = await merchant.paid(1_000n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 900n);
  assert.equal(await merchant.refunded(first.payment, 1_000n, 500n), "posted");
  assert.equal(await merchant.balance("merchant_receivable"), 100n);
  await merchant.paid(10_005n);
  const date = await world.closeDay();
  await settle(date);
  assert.equal(await merchant.balance("merchant_receivable"), 0n);
  const [second] = await of(merchant);
  assert.deepEqual([second?.recovered, second?.reserved, second?.available], [100n, 1_001n, 8_904n]);
  assert.equal(await merchant.balance("merchant_reserve"), 1_101n);
  assert.equal((await closeAndSettle()).reservesReleased, 1);
  assert.equal(await merchant.balance("merchant_reserve"), 1_001n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_reserve"), 0n);
  assert.equal(await merchant.balance("merchant_available"), 8_904n + 1_101n);
  assert.deepEqual(await world.violations(), []);
});

test("a reserve whose term is over pays first what the merchant has come to owe", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { reserveRateMillionths: 100_000n, reserveDays: 2 });
  const first = await merchant.paid(1_000n);
  await closeAndSettle();
  assert.equal(await merchant.refunded(first.payment, 960n, 500n), "posted");
  assert.equal(await merchant.balance("merchant_receivable"), 60n);
  for (let days = 0; days < 3; days += 1) await closeAndSettle();
  assert.equal(await merchant.balance("merchant_reserve"), 0n);
  assert.equal(await merchant.balance("merchant_receivable"), 0n);
  assert.equal(await merchant.balance("merchant_available"), 40n);
  assert.deepEqual(await world.violations(), []);
});

test("an item whose payment has a break waits, and settles apart when the break has ended", async () => {
  const merchant = await world.merchant();
  const odd = await merchant.paid(3_000n);
  await merchant.paid(500n);
  const one = { id: world.cell.newId(), merchantId: merchant.id, paymentId: odd.payment, isOpen: true };
  world.breaks.push(one);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 500n);
  const held = await world.sql(
    "select kind, reason, held_by from settlement_holds where released_at is null",
  );
  assert.equal(held.length, 1);
  assert.equal(held[0]?.kind, "break");
  world.breaks.splice(world.breaks.indexOf(one), 1);
  await merchant.paid(70n);
  await closeAndSettle();
  const kinds = (await of(merchant)).map(({ kind, amount }) => `${kind} ${amount}`).sort();
  assert.deepEqual(kinds, ["regular 500", "regular 70", "supplementary 3000"]);
  assert.deepEqual(await world.violations(), []);
});

test("everything that a payment with a break has brought waits, however many items it is", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(3_000n);
  await merchant.refunded(payment, 1_000n);
  await merchant.book(
    "refund_failed",
    [
      { account: merchant.account("refund_clearing"), debit: 1_000n },
      { account: merchant.account("merchant_pending"), credit: 1_000n },
    ],
    { subjectId: payment },
  );
  await merchant.paid(1_500n);
  const one = { id: world.cell.newId(), merchantId: merchant.id, paymentId: payment, isOpen: true };
  world.breaks.push(one);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 500n);
  const held = await world.sql(
    `select 1 from settlement_holds
     where released_at is null and account_id = '${merchant.account("merchant_pending")}'`,
  );
  assert.equal(held.length, 2);
  world.breaks.splice(world.breaks.indexOf(one), 1);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 4_500n);
  assert.deepEqual(await world.violations(), []);
});

test("what is left of a payment that is still to be split waits until it is", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(3_000n);
  await merchant.paid(1_500n);
  const share = [
    { account: merchant.account("merchant_pending"), debit: 1_000n },
    { account: merchant.account("receiver_pending"), credit: 1_000n },
  ];
  await merchant.book("share_booked", share, { subjectId: payment });
  world.splitting.push(payment);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 1_500n);
  assert.deepEqual(await sharingHolds(merchant), [
    { held: true, note: null },
    { held: true, note: null },
  ]);
  await merchant.refunded(payment, 500n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 1_500n);
  world.splitting.splice(0);
  await closeAndSettle();
  const note = "nothing of it waits to be split";
  assert.deepEqual(
    await sharingHolds(merchant),
    Array.from({ length: 3 }, () => ({ held: false, note })),
  );
  assert.equal(await merchant.balance("merchant_available"), 3_000n);
  assert.deepEqual(await world.violations(), []);
});

test("of a payment that went back whole nothing is frozen, whenever it went", async () => {
  const merchant = await world.merchant();
  const [first, second] = [await merchant.paid(3_000n), await merchant.paid(2_000n)];
  await merchant.paid(1_500n);
  await merchant.refunded(first.payment, 3_000n);
  world.splitting.push(first.payment, second.payment);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 1_500n);
  assert.deepEqual(await sharingHolds(merchant), [{ held: true, note: null }]);
  await merchant.refunded(second.payment, 2_000n);
  await merchant.paid(100n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 1_600n);
  assert.equal(await merchant.balance("merchant_pending"), 0n);
  world.splitting.splice(0);
  assert.deepEqual(await world.violations(), []);
});

test("what a person lets go of settles with its refunds, though the splitting goes on", async () => {
  const merchant = await world.merchant();
  const { payment, journal } = await merchant.paid(3_000n);
  await merchant.refunded(payment, 1_000n);
  world.splitting.push(payment);
  await closeAndSettle();
  assert.equal((await sharingHolds(merchant)).length, 2);
  await world.sql(
    `update settlement_holds set released_at = now(), released_by = '${world.cell.newId()}'
     where journal_id = '${journal}'`,
  );
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 2_000n);
  assert.equal((await sharingHolds(merchant)).filter(({ held }) => held).length, 0);
  world.splitting.splice(0);
  assert.deepEqual(await world.violations(), []);
});

test("what a settlement took along stays held where it comes to nothing", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(3_000n);
  const other = await merchant.paid(500n);
  const share = [
    { account: merchant.account("merchant_pending"), debit: 1_000n },
    { account: merchant.account("receiver_pending"), credit: 1_000n },
  ];
  await merchant.book("share_booked", share, { subjectId: payment });
  world.splitting.push(payment);
  const date = await world.closeDay();
  // Pending money is short of the 500 that are due, so all that went out is looked at: the share too.
  await merchant.refunded(other.payment, 500n);
  await merchant.refunded(payment, 1_800n);
  await settle(date);
  assert.deepEqual(await of(merchant), []);
  const held = { held: true, note: null };
  assert.deepEqual(await sharingHolds(merchant), [held, held]);
  world.splitting.splice(0);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 200n);
  assert.deepEqual(await world.violations(), []);
});

test("what came back of a share may be let go of alone: its payment stays held", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(3_000n);
  const moves = (from: AccountCode, to: AccountCode, amount: bigint) => [
    { account: merchant.account(from), debit: amount },
    { account: merchant.account(to), credit: amount },
  ];
  const about = { subjectId: payment };
  await merchant.book("share_booked", moves("merchant_pending", "receiver_pending", 1_000n), about);
  const back = moves("receiver_pending", "merchant_pending", 60n);
  const returned = await merchant.book("share_return_booked", back, about);
  world.splitting.push(payment);
  await closeAndSettle();
  assert.equal((await sharingHolds(merchant)).length, 3);
  await world.sql(
    `update settlement_holds set released_at = now(), released_by = '${world.cell.newId()}'
     where journal_id = '${returned}'`,
  );
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 60n);
  assert.equal((await sharingHolds(merchant)).filter(({ held }) => held).length, 2);
  world.splitting.splice(0);
  assert.deepEqual(await world.violations(), []);
});

function sharingHolds(merchant: Merchant) {
  return world.sql(
    `select released_at is null as held, release_note as note from settlement_holds
     where kind = 'sharing' and account_id = '${merchant.account("merchant_pending")}'`,
  );
}

test("a splitting that goes on holds what a break held before", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(3_000n);
  world.breaks.push({ id: world.cell.newId(), merchantId: merchant.id, paymentId: payment, isOpen: true });
  world.splitting.push(payment);
  await closeAndSettle();
  world.breaks.splice(0);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 0n);
  world.splitting.splice(0);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 3_000n);
});

test("a payment that the channel took back waits for a person", async () => {
  const merchant = await world.merchant();
  const { attempt, payment } = await merchant.paid(3_000n);
  await merchant.book(
    "reversed_by_channel",
    [
      { account: merchant.account("suspense_shortage"), debit: 3_000n },
      { account: merchant.account("channel_receivable"), credit: 3_000n },
    ],
    { sourceId: attempt, subjectId: payment },
  );
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 0n);
  const held = await world.sql("select kind from settlement_holds where kind = 'channel_reversal'");
  assert.equal(held.length, 1);
  await world.sql(
    `update settlement_holds set released_at = now(), released_by = '${world.cell.newId()}'
     where kind = 'channel_reversal'`,
  );
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 3_000n);
});

test("it waits no longer once it was decided who bears what the channel took", async () => {
  const merchant = await world.merchant();
  const { attempt, payment } = await merchant.paid(3_000n);
  const took = [
    { account: merchant.account("suspense_shortage"), debit: 3_000n },
    { account: merchant.account("channel_receivable"), credit: 3_000n },
  ];
  await merchant.book("reversed_by_channel", took, { sourceId: attempt, subjectId: payment });
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 0n);
  // The merchant does: both are settled, and come to nothing.
  const bears = [
    { account: merchant.account("merchant_pending"), debit: 3_000n },
    { account: merchant.account("suspense_shortage"), credit: 3_000n },
  ];
  await merchant.book("resolution_from_merchant", bears, { subjectId: payment });
  world.decided.push(attempt);
  await merchant.paid(500n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 500n);
  assert.equal(await merchant.balance("merchant_pending"), 0n);
  const pending = merchant.account("merchant_pending");
  const held = `select release_note from settlement_holds where account_id = '${pending}'`;
  assert.deepEqual(
    (await world.sql(held)).map((row) => row.release_note),
    ["it was decided who bears what the channel took"],
  );
  assert.deepEqual(await world.violations(), []);
});

test("what settles when it is reconciled waits for its own scope, refunds wait for nothing", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { basis: "on_reconciled" });
  const { payment } = await merchant.paid(3_000n);
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 0n);
  await merchant.refunded(payment, 1_000n);
  const date = await world.closeDay();
  const before = shiftDate(date, -1);
  await settle(date);
  assert.deepEqual(await of(merchant), []);
  world.explained.push({ channelAccountId: merchant.channelAccountId, channelDate: before });
  await closeAndSettle();
  const [only] = await of(merchant);
  assert.deepEqual([only?.amount, only?.items, only?.kind], [2_000n, 2, "regular"]);
  assert.deepEqual(await world.violations(), []);
});

test("what settles when the funds are here waits for them", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { basis: "on_funds_received" });
  const date = await world.today();
  await merchant.paid(3_000n);
  await closeAndSettle();
  assert.deepEqual(await of(merchant), []);
  world.received.push({ channelAccountId: merchant.channelAccountId, channelDate: date });
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 3_000n);
});

test("the money of one currency says nothing of another that the same account takes", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { basis: "on_funds_received" });
  await merchant.paid(300n);
  const date = await world.closeDay();
  const dollarsAreHere: SettleDeps["readings"] = {
    ...world.readings,
    fundsReceived: async (scopes) => scopes.map((scope) => ({ ...scope, currency: "USD" })),
  };
  await settleDate({ ...world, readings: dollarsAreHere }, date, goOn);
  assert.equal(await merchant.balance("merchant_available"), 0n);
  world.received.push({ channelAccountId: merchant.channelAccountId, channelDate: date });
  await closeAndSettle();
  assert.equal(await merchant.balance("merchant_available"), 300n);
});

test("T+3 in calendar days settles on the third day, refunds in between are set off", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { days: 3 });
  const { payment } = await merchant.paid(3_000n);
  await closeAndSettle();
  await merchant.refunded(payment, 1_000n);
  await closeAndSettle();
  assert.deepEqual(await of(merchant), []);
  await closeAndSettle();
  assert.deepEqual(
    (await of(merchant)).map(({ amount, items }) => [amount, items]),
    [[2_000n, 2]],
  );
  assert.deepEqual(await world.violations(), []);
});

test("a merchant whose calendar ends waits, named with the remedy, and settles later", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { dayKind: "business", calendar: "ZZ" });
  await merchant.paid(3_000n);
  const date = await world.closeDay();
  const { waiting } = await settle(date);
  assert.equal(waiting.length, 1);
  assert.match(waiting[0]?.reason ?? "", /no calendar ZZ for \d{4} yet: load it by PUT/);
  const years = [date, shiftDate(date, 40)].map((day) => Number(day.slice(0, 4)));
  for (const year of new Set(years)) {
    await world.sql(
      `insert into platform.business_years values ('ZZ', ${year}, 1, '{}',
         array(
           select d::date
           from generate_series('${year}-01-01'::date, '${year}-12-31', '1 day') d
           where extract(isodow from d) > 5
         ), 'test')`,
    );
  }
  assert.deepEqual((await settle(date)).waiting, []);
  assert.equal(await merchant.balance("merchant_available"), 3_000n);
});

test("a settlement above its policy's limit waits for a person; held it cannot be approved", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { personAbove: 1_000n });
  const { payment } = await merchant.paid(3_000n);
  await closeAndSettle();
  const [open] = await of(merchant);
  assert.deepEqual([open?.state, open?.journalId], ["open", null]);
  assert.equal(await merchant.balance("merchant_pending"), 3_000n);
  assert.deepEqual(await world.violations(), []);
  const id = open?.id ?? "";
  await holdSettlement(states(), person, id, "asked the merchant");
  await assert.rejects(approveSettlement(states(), person, id), { code: "conflict" });
  await releaseSettlement(states(), person, id);
  await merchant.refunded(payment, 500n);
  const approved = await approveSettlement(states(), person, id);
  assert.deepEqual([approved.state, approved.amount, approved.items], ["approved", 2_500n, 2]);
  assert.equal(await merchant.balance("merchant_available"), 2_500n);
  assert.equal(await merchant.balance("merchant_pending"), 0n);
  const [paid] = await markPaid(world, [id]);
  assert.equal(paid?.state, "paid");
  assert.deepEqual(await world.violations(), []);
});

test("an open settlement's money is not settled a second time by a later date", async () => {
  const merchant = await world.merchant();
  await world.policy(merchant, { personAbove: 1_000n });
  const { payment } = await merchant.paid(3_000n);
  await closeAndSettle();
  await merchant.paid(900n);
  await merchant.refunded(payment, 800n);
  await closeAndSettle();
  const [later, first] = await of(merchant);
  assert.deepEqual([first?.state, first?.amount], ["open", 3_000n]);
  assert.deepEqual([later?.state, later?.amount], ["approved", 100n]);
  assert.equal(await merchant.balance("merchant_pending"), 3_000n);
  assert.deepEqual(await world.violations(), []);
});

test("what a resolution brings for an earlier date settles apart", async () => {
  const merchant = await world.merchant();
  await merchant.paid(300n);
  const today = await world.today();
  await merchant.book(
    "resolution_pay_merchant",
    [
      { account: merchant.account("suspense_surplus"), debit: 800n },
      { account: merchant.account("merchant_pending"), credit: 800n },
    ],
    { originalDate: shiftDate(today, -4) },
  );
  await closeAndSettle();
  const kinds = (await of(merchant)).map(({ kind, amount }) => `${kind} ${amount}`).sort();
  assert.deepEqual(kinds, ["regular 300", "supplementary 800"]);
  assert.equal(await merchant.balance("merchant_available"), 1_100n);
  assert.deepEqual(await world.violations(), []);
});

test("items that cancel each other are closed without a journal", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(3_000n);
  await merchant.refunded(payment, 3_000n);
  await closeAndSettle();
  const [only] = await of(merchant);
  assert.deepEqual([only?.state, only?.items, only?.amount, only?.journalId], ["paid", 2, 0n, null]);
  assert.deepEqual(await world.violations(), []);
});

test("dates that no run settled are made up for by the next one", async () => {
  const merchant = await world.merchant();
  await merchant.paid(100n);
  await world.closeDay();
  await merchant.paid(200n);
  await world.closeDay();
  await merchant.paid(300n);
  await closeAndSettle();
  assert.deepEqual(
    (await of(merchant)).map(({ amount, items }) => [amount, items]),
    [[600n, 3]],
  );
  assert.deepEqual(await world.violations(), []);
});
