import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { aNumber, handsOn } from "../testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  // Where the contract keeps the fee, a merchant has less than its only payment took.
  const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}`;
  const { revision } = (await platform.ops("GET", path)).body;
  const changed = await platform.ops("PATCH", path, { revision, fee_returned_on_refund: false });
  assert.equal(changed.status, 200);
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

test("many refunds that nobody can cover are each refused so, and hold up no one else's wish", async () => {
  const payment = await hands.paid();
  const refund = { merchant_refund_no: aNumber("R"), amount: payment.amount };
  const other = await hands.create();
  const [closed, ...refused] = await Promise.all([
    platform.api("POST", `/v1/payments/${other.id}/close`),
    ...Array.from({ length: 20 }, () => hands.refund(payment.id, { amount: payment.amount })),
    hands.refund(payment.id, refund),
    hands.refund(payment.id, refund),
  ]);
  assert.deepEqual([closed?.status, closed?.body.status], [200, "closed"]);
  for (const { status, body } of refused) {
    assert.deepEqual([status, body.code], [422, "insufficient_balance"], JSON.stringify(body));
  }
  assert.equal((await hands.get(payment.id)).amount_refunded, 0);
});
