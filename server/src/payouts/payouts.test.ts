import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY } from "../kernel/clock.ts";
import { endToEnd, type Office, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(500_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});

const words = (payout: Json) =>
  payout.reports.map((report: Json) => `${report.source} ${report.outcome} ${report.verdict}`);
const available = async () => -((await office.balances()).merchant_available as bigint);

async function eventsOf(payout: Json): Promise<string[]> {
  const { body } = await platform.api("GET", `/v1/events?subject=${payout.id}`);
  return body.data.map(({ type }: Json) => type).reverse();
}

test("a merchant's money arrives at its bank account, and every book says so", async () => {
  const before = await office.balances();
  const made = await office.payout(60_000, { remark: "November" });
  assert.equal(made.status, "created");
  const repeat = { merchant_payout_no: made.merchant_payout_no, amount: 60_000, currency: "CNY" };
  const again = await platform.api("POST", "/v1/payouts", { ...repeat, remark: "November" });
  assert.deepEqual([again.status, again.body.id], [200, made.id]);
  const other = await platform.api("POST", "/v1/payouts", repeat);
  assert.deepEqual([other.status, other.body.code, other.body.field], [409, "number_reused", "remark"]);

  const batch = await office.batch([made.id]);
  const sent = await office.until(made.id, "sent");
  assert.deepEqual([sent.batch, sent.succeeded_at], [batch.id, null]);
  // Its entry, and what the test itself has paid in.
  assert.deepEqual(await office.read(), { end: "read", entries: 2, placed: 2, left: 0 });
  // The same statement again, as a corrected file would bring it.
  assert.deepEqual(await office.read(), { end: "read", entries: 2, placed: 2, left: 0 });
  const done = await office.until(made.id, "succeeded");
  assert.deepEqual(words(done), ["pain.002 accepted applied", "camt.053 paid applied"]);
  const now = await office.balances();
  const moved = Object.entries(now).map(([code, balance]) => [code, balance - (before[code] as bigint)]);
  assert.deepEqual(Object.fromEntries(moved), {
    bank_reserve: -60_000n,
    fee_income: 0n,
    interbook: -60_000n,
    merchant_available: 60_000n,
    merchant_receivable: 0n,
    payout_clearing: 0n,
    platform_interbook: 60_000n,
  });
  const entry = (await office.entries()).find(({ amount }) => amount < 0);
  assert.deepEqual([entry.end_to_end_id, entry.amount], [endToEnd(made.id), -60_000]);
  assert.deepEqual(await office.broken(), []);
});

test("a payout that the bank rejects is the merchant's money again, once, and it is told", async () => {
  const before = await available();
  const made = await office.payout(10_000);
  await office.fault("bank_rejects", { out_trade_no: endToEnd(made.id) }, { code: "AC01" });
  await office.batch([made.id]);
  const rejected = await office.until(made.id, "rejected");
  assert.deepEqual([rejected.failure.code, rejected.status_final], ["AC01", true]);
  assert.equal(await available(), before);
  assert.deepEqual(await eventsOf(made), ["payout.rejected"]);
  assert.deepEqual(await office.broken(), []);
});

test("a bank that says nothing leaves a payout sent until its statement shows it", async () => {
  const made = await office.payout(11_000);
  await office.fault("bank_silent", { out_trade_no: endToEnd(made.id) });
  const batch = await office.batch([made.id]);
  for (;;) {
    const { body } = await platform.ops("GET", `/v1/ops/payout_batches/${batch.id}`);
    if (body.bank_has_it) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { body: silent } = await platform.ops("GET", `/v1/ops/payouts/${made.id}`);
  assert.deepEqual([silent.status, silent.reports], ["sent", []]);
  await office.read();
  assert.deepEqual(words(await office.until(made.id, "succeeded")), ["camt.053 paid applied"]);
  const { body } = await platform.ops("GET", `/v1/ops/payout_batches/${batch.id}`);
  assert.equal(body.state, "done");
});

test("what the statement brings that is no payout's is left to people", async () => {
  const credit = { account: "31050161000000000001", amount: 77, name: "Somebody", info: "?" };
  await platform.sandbox("POST", "/bank/credit", credit);
  const read = await office.read();
  assert.deepEqual([read.end, read.end === "read" && read.left], ["read", 1]);
});

test("payouts are one merchant's own, and money that is put aside cannot be asked for twice", async () => {
  const { body } = await platform.api("POST", "/v1/payouts", {
    merchant_payout_no: "too-much",
    amount: 10_000_000,
    currency: "CNY",
  });
  assert.deepEqual([body.code, body.field], ["insufficient_balance", "amount"]);
  assert.equal((await platform.api("GET", "/v1/payouts", undefined, null)).status, 401);
  const unknown = await platform.api("GET", "/v1/payouts/pyt_00000000000000000000000000");
  assert.equal(unknown.status, 404);
  const free = await available();
  const made = await office.payout(Number(free));
  const second = await platform.api("POST", "/v1/payouts", {
    merchant_payout_no: "one-cent",
    amount: 1,
    currency: "CNY",
  });
  assert.equal(second.body.code, "insufficient_balance");
  const path = `/v1/ops/payouts/${made.id}/withdraw`;
  const withdrawn = await platform.ops("POST", path, { reason: "Asked for by mistake" });
  assert.deepEqual([withdrawn.status, withdrawn.body.status], [200, "rejected"]);
  assert.equal(await available(), free);
  assert.deepEqual(await office.broken(), []);
});

test("a payout that comes back after days is the merchant's money again (退汇)", async () => {
  const before = await available();
  const made = await office.payout(12_000);
  const matched = { out_trade_no: endToEnd(made.id) };
  await office.fault("bank_returns", matched, { ms: 2 * DAY, code: "AC04" });
  await office.batch([made.id]);
  await office.until(made.id, "sent");
  await office.read();
  await office.until(made.id, "succeeded");
  platform.clock.advance(2 * DAY);
  for (;;) {
    if ((await office.entries()).some(({ return_code: code }) => code === "AC04")) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await office.read();
  const returned = await office.until(made.id, "returned");
  assert.equal(returned.failure.code, "AC04");
  assert.equal(await available(), before);
  assert.deepEqual(await eventsOf(made), ["payout.succeeded", "payout.returned"]);
  assert.deepEqual(await office.broken(), []);
});
