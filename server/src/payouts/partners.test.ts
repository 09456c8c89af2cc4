import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY, HOUR } from "../kernel/clock.ts";
import type { Shop } from "../payments/testing/shop.ts";
import { AGENT, AGENT_NAME, type Earning, openEarning } from "./testing/earning.ts";
import { CONNECTION, endToEnd, type Office, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
let earning: Earning;
let tea: Shop;
let silk: Shop;
before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
  earning = await openEarning(platform, office);
  [tea, silk] = [await earning.shop(), await earning.shop()];
  await office.fund(1n, 500_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});

const sum = (owed: Record<string, number>) => Object.values(owed).reduce((total, one) => total + one, 0);
const settled = async (payoutId: string) => {
  await office.until(payoutId, "sent");
  await office.read();
  return office.until(payoutId, "succeeded");
};

test("a partner is paid from many merchants' books at once, and every book says so", async () => {
  await earning.paid(tea, 100_000);
  await earning.paid(silk, 40_000);
  const early = await earning.pay(AGENT);
  assert.deepEqual([early.status, early.body.code], [404, "not_found"]);
  await earning.partner(AGENT, AGENT_NAME);
  const today = await earning.pay(AGENT);
  assert.deepEqual([today.status, today.body.code], [422, "nothing_to_pay_out"], "the day is not over");
  await earning.nextDay();
  const { status, body: made } = await earning.pay(AGENT, { payout_no: "NOV", remark: "November" });
  assert.deepEqual([status, made.amount, made.fee, made.merchant], [201, 700, 0, null], JSON.stringify(made));
  assert.match(made.payee, /^prt_/);
  const again = await earning.pay(AGENT, { payout_no: "NOV", remark: "November" });
  assert.deepEqual([again.status, again.body.id], [200, made.id]);
  const other = await earning.pay(AGENT, { payout_no: "NOV" });
  assert.deepEqual([other.status, other.body.code, other.body.field], [409, "number_reused", "remark"]);
  assert.equal((await earning.pay(AGENT)).body.code, "nothing_to_pay_out", "it is in a payout already");

  await office.batch([made.id]);
  const sent = await office.until(made.id, "sent");
  assert.deepEqual(
    sent.sources.map((source: Json) => `${source.merchant} ${source.account} ${source.amount}`).toSorted(),
    [`${tea.id} partner_payable 500`, `${silk.id} partner_payable 200`].toSorted(),
  );
  assert.equal(await earning.balance(tea, "payout_clearing"), 500);
  await assertInvariants(platform);
  const done = await settled(made.id);
  assert.equal(done.bank_account.holder_name, AGENT_NAME);
  assert.equal((await office.entries()).find((entry) => entry.amount < 0)?.amount, -700);
  // What is left is the provider's, whom nobody has registered.
  assert.deepEqual(
    [await earning.balance(tea, "partner_payable"), await earning.balance(silk, "partner_payable")],
    [250, 100],
  );
  const { body: dues } = await platform.ops("GET", "/v1/ops/partner_dues");
  const shown = dues.data.map((row: Json) => [row.party, row.name, row.merchants, row.earned, row.owed]);
  assert.deepEqual(shown, [
    [AGENT, AGENT_NAME, 2, 700, 0],
    ["provider", null, 2, 350, 350],
  ]);
  const { body: first } = await platform.ops("GET", "/v1/ops/partner_dues?limit=1");
  const next = await platform.ops("GET", `/v1/ops/partner_dues?limit=1&cursor=${first.next_cursor}`);
  assert.deepEqual([next.body.data[0].party, next.body.next_cursor], ["provider", null]);
  const found = await platform.ops("GET", `/v1/ops/payouts?payee=${made.payee}`);
  assert.deepEqual(
    found.body.data.map((row: Json) => row.id),
    [made.id],
  );
  await assertInvariants(platform);
});

test("what the bank rejects and what comes back is owed again", async () => {
  await earning.paid(tea, 60_000);
  await earning.nextDay();
  const { body: one } = await earning.pay(AGENT);
  await office.fault("bank_rejects", { out_trade_no: endToEnd(one.id) }, { code: "AC01" });
  await office.batch([one.id]);
  await office.until(one.id, "rejected");
  assert.equal((await earning.owed(AGENT))[tea.id], 300);
  const { body: two } = await earning.pay(AGENT);
  assert.equal(two.amount, 300);
  await office.fault("bank_returns", { out_trade_no: endToEnd(two.id) }, { ms: 2 * HOUR, code: "AC04" });
  await office.batch([two.id]);
  await settled(two.id);
  assert.equal((await earning.owed(AGENT))[tea.id], 0);
  platform.clock.advance(2 * HOUR);
  while (!(await office.entries()).some(({ return_code: code }) => code === "AC04")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await office.read();
  const back = await office.until(two.id, "returned");
  assert.equal(back.failure.code, "AC04");
  assert.equal((await earning.owed(AGENT))[tea.id], 300);
  const { body: three } = await earning.pay(AGENT);
  const path = `/v1/ops/payouts/${three.id}/withdraw`;
  assert.equal((await platform.ops("POST", path, { reason: "Wrong month" })).body.status, "rejected");
  assert.equal((await earning.owed(AGENT))[tea.id], 300);
  await assertInvariants(platform);
});

test("what a refund takes back while a payout is on its way is carried to the next one", async () => {
  const payment = await earning.paid(silk, 50_000);
  await earning.nextDay();
  const { body: made } = await earning.pay(AGENT);
  assert.equal(made.amount, 300 + 250);
  await earning.refund(silk, payment, 50_000);
  await office.batch([made.id]);
  await settled(made.id);
  await earning.nextDay();
  const nothing = await earning.pay(AGENT);
  assert.deepEqual([nothing.status, nothing.body.code, nothing.body.payable], [422, "nothing_to_pay_out", 0]);
  assert.deepEqual(await earning.owed(AGENT), { [tea.id]: 0, [silk.id]: -250 });
  // The provider keeps what it has of the other payment: the book as a whole owes less than that.
  assert.equal(await earning.balance(silk, "partner_payable"), -250 + 100);
  await earning.paid(tea, 80_000);
  await earning.nextDay();
  const { body: next } = await earning.pay(AGENT);
  assert.equal(next.amount, 400 - 250, "the other book keeps it back");
  await office.batch([next.id]);
  await settled(next.id);
  assert.deepEqual(await earning.owed(AGENT), { [tea.id]: 250, [silk.id]: -250 });
  await assertInvariants(platform);
});

test("what is owed is in one payout, however many ask at once, and a part may be asked for", async () => {
  await earning.paid(tea, 20_000);
  await earning.nextDay();
  const asked = await Promise.all([earning.pay(AGENT), earning.pay(AGENT), earning.pay(AGENT)]);
  assert.deepEqual(asked.map(({ status }) => String(status)).toSorted(), ["201", "422", "422"]);
  const made = asked.find(({ status }) => status === 201)?.body;
  assert.equal(made.amount, 100);
  await platform.ops("POST", `/v1/ops/payouts/${made.id}/withdraw`, { reason: "Asked in the test" });
  const same = { payout_no: "ONE-AND-THE-SAME" };
  const alike = await Promise.all([earning.pay(AGENT, same), earning.pay(AGENT, same)]);
  assert.deepEqual(alike.map(({ status }) => String(status)).toSorted(), ["200", "201"]);
  assert.equal(alike[0]?.body.id, alike[1]?.body.id);
  await platform.ops("POST", `/v1/ops/payouts/${alike[0]?.body.id}/withdraw`, { reason: "In the test" });
  const more = await earning.pay(AGENT, { amount: 101 });
  assert.deepEqual([more.body.code, more.body.payable], ["insufficient_balance", 100]);
  const part = await earning.pay(AGENT, { amount: 60 });
  assert.deepEqual([part.status, part.body.amount], [201, 60]);
  assert.equal(sum(await earning.owed(AGENT)), 40);
  const terms = { currency: "CNY", minimum: 50, cool_down_hours: 24 };
  await office.approved(await platform.ops("PUT", `/v1/ops/partners/${AGENT}/payout_terms`, terms));
  const little = await earning.pay(AGENT);
  assert.deepEqual([little.status, little.body.code, little.body.minimum], [422, "amount_out_of_range", 50]);
  await assertInvariants(platform);
});

test("a payout that two approve at once is sent once, and never beyond the reserve", async () => {
  await earning.paid(tea, 9_000_000);
  await earning.paid(silk, 100_000_000);
  await earning.nextDay();
  const large = (await earning.pay(AGENT, { amount: 300_000 })).body;
  const larger = (await earning.pay(AGENT, { amount: 240_000 })).body;
  const proposed = [await office.propose([large.id]), await office.propose([larger.id])];
  const answers = await Promise.all(
    proposed.flatMap(({ body }) => [office.approve(body.approval.id), office.approve(body.approval.id)]),
  );
  const codes = answers.map(({ status, body }) => body.code ?? status);
  assert.ok(codes.includes(200) && codes.includes("reserve_insufficient"), codes.join());
  const { data } = (await platform.ops("GET", "/v1/ops/payouts?status=created")).body;
  const waiting = data.filter(({ batch }: Json) => batch !== null);
  assert.equal(waiting.length, 1, "one of the two is within the reserve");
  const gone = waiting[0].id === large.id ? larger : large;
  await settled(gone.id);
  const debits = (await office.entries()).filter((entry) => entry.end_to_end_id === endToEnd(gone.id));
  assert.equal(debits.length, 1);
  await assertInvariants(platform);
});

test("a partner with a new registered name is paid to an account in that name alone", async () => {
  await office.approved(await platform.ops("PUT", `/v1/ops/partners/${AGENT}`, { name: "Wang Agency" }));
  const refused = await earning.pay(AGENT, { amount: 50 });
  assert.deepEqual([refused.status, refused.body.code], [422, "bank_account_not_verified"]);
  const stranger = {
    currency: "CNY",
    holder_name: AGENT_NAME,
    number: "62220001",
    bank_code: "102100099996",
  };
  const entered = await platform.ops("POST", `/v1/ops/partners/${AGENT}/bank_accounts`, stranger);
  assert.deepEqual([entered.status, entered.body.field], [400, "holder_name"]);
  await earning.partner(AGENT, "Wang Agency", "6222020000000007002");
  // A changed account waits, and the one before is in another name.
  assert.equal((await earning.pay(AGENT, { amount: 50 })).status, 422);
  platform.clock.advance(DAY);
  const { status, body } = await earning.pay(AGENT, { amount: 50 });
  assert.deepEqual([status, body.bank_account.holder_name], [201, "Wang Agency"], JSON.stringify(body));
  const own = await platform.api("GET", "/v1/payouts");
  assert.deepEqual(own.body.data, [], "they are no merchant's payouts");
  assert.equal((await platform.api("GET", `/v1/payouts/${body.id}`)).status, 404);
  assert.equal((await office.propose([body.id])).body.batch.connection, CONNECTION);
});

test("no partner is paid while clients have paid for the platform: the platform owes it", async () => {
  const made = await earning.pay(AGENT, { payout_no: "BEFORE", amount: 50 });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await office.fund(100_000_000n, 0n);
  const refused = await earning.pay(AGENT, { amount: 50 });
  assert.deepEqual([refused.status, refused.body.code, refused.body.field], [409, "conflict", "currency"]);
  assert.ok(refused.body.missing > 0);
  const again = await earning.pay(AGENT, { payout_no: "BEFORE", amount: 50 });
  assert.deepEqual([again.status, again.body.id], [200, made.body.id], "its answer was lost, it is made");
});
