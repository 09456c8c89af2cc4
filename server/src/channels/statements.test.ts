import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const today = () => new Date(platform.clock.now().getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
const statement = (date: string) =>
  platform.ops("GET", `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${date}`);

test("a day without a statement says so, and one that is no date is refused", async () => {
  const missing = await statement("2020-02-29");
  assert.equal(missing.status, 404);
  assert.match(missing.body.detail, /Alipay has published no statement of 2020-02-29/);
  assert.equal((await statement("2020-02-30")).status, 400);
  const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${today()}`;
  assert.equal((await platform.api("GET", path)).status, 401, "a merchant's key");
});

test("a published day is read line by line, and its causes bear the same names in the ledger", async () => {
  const created = await platform.pay({ method: "alipay.qr", amount: 250 });
  await platform.payCode(created.body.next_action.qr_code);
  const payment = await platform.until(created.body.id, (seen) => seen.status === "succeeded");
  const refund = await platform.api("POST", `/v1/payments/${payment.id}/refunds`, {
    merchant_refund_no: "R1",
    amount: 100,
  });
  await platform.sandbox("POST", "/alipay/close-day", { app_id: platform.demo.alipay_app_id });

  const { status, body } = await statement(today());
  assert.equal(status, 200);
  const [attempt] = payment.attempts;
  const shown = body.lines.map((line: Json) => [
    line.kind,
    line.channel_order_no,
    line.channel_refund_no,
    line.amount,
    line.fee,
  ]);
  assert.deepEqual(shown, [
    ["payment", attempt.channel_order_no, null, 250, 2],
    ["refund", attempt.channel_order_no, refund.body.channel_refund_no, -100, -1],
  ]);

  const cost = `/v1/ops/accounts?code=channel_cost&merchant_id=${platform.demo.merchant_id}`;
  const [account] = (await platform.ops("GET", cost)).body.data;
  const entries = (await platform.ops("GET", `/v1/ops/accounts/${account.id}/entries`)).body.data;
  assert.deepEqual(
    entries.map((entry: Json) => [entry.source_id, entry.subject_id, entry.amount]),
    [
      [refund.body.id, payment.id, -1],
      [attempt.id, payment.id, 2],
    ],
  );
});
