import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { daysOn } from "../dayclose/testing/days.ts";
import { openFeeOffice, plainTerms } from "../fees/testing.ts";
import { DAY, MINUTE } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { type Id, parseId } from "../kernel/ids.ts";
import { addAccount, openShop, type Shop } from "../payments/testing/shop.ts";
import { costPaidAction } from "./costs/service.ts";
import { type Earning, openEarning } from "./testing/earning.ts";
import { CONNECTION, type Office, openOffice } from "./testing/office.ts";

const OWN_ACCOUNT = "31050161000000000002";
const EVIDENCE = "Invoice 2026-10 of the channel";

let platform: TestPlatform;
let office: Office;
let shop: Shop;
let idle: string;
let earning: Earning;
let month: string;
const days = daysOn(() => platform);

before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
  await office.another("own", OWN_ACCOUNT, "own");
  await credit(50_000);
  await office.approved(
    await platform.ops("POST", "/v1/ops/own_money", { ...(await entry(50_000)), ...why }),
  );
  shop = await openShop(platform, { cost_settlement: "gross", cost_returned_on_refund: true });
  idle = await addAccount(platform, shop, { label: "idle" });
});
after(async () => {
  await office.close();
  await platform.stop();
});

const why = { evidence: EVIDENCE };
const move = (way: "credit" | "debit", amount: number) =>
  platform.sandbox("POST", `/bank/${way}`, { account: OWN_ACCOUNT, amount, name: "Alipay" });
const credit = async (amount: number) => {
  await move("credit", amount);
  await office.read(OWN_ACCOUNT);
};
const debit = async (amount: number) => {
  await move("debit", amount);
  await office.read(OWN_ACCOUNT);
};

/** The newest entry of that amount that nobody has placed. */
async function entry(amount: number, connection = "own"): Promise<Json> {
  const { data } = (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced&limit=100")).body;
  const found = data.find((row: Json) => row.connection === connection && row.amount === amount);
  assert.ok(found, `no entry of ${amount} waits in ${JSON.stringify(data)}`);
  return { connection, entry_ref: found.entry_ref };
}

/** The day is closed with its statements, and its month is over and closed. */
async function nextMonth(): Promise<void> {
  const date = await days.next();
  await days.closeInTheMorning(date);
  const { chain } = await days.report(date);
  assert.ok(chain.length > 0 && chain.every((row: Json) => row.ties), JSON.stringify(chain));
  const open = days.today();
  if (!open.startsWith(date.slice(0, 7))) return;
  while (days.today().startsWith(date.slice(0, 7))) platform.clock.advance(DAY);
  for (let looks = 0; (await days.shown(open)) === undefined; looks += 1) {
    assert.ok(looks < 400, "the day goes on");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await days.close(open);
}

const cost = (amount: number, changes: Json = {}) => ({
  channel_account: shop.channelAccountId,
  month,
  amount,
  ...changes,
});
const say = async (named: Json, costs: readonly Json[]) =>
  platform.ops("POST", "/v1/ops/channel_cost_payments", { ...named, costs, ...why });
const shown = async (account: string): Promise<Json> => {
  const { body } = await platform.ops("GET", `/v1/ops/channel_cost_months?month=${month}&limit=100`);
  const row = body.data.find((one: Json) => one.channel_account === account);
  return [row.charged, row.minimum, row.paid, row.owed];
};
const payments = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/channel_cost_payments")).body.data;

test("what a channel bills apart is owed when its month is closed, with the month's minimum", async () => {
  month = days.today().slice(0, 7);
  const fees = await openFeeOffice(platform);
  const terms = plainTerms(6_000, { monthly_minimum: 400 });
  const place = { method: null, currency: "CNY", effective_from: days.today() };
  await fees.set("cost", { ...place, channel_account_id: idle, terms });
  earning = await openEarning(platform, office, fees);
  const payment = await earning.paid(shop, 100_000);
  await earning.refund(shop, payment, 25_000);
  assert.equal(await earning.balance(shop, "channel_cost_payable"), 450);
  const early = await platform.ops("GET", `/v1/ops/channel_cost_months?month=${month}`);
  assert.deepEqual([early.status, early.body.field], [409, "query.month"]);
  await debit(300);
  const soon = await say(await entry(-300), [cost(300)]);
  assert.deepEqual([soon.status, soon.body.field], [409, "costs.0.month"]);
  await nextMonth();
  assert.deepEqual(await shown(shop.channelAccountId), [450, 0, 0, 450]);
  assert.deepEqual(await shown(idle), [0, 400, 0, 400]);
  const path = `/v1/ops/channel_cost_months?month=${month}`;
  const { body: all } = await platform.ops("GET", `${path}&limit=100`);
  const paged: Json[] = [];
  for (let cursor = ""; ; ) {
    const { body: page } = await platform.ops("GET", `${path}&limit=1${cursor}`);
    paged.push(...page.data);
    if (page.next_cursor === null) break;
    cursor = `&cursor=${page.next_cursor}`;
  }
  assert.deepEqual(paged, all.data);
  const foreign = Buffer.from('["2026","CNY"]').toString("base64url");
  for (const list of [path, "/v1/ops/bank_differences?limit=9"]) {
    const { status, body } = await platform.ops("GET", `${list}&cursor=${foreign}`);
    assert.deepEqual([status, body.code], [400, "cursor_invalid"], list);
  }
  await assertInvariants(platform);
});

test("a debit of our own account pays it when two people say so, and never more than is owed", async () => {
  const named = await entry(-300);
  const wrong = [
    [await say(named, [cost(299)]), 400, "invalid_request", "costs"],
    [await say(named, [cost(100), cost(200)]), 400, "invalid_request", "costs"],
    [await say(named, [cost(300, { month: "2026-13" })]), 400, "invalid_request", "costs.0.month"],
    [await say(named, [cost(300, { month: "2020-01" })]), 422, "cost_not_owed", "costs.0.amount"],
    [await say({ ...named, connection: CONNECTION }, [cost(300)]), 404, "not_found", undefined],
  ] as const;
  for (const [{ status, body }, ...meant] of wrong) {
    assert.deepEqual([status, body.code, body.field], meant, JSON.stringify(body));
  }
  const proposal = await say(named, [cost(300)]);
  assert.equal(proposal.status, 202, JSON.stringify(proposal.body));
  const alone = await platform.ops("POST", `/v1/ops/approvals/${proposal.body.id}/approve`);
  assert.equal(alone.body.code, "second_person_required");
  await office.approved(proposal);
  assert.deepEqual(await shown(shop.channelAccountId), [450, 0, 300, 150]);
  await assertInvariants(platform);

  await debit(151);
  const over = await say(await entry(-151), [cost(151)]);
  assert.deepEqual([over.status, over.body.code, over.body.owed], [422, "cost_not_owed", 150]);
  assert.match(over.body.detail, /1\.51 CNY is more than the 1\.50 CNY owed for/);
  // The entry pays two accounts, of which one owes nothing but its minimum.
  const both = await say(await entry(-151), [cost(150), cost(1, { channel_account: idle })]);
  await office.approved(both);
  assert.deepEqual(await shown(shop.channelAccountId), [450, 0, 450, 0]);
  assert.deepEqual(await shown(idle), [0, 400, 1, 399]);
  const [newest] = await payments();
  assert.deepEqual(
    newest.costs.flatMap(({ amount, of_minimum }: Json) => [amount, of_minimum]),
    newest.costs.flatMap((one: Json) => (one.channel_account === idle ? [1, 1] : [150, 0])),
  );
  const of = await platform.ops("GET", `/v1/ops/channel_cost_payments?channel_account=${idle}&limit=1`);
  assert.deepEqual([of.body.data[0].id, of.body.next_cursor], [newest.id, null]);
  await assertInvariants(platform);
});

test("two payments of one month that are approved at once pay it once", async () => {
  await debit(250);
  await debit(260);
  const proposals = [
    await say(await entry(-250), [cost(250, { channel_account: idle })]),
    await say(await entry(-260), [cost(260, { channel_account: idle })]),
  ];
  const done = await Promise.all(proposals.map(({ body }) => office.approve(body.id)));
  assert.deepEqual(done.map(({ status }) => String(status)).toSorted(), ["200", "409"]);
  const [, , paid, owed] = await shown(idle);
  assert.ok(paid === 251 || paid === 261, String(paid));
  assert.equal(paid + owed, 400);
  await assertInvariants(platform);
});

test("a payment that the bank sends back is owed again, and only once", async () => {
  const [, , before] = await shown(shop.channelAccountId);
  assert.equal(before, 450);
  const payment = (await payments()).find(({ amount }) => amount === 300);
  await credit(299);
  await credit(300);
  const path = `/v1/ops/channel_cost_payments/${payment.id}/return`;
  const other = await platform.ops("POST", path, { ...(await entry(299)), ...why });
  assert.deepEqual([other.status, other.body.field], [400, "entry_ref"]);
  const proposal = await platform.ops("POST", path, { ...(await entry(300)), ...why });
  await office.approved(proposal);
  assert.deepEqual(await shown(shop.channelAccountId), [450, 0, 150, 300]);
  assert.equal((await platform.ops("POST", path, { ...(await entry(299)), ...why })).status, 409);
  assert.equal((await payments()).find(({ id }) => id === payment.id)?.returned_on, days.today());
  await assertInvariants(platform);
  await debit(300);
  await office.approved(await say(await entry(-300), [cost(300)]));
  assert.deepEqual(await shown(shop.channelAccountId), [450, 0, 450, 0]);
  // What was paid and came back later changes no month that is over, and no chain of its own day.
  await earning.paid(shop, 100_000);
  await nextMonth();
  assert.deepEqual(await shown(shop.channelAccountId), [450, 0, 450, 0]);
  await assertInvariants(platform);
});

test("a month is paid as it was invoiced, whatever later dates gave back, and comes back so", async () => {
  const first = month;
  const payment = await earning.paid(shop, 200_000);
  month = days.today().slice(0, 7);
  await nextMonth();
  const [charged, , , owed] = await shown(shop.channelAccountId);
  assert.deepEqual([charged, owed], [1_200, 1_200]);
  await earning.refund(shop, payment, 200_000);
  const payable = () => earning.balance(shop, "channel_cost_payable");
  const before = await payable();
  assert.ok(before < 1_200, String(before));
  await debit(1_200);
  await office.approved(await say(await entry(-1_200), [cost(1_200)]));
  assert.deepEqual(await shown(shop.channelAccountId), [1_200, 0, 1_200, 0]);
  assert.equal(await payable(), before - 1_200);
  await assertInvariants(platform);
  const [paid] = await payments();
  await credit(1_200);
  const path = `/v1/ops/channel_cost_payments/${paid.id}/return`;
  await office.approved(await platform.ops("POST", path, { ...(await entry(1_200)), ...why }));
  assert.equal(await payable(), before);
  await assertInvariants(platform);
  month = first;
});

test("a process that dies between the two books loses nothing: a worker books the bank's side", async () => {
  await debit(40);
  const proposal = await say(await entry(-40), [cost(40, { channel_account: idle })]);
  assert.equal(proposal.status, 202, JSON.stringify(proposal.body));
  const { cell } = office.deps;
  let transactions = 0;
  const dying: typeof cell = {
    ...cell,
    transact: (...work) => {
      transactions += 1;
      if (transactions > 1) throw new Error("it died");
      return cell.transact(...work);
    },
  };
  const merchantId = parseId("mch", shop.id) as Id;
  const channels = { account: async (id: Id) => ({ id, merchantId }) as Json };
  const action = costPaidAction({ ...office.deps, cell: dying, channels });
  const approval = { payload: proposal.body.payload, id: parseId("apr", proposal.body.id) } as Json;
  const transact = async () => assert.fail(problem("overloaded"));
  const busy = costPaidAction({ ...office.deps, cell: { ...cell, transact }, channels });
  await assert.rejects(busy.carryOut(approval), { code: "overloaded" }, "a refusal would be for good");
  await assert.rejects(action.carryOut(approval), /it died/);
  await assertInvariants(platform);
  const booked = sql("test_costs_due", "select id from channel_cost_payments where due_at is not null");
  assert.equal((await cell.db.all(booked)).length, 1);
  for (let looks = 0; (await cell.db.all(booked)).length > 0; looks += 1) {
    assert.ok(looks < 200, "no worker books it");
    platform.clock.advance(MINUTE);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await office.approved(proposal);
  assert.equal((await payments()).filter(({ amount }) => amount === 40).length, 1);
  await assertInvariants(platform);
});
