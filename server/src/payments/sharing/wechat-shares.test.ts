import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { MINUTE } from "../../kernel/clock.ts";
import { sharingHandsOn } from "../testing/sharing.ts";

let platform: TestPlatform;
const hands = sharingHandsOn(() => platform);
let receiver: Json;
before(async () => {
  platform = await startTestPlatform();
  await hands.contract(platform.demo.wechat_account_id as string);
  receiver = await hands.wechatReceiver();
  assert.equal(receiver.accounts[0].state, "bound", JSON.stringify(receiver));
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

test("a payment frozen at WeChat is split to a receiver, and the rest let go of", async () => {
  const before = await hands.balances("merchant_pending", "receiver_pending");
  const payment = await hands.wechatPaid();
  platform.clock.advance(2 * MINUTE);
  const made = await hands.share(payment.id, [{ receiver: receiver.id, amount: 300 }], { finish: true });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.data[0].state, "created");
  const ended = await hands.untilShared(payment.id, (seen) => {
    platform.clock.advance(10_000);
    return seen.state === "finished";
  });
  assert.deepEqual([ended.data[0].state, ended.data[0].amount], ["succeeded", 300]);
  const present = await hands.balances("merchant_pending", "receiver_pending");
  // 12.34 less the fee of 0.10 and the share of 3.00.
  assert.deepEqual(present, [(before[0] as number) + 1234 - 10 - 300, before[1]]);
  assert.ok((await hands.events(payment.id)).includes("share.succeeded"));
});
