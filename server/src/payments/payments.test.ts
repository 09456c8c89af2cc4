import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

test("a scanned code that is paid ends in a success, a journal and a verified webhook", async () => {
  const created = await platform.pay({ method: "alipay.qr" });
  assert.equal(created.status, 201);
  assert.equal(created.body.status, "processing");
  const paid = await platform.payCode(created.body.next_action.qr_code);
  assert.equal(paid.status, 200);
  const payment = await platform.until(created.body.id, (seen) => seen.status === "succeeded");
  assert.equal(payment.attempts[0].amount_paid, 1234);
  assert.equal(payment.attempts[0].fee, 10);
});
