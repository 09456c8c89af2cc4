import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { daysOn } from "../dayclose/testing/days.ts";
import { openShop, type Shop } from "../payments/testing/shop.ts";
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
