import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { daysOn } from "../dayclose/testing/days.ts";
import { HOUR } from "../kernel/clock.ts";
import { sharingHandsOn } from "../payments/testing/sharing.ts";
import { endToEnd, type Office, openOffice } from "./testing/office.ts";

const NAME = "示例供应商有限公司";

let platform: TestPlatform;
let office: Office;
let supplier: Json;
const hands = sharingHandsOn(() => platform);
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { mayHoldShares: true } });
  office = await openOffice(platform);
  const { channel_account_id: alipay } = platform.demo;
  await hands.contract(alipay, { mode: "books" });
  supplier = await hands.receiver([{ channel_account: alipay, type: "userId", account: "2088000000000001" }]);
  await office.fund(1n, 100_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});

let numbers = 0;
const path = () => `/v1/ops/receivers/${supplier.id}`;
const pay = (wanted: Json = {}) => {
  numbers += 1;
  return platform.ops("POST", `${path()}/payouts`, { payout_no: `R-${numbers}`, currency: "CNY", ...wanted });
};
const owed = async () => (await platform.ops("GET", "/v1/ops/receiver_dues")).body.data;
const available = async () => (await hands.balances("receiver_pending", "receiver_available")) as number[];

async function shared(amount: number): Promise<Json> {
  const payment = await hands.paid({ profit_sharing: "later", amount: 2 * amount });
  const made = await hands.share(payment.id, [{ receiver: supplier.id, amount }]);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return payment;
}

async function verifiedAccount(): Promise<void> {
  const account = { currency: "CNY", number: "6222020000000008001", bank_code: "102100099996" };
  const stranger = await platform.ops("POST", `${path()}/bank_accounts`, { ...account, holder_name: "Wu" });
  assert.deepEqual([stranger.status, stranger.body.field], [400, "holder_name"]);
  const entered = await platform.ops("POST", `${path()}/bank_accounts`, { ...account, holder_name: NAME });
  assert.deepEqual([entered.status, entered.body.payee], [201, supplier.id], JSON.stringify(entered.body));
  const evidence = { evidence: "Supply contract, annex 1" };
  await office.approved(
    await platform.ops("POST", `/v1/ops/bank_accounts/${entered.body.id}/verify`, evidence),
  );
}

async function arrived(payoutId: string): Promise<Json> {
  await office.batch([payoutId]);
  await office.until(payoutId, "sent");
  await office.read();
  return office.until(payoutId, "succeeded");
}

test("what a receiver has in our books is settled when its day is over, and paid out", async () => {
  await shared(5_000);
  assert.equal((await pay()).body.code, "bank_account_not_verified");
  await verifiedAccount();
  const early = await pay();
  assert.deepEqual([early.status, early.body.code], [422, "nothing_to_pay_out"], "the day is not over");
  await days.next();
  const { status, body: made } = await pay({ payout_no: "S-1" });
  assert.deepEqual([status, made.amount, made.payee], [201, 5_000, supplier.id], JSON.stringify(made));
  assert.deepEqual(await available(), [0, 5_000]);
  assert.equal((await pay({ payout_no: "S-1" })).body.id, made.id);
  await arrived(made.id);
  assert.deepEqual(await available(), [0, 0]);
  assert.deepEqual(
    (await owed()).map((row: Json) => [row.receiver, row.merchant, row.earned, row.owed]),
    [[supplier.id, platform.demo.merchant_id, 5_000, 0]],
  );
  const own = await platform.api("GET", `/v1/receivers/${supplier.id}/payouts`);
  assert.deepEqual(
    own.body.data.map((row: Json) => [row.id, row.status, row.bank_account.holder_name]),
    [[made.id, "succeeded", NAME]],
  );
  assert.deepEqual((await platform.api("GET", "/v1/payouts")).body.data, [], "it is none of its own");
  const { body: events } = await platform.api("GET", `/v1/events?subject=${made.id}`);
  assert.deepEqual(
    events.data.map(({ type }: Json) => type),
    ["receiver_payout.succeeded"],
  );
  await assertInvariants(platform);
});

test("a receiver's payout that is rejected, or comes back, is owed again", async () => {
  await shared(3_000);
  await days.next();
  const { body: one } = await pay();
  await office.fault("bank_rejects", { out_trade_no: endToEnd(one.id) }, { code: "AC01" });
  await office.batch([one.id]);
  await office.until(one.id, "rejected");
  assert.deepEqual([(await owed())[0].owed, (await available())[1]], [3_000, 3_000]);
  const { body: two } = await pay();
  await office.fault("bank_returns", { out_trade_no: endToEnd(two.id) }, { ms: 2 * HOUR, code: "AC04" });
  await arrived(two.id);
  platform.clock.advance(2 * HOUR);
  while (!(await office.entries()).some(({ return_code: code }) => code === "AC04")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await office.read();
  await office.until(two.id, "returned");
  assert.deepEqual([(await owed())[0].owed, (await available())[1]], [3_000, 3_000]);
  await assertInvariants(platform);
});

test("a share that a refund takes back while it is paid out is carried, and kept back later", async () => {
  const payment = await shared(2_000);
  await days.next();
  const { body: made } = await pay();
  assert.equal(made.amount, 5_000);
  const refund = await hands.refund(payment.id, { amount: 4_000 });
  assert.equal(refund.status, 201, JSON.stringify(refund.body));
  await arrived(made.id);
  await days.next();
  const nothing = await pay();
  assert.deepEqual([nothing.status, nothing.body.code], [422, "nothing_to_pay_out"]);
  assert.deepEqual(await available(), [0, -2_000]);
  await shared(2_600);
  await days.next();
  const terms = { currency: "CNY", minimum: 601, cool_down_hours: 24 };
  await office.approved(await platform.ops("PUT", `${path()}/payout_terms`, terms));
  const little = await pay();
  assert.deepEqual([little.body.code, little.body.amount], ["amount_out_of_range", 600]);
  await office.approved(await platform.ops("PUT", `${path()}/payout_terms`, { ...terms, minimum: 600 }));
  const asked = await Promise.all([pay(), pay()]);
  assert.deepEqual(asked.map(({ status }) => String(status)).toSorted(), ["201", "422"]);
  const next = asked.find(({ status }) => status === 201)?.body;
  assert.equal(next.amount, 600);
  await arrived(next.id);
  assert.deepEqual(await available(), [0, 0]);
  await assertInvariants(platform);
});

test("a receiver is paid by its channel what the channel splits, and never by us too", async () => {
  const { wechat_account_id: wechat } = platform.demo;
  await hands.contract(wechat as string);
  const other = await hands.receiver([
    { channel_account: wechat, type: "MERCHANT_ID", account: "1900000007" },
  ]);
  const payment = await hands.wechatPaid({ amount: 1_000 });
  platform.clock.advance(2 * HOUR);
  await hands.share(payment.id, [{ receiver: other.id, amount: 300 }], { finish: true });
  await hands.untilShared(
    payment.id,
    hands.goingOn((seen) => seen.state === "finished"),
  );
  await days.next();
  await pay();
  assert.deepEqual(
    (await owed()).map((row: Json) => row.receiver),
    [supplier.id],
  );
  assert.equal((await available())[0], 0);
  await assertInvariants(platform);
});

test("the rest of a payment is its merchant's when the splitting is finished", async () => {
  const payment = await shared(700);
  const held = async () =>
    (await platform.ops("GET", "/v1/ops/settlement_holds?limit=100")).body.data.filter(
      ({ kind }: Json) => kind === "sharing",
    );
  await days.close(await days.next());
  const before = await held();
  assert.ok(before.length >= 2, JSON.stringify(before));
  assert.equal(before[0].reason, "the splitting of this payment is not finished");
  const { body: ended } = await platform.api("POST", `/v1/payments/${payment.id}/shares/finish`);
  assert.equal(ended.state, "finished");
  const [of] = await hands.balances("merchant_available");
  await days.close(await days.next());
  assert.equal((await held()).length, before.length - 2);
  const [since] = await hands.balances("merchant_available");
  assert.equal((since as number) - (of as number), 1_400 - 11 - 700);
  await assertInvariants(platform);
});
