import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { MINUTE, SECOND } from "../../kernel/clock.ts";
import { sharingHandsOn } from "../testing/sharing.ts";

let platform: TestPlatform;
const hands = sharingHandsOn(() => platform);
let receiver: Json;
before(async () => {
  platform = await startTestPlatform();
  await hands.contract(platform.demo.wechat_account_id as string);
  receiver = await hands.wechatReceiver();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const { goingOn } = hands;
/** The channel has heard a call that was sent so long ago. */
const HEARD_MS = 500;

async function frozen(): Promise<Json> {
  const payment = await hands.wechatPaid({ amount: 1_000 });
  platform.clock.advance(2 * MINUTE);
  return payment;
}

/** What happens to one call; the next one of its kind goes through. */
const FAULTS: readonly [title: string, kind: string, params: Record<string, unknown>][] = [
  ["whose process never comes back from it", "answer_lost_after_success", { ms: 90 * SECOND }],
  ["whose answer is lost", "answer_lost_after_success", {}],
  ["that never arrives", "timeout_before", {}],
];

for (const [title, kind, params] of FAULTS) {
  describe(`a call ${title} is made good`, () => {
    test("of a share: it is split off once", async () => {
      const payment = await frozen();
      const match = { out_trade_no: hands.order(payment), method: "profitsharing.orders.create" };
      await hands.fault(kind, match, params);
      await hands.share(payment.id, [{ receiver: receiver.id, amount: 200 }]);
      await hands.untilShared(
        payment.id,
        goingOn((seen) => seen.data[0].state === "succeeded"),
      );
      // Split twice, it would leave no room at the channel for this one.
      const rest = await hands.share(payment.id, [{ receiver: receiver.id, amount: 100 }], { finish: true });
      assert.equal(rest.status, 201, JSON.stringify(rest.body));
      const ended = await hands.untilShared(
        payment.id,
        goingOn((seen) => seen.state === "finished"),
      );
      assert.deepEqual(
        ended.data.map(({ state }: Json) => state),
        ["succeeded", "succeeded"],
      );
    });

    test("of the end and of a return: the rest is let go of, and the share comes back once", async () => {
      const payment = await frozen();
      await hands.share(payment.id, [{ receiver: receiver.id, amount: 200 }], { finish: true });
      const of = (method: string) => ({ out_trade_no: hands.order(payment), method });
      await hands.fault(kind, of("profitsharing.orders.unfreeze"), params);
      await hands.untilShared(
        payment.id,
        goingOn((seen) => seen.state === "finished"),
      );
      await hands.fault(kind, of("profitsharing.return-orders.create"), params);
      const refund = await hands.refund(payment.id);
      await hands.untilRefund(
        refund.body.id,
        goingOn((seen) => seen.state === "succeeded"),
      );
      assert.equal((await hands.shared(payment.id)).data[0].amount_returned, 200);
    });

    test("of a receiver: it is bound", async () => {
      await hands.fault(kind, { method: "profitsharing.receivers.add" }, params);
      const looking = setInterval(() => platform.clock.advance(4 * SECOND), 250);
      const bound = await hands.wechatReceiver().finally(() => clearInterval(looking));
      assert.equal(bound.accounts[0].state, "bound");
    });
  });
}

test("a share that the channel has made is not held for refused by whoever takes it over", async () => {
  const account = platform.demo.channel_account_id;
  await hands.contract(account);
  const own = await hands.receiver([
    { channel_account: account, type: "userId", account: "2088000000000009" },
  ]);
  const payment = await hands.paid({ profit_sharing: "later", amount: 1_000 });
  platform.clock.advance(2 * MINUTE);
  const match = { out_trade_no: hands.order(payment), method: "alipay.trade.order.settle" };
  await hands.fault("answer_lost_after_success", match, { ms: 90 * SECOND });
  await hands.share(payment.id, [{ receiver: own.id, amount: 200 }]);
  await hands.untilShared(payment.id, (seen) => seen.data[0].state === "unknown");
  const calls = (await hands.timeline(payment.id)).filter(({ detail }) => detail.operation === "share");
  assert.deepEqual(calls, [], "it is noted as sent while the call is under way");
  await sleep(HEARD_MS);
  // Sent again, it would be refused.
  await hands.fault("share_closed", match, {});
  await hands.untilShared(
    payment.id,
    goingOn((seen) => seen.data[0].state === "succeeded"),
  );
});
