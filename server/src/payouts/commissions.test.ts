import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { daysOn } from "../dayclose/testing/days.ts";
import { MINUTE } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { type Id, parseId } from "../kernel/ids.ts";
import { openShop, type Shop } from "../payments/testing/shop.ts";
import { receiveAction } from "./commission/receipts.ts";
import { type Earning, openEarning } from "./testing/earning.ts";
import { type Office, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
let earning: Earning;
let shop: Shop;
const days = daysOn(() => platform);

const MAPPING = {
  kind: "commission",
  format: "csv",
  columns: { number: "number", at: "at", kind: "kind", amount: "amount" },
  currency: "CNY",
  date_format: "yyyy-MM-dd HH:mm:ss",
  kinds: { 返佣: { kind: "commission" }, 退佣: { kind: "commission_back", negate: true } },
};

before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
  earning = await openEarning(platform, office);
  shop = await openShop(platform, { fund_flow: "direct_to_merchant" });
  const { status, body } = await platform.ops("PUT", "/v1/ops/statement_mappings/commission", MAPPING);
  assert.ok(status < 300, JSON.stringify(body));
});
after(async () => {
  await office.close();
  await platform.stop();
});

/** `kind number amount`, in the order of the file; sent in, and read by the worker. */
async function send(
  date: string,
  rows: readonly (readonly [kind: string, number: string, amount: string])[],
  account = shop.channelAccountId,
): Promise<Json> {
  const lines = rows.map(([kind, number, amount]) => `${number},${date} 12:00:00,${kind},${amount}`);
  const file = ["number,at,kind,amount", ...lines, ""].join("\n");
  const path = `/v1/ops/channel_accounts/${account}/statements/${date}?kind=commission&mapping=commission`;
  const answer = await fetch(platform.baseUrl + path, {
    method: "POST",
    headers: {
      authorization: "Bearer op_only-for-tests-0123456789abcdef",
      "content-type": "application/octet-stream",
    },
    body: file,
  });
  const body = (await answer.json()) as Json;
  assert.ok(answer.ok, JSON.stringify(body));
  await read();
  return { ...body, status: answer.status };
}

/** Until no statement waits for a worker. */
async function read(): Promise<void> {
  const text = "select id from statements where commissions_due_at is not null";
  for (let looks = 0; looks < 400; looks += 1) {
    if ((await office.deps.cell.db.all({ name: "test_commissions_due", text })).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("the statement was never read");
}

const list = async (query = ""): Promise<Json[]> => {
  const path = `/v1/ops/commissions?channel_account=${shop.channelAccountId}&limit=100${query}`;
  const { status, body } = await platform.ops("GET", path);
  assert.equal(status, 200, JSON.stringify(body));
  return body.data;
};
const inOrder = (rows: readonly Json[]) => rows.toSorted((one, other) => one.line - other.line);
const shown = (rows: readonly Json[]) =>
  inOrder(rows).map(({ number, amount, state, reason }) => [number, amount, state, reason]);
const owed = () => earning.balance(shop, "commission_receivable");
const income = () => earning.balance(shop, "fee_income");

test("a row is booked by our number or the channel's, and what matches nothing is not", async () => {
  const [one, two] = [await earning.paid(shop, 10_000), await earning.paid(shop, 5_000)];
  const ours: string = one.attempts[0].channel_order_no;
  const theirs: string = two.attempts[0].channel_trade_no;
  const date = days.today();
  const rows = [
    ["返佣", ours, "0.60"],
    ["返佣", theirs, "0.30"],
    ["退佣", theirs, "0.10"],
    ["返佣", "20260001", "7.00"],
    ["返佣", ours, "0.60"],
    ["返佣", theirs, "50.00"],
    ["返佣", ours, "0.00"],
  ] as const;
  const sent = await send(date, rows);
  assert.equal(sent.status, 201);
  assert.deepEqual(shown(await list()), [
    [ours, 60, "matched", null],
    [theirs, 30, "matched", null],
    [theirs, -10, "matched", null],
    ["20260001", 700, "unmatched", "unknown_number"],
    [ours, 60, "unmatched", "repeated"],
    [theirs, 5_000, "unmatched", "beyond_payment"],
  ]);
  assert.deepEqual([await owed(), await income()], [80, 80]);
  const metrics = await (await fetch(`${platform.baseUrl}/metrics`)).text();
  assert.match(metrics, /tributary_payouts_for_people\{what="commissions_unmatched"\} 3/);
  const [row] = inOrder(await list("&state=matched"));
  assert.deepEqual([row?.payment, row?.kind, row?.statement_date], [one.id, "commission", date]);
  assert.equal((await send(date, rows)).status, 200);
  assert.deepEqual([await owed(), await income()], [80, 80]);
  await assertInvariants(platform);
});

test("a corrected file books what differs and takes back what it does not have", async () => {
  const payment = await earning.paid(shop, 20_000);
  const number: string = payment.attempts[0].channel_order_no;
  const date = days.today();
  const before = await owed();
  const [first] = inOrder(await list("&state=matched"));
  await send(date, [
    ["返佣", String(first?.number), "0.60"],
    ["返佣", number, "1.20"],
  ]);
  assert.deepEqual([await owed(), await income()], [180, 180], `was ${before}`);
  const rows = await list();
  assert.equal(rows.find(({ id }) => id === first?.id)?.state, "matched");
  assert.deepEqual(
    inOrder(rows.filter(({ state }) => state === "withdrawn")).map(({ amount }) => amount),
    [30, -10, 700, 60, 5_000],
  );
  await send(date, [["返佣", number, "1.30"]]);
  assert.deepEqual([await owed(), await income()], [130, 130]);
  await send(date, [["返佣", number, "1.20"]]);
  assert.deepEqual([await owed(), await income()], [120, 120]);
  await assertInvariants(platform);
});

test("what two dates tell is booked once, and what is taken back may be told first", async () => {
  const payment = await earning.paid(shop, 1_000);
  const number: string = payment.attempts[0].channel_order_no;
  const before = await owed();
  await send("2026-03-02", [["退佣", number, "4.00"]]);
  assert.equal(await owed(), before - 400);
  await send("2026-03-01", [["返佣", number, "9.00"]]);
  assert.equal(await owed(), before + 500);
  await send("2026-03-03", [["返佣", number, "6.00"]]);
  assert.equal(await owed(), before + 500);
  assert.deepEqual(
    (await list("&state=unmatched")).map(({ reason }) => reason),
    ["beyond_payment"],
  );
  await assertInvariants(platform);
});

test("two people book a row that was not booked by itself, once", async () => {
  await send("2026-03-04", [["返佣", "OLD-1", "3.00"]]);
  const before = await owed();
  const [row] = await list("&state=unmatched");
  assert.deepEqual([row?.number, row?.payment], ["OLD-1", null]);
  const path = `/v1/ops/commissions/${row?.id}/accept`;
  const evidence = { evidence: "The channel's letter of March 5" };
  const proposal = await platform.ops("POST", path, evidence);
  assert.equal(proposal.status, 202, JSON.stringify(proposal.body));
  assert.equal(await owed(), before);
  const own = await platform.ops("POST", `/v1/ops/approvals/${proposal.body.id}/approve`);
  assert.ok(own.status >= 400);
  await office.approved(proposal);
  assert.equal(await owed(), before + 300);
  const again = await platform.ops("POST", path, evidence);
  assert.deepEqual([again.status, again.body.code], [409, "conflict"]);
  const [accepted] = await list("&state=matched");
  assert.deepEqual(
    [accepted?.id, accepted?.reason, accepted?.accepted_by],
    [row?.id, "unknown_number", proposal.body.id],
  );
  await send("2026-03-04", [["返佣", "OLD-2", "3.00"]]);
  assert.equal(await owed(), before);
  const [gone] = await list("&state=unmatched");
  const late = await platform.ops("POST", `/v1/ops/commissions/${gone?.id}/accept`, evidence);
  await send("2026-03-04", [["返佣", "OLD-3", "3.00"]]);
  const refused = await office.approve(late.body.id);
  assert.ok(refused.status >= 400 || refused.body.state === "refused", JSON.stringify(refused.body));
  assert.equal(await owed(), before);
  await assertInvariants(platform);
});

test("an account whose money passes us earns fees, and its commission statement books nothing", async () => {
  const plain = await openShop(platform);
  const payment = await earning.paid(plain, 1_000);
  await send(days.today(), [["返佣", payment.attempts[0].channel_order_no, "0.10"]], plain.channelAccountId);
  assert.equal(await earning.balance(plain, "commission_receivable"), 0);
  await assertInvariants(platform);
});

const OWN_ACCOUNT = "31050161000000000002";
const why = { evidence: "The bank's advice of March 31" };

/** A credit of our own account, as the bank shows it. */
async function credit(amount: number): Promise<Json> {
  const move = { account: OWN_ACCOUNT, amount, name: "Alipay" };
  assert.equal((await platform.sandbox("POST", "/bank/credit", move)).status, 201);
  await office.read(OWN_ACCOUNT);
  const { data } = (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced&limit=100")).body;
  const found = data.find((row: Json) => row.connection === "own" && row.amount === amount);
  assert.ok(found, JSON.stringify(data));
  return { connection: "own", entry_ref: found.entry_ref };
}

const receive = (named: Json, amount: number, account = shop.channelAccountId) =>
  platform.ops("POST", "/v1/ops/commission_receipts", {
    ...named,
    ...why,
    commissions: [{ channel_account: account, amount }],
  });
const receipts = async (): Promise<Json[]> =>
  (await platform.ops("GET", `/v1/ops/commission_receipts?channel_account=${shop.channelAccountId}`)).body
    .data;

test("what a channel pays of it is said by two people, and is never more than it owes", async () => {
  await office.another("own", OWN_ACCOUNT, "own");
  const before = await owed();
  assert.ok(before > 300);
  const many = await receive(await credit(before + 1), before + 1);
  assert.deepEqual([many.status, many.body.field], [409, "commissions.0.amount"]);
  const other = await receive(await credit(120), 110);
  assert.deepEqual([other.status, other.body.field], [400, "commissions"]);
  const nobodys = await receive(await credit(120), 120, platform.demo.channel_account_id);
  assert.deepEqual([nobodys.status, nobodys.body.field], [409, "commissions.0.amount"]);
  const [one, two] = [await credit(200), await credit(before - 100)];
  const [first, second] = [await receive(one, 200), await receive(two, before - 100)];
  const { body: money } = await platform.ops("GET", "/v1/ops/own_money");
  await office.approved(first);
  assert.equal(await owed(), before - 200);
  const over = await office.approve(second.body.id);
  assert.ok(over.status >= 400 || over.body.state === "refused", JSON.stringify(over.body));
  assert.equal(await owed(), before - 200);
  assert.equal((await receive(one, 200)).status, 409);
  assert.deepEqual(
    (await receipts()).map(({ amount, commissions }) => [amount, commissions[0].channel_account]),
    [[200, shop.channelAccountId]],
  );
  // It was never among the clients' money: nothing more may be taken out of the reserve, before or after.
  const after = (await platform.ops("GET", "/v1/ops/own_money")).body;
  assert.deepEqual(after.data, money.data);
  assert.equal(money.data.find(({ currency }: Json) => currency === "CNY").sweepable, 0);
  await assertInvariants(platform);
});

test("killed between the two books, a worker books our side", async () => {
  const before = await owed();
  const proposal = await receive(await credit(50), 50);
  assert.equal(proposal.status, 202, JSON.stringify(proposal.body));
  const { cell } = office.deps;
  let transactions = 0;
  const dying: typeof cell = {
    ...cell,
    transact: (...work) => {
      transactions += 1;
      if (transactions > 2) throw new Error("it died");
      return cell.transact(...work);
    },
  };
  const merchantId = parseId("mch", shop.id) as Id;
  const channels = { account: async (id: Id) => ({ id, merchantId }) as Json };
  const action = receiveAction({ ...office.deps, cell: dying, channels });
  const approval = { payload: proposal.body.payload, id: parseId("apr", proposal.body.id) } as Json;
  await assert.rejects(action.carryOut(approval), /it died/);
  assert.equal(await owed(), before - 50);
  await assertInvariants(platform);
  const due = sql("test_receipts_due", "select id from commission_receipts where due_at is not null");
  assert.equal((await cell.db.all(due)).length, 1);
  for (let looks = 0; (await cell.db.all(due)).length > 0; looks += 1) {
    assert.ok(looks < 200, "no worker books it");
    platform.clock.advance(MINUTE);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await office.approved(proposal);
  assert.equal(await owed(), before - 50);
  assert.equal((await receipts()).length, 2);
  await assertInvariants(platform);
});

test("a day's report has it as income, and its chain of what channels took ties", async () => {
  const payment = await earning.paid(shop, 4_000);
  const number: string = payment.attempts[0].channel_order_no;
  const today = days.today();
  const before = await income();
  await send(today, [
    ["返佣", number, "0.20"],
    ["返佣", number, "0.05"],
  ]);
  await send(today, [["返佣", number, "0.20"]]);
  const earned = await income();
  const date = await days.next();
  await days.closeInTheMorning(date);
  const { chain, margin } = await days.report(date);
  assert.ok(chain.length > 0 && chain.every((row: Json) => row.ties), JSON.stringify(chain));
  const [cny] = margin.filter((row: Json) => row.currency === "CNY");
  assert.ok(before !== earned && cny.income >= earned, JSON.stringify([before, earned, cny]));
  await assertInvariants(platform);
});
