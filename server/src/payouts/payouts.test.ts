import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { endToEnd, type Office, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
});
after(async () => {
  await office.close();
  await platform.stop();
});

test("a merchant's money arrives at its bank account, and every book says so", async () => {
  await office.verifiedAccount();
  await office.fund(100_000n);
  const made = await office.payout(60_000, { remark: "November" });
  assert.equal(made.status, "created");
  const again = await platform.api("POST", "/v1/payouts", {
    merchant_payout_no: made.merchant_payout_no,
    amount: 60_000,
    currency: "CNY",
    remark: "November",
  });
  assert.deepEqual([again.status, again.body.id], [200, made.id]);
  const batch = await office.batch([made.id]);
  const sent = await office.until(made.id, "sent");
  assert.equal(sent.batch, batch.id);
  const accepted = await office.until(made.id, "sent");
  assert.equal(accepted.succeeded_at, null);
  assert.deepEqual((await office.balances()).payout_clearing, -60_000n);
  const read = await office.read();
  assert.deepEqual(read, { end: "read", entries: 1, placed: 1, left: 0 });
  const done = await office.until(made.id, "succeeded");
  assert.deepEqual(
    done.reports.map((report: { source: string; outcome: string }) => [report.source, report.outcome]),
    [
      ["pain.002", "accepted"],
      ["camt.053", "paid"],
    ],
  );
  assert.deepEqual(await office.balances(), {
    bank_reserve: 40_000n,
    fee_income: 0n,
    interbook: -60_000n,
    merchant_available: -40_000n,
    merchant_receivable: 0n,
    payout_clearing: 0n,
    platform_interbook: 60_000n,
  });
  const [entry] = await office.entries();
  assert.deepEqual([entry.end_to_end_id, entry.amount], [endToEnd(made.id), -60_000]);
  assert.deepEqual(await office.broken(), []);
});
