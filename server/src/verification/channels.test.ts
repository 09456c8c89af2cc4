import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY, dateIn, plus } from "../kernel/clock.ts";
import { handsOn } from "../payments/testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  // Far from the change of any channel's day, whatever the machine's time is.
  const tomorrow = dateIn("Asia/Shanghai", plus(platform.clock.now(), DAY));
  platform.clock.advance(new Date(`${tomorrow}T12:00:00+08:00`).getTime() - platform.clock.now().getTime());
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const until = (id: string, state: string) =>
  hands.eventually(
    async () => (await platform.ops("POST", `/v1/ops/verifications/${id}/check`)).body,
    (seen) => seen.state === state,
  );

async function closeDay(channel: string): Promise<Json[]> {
  const closed = await platform.sandbox("POST", `/${channel}/close-day`, {});
  assert.equal(closed.status, 200, JSON.stringify(closed.body));
  return closed.body.bills;
}

/** Tries the account out from the order to the bill; what the channel's bills of the day come to. */
async function tryOut(account: string, channel: string, method: string): Promise<[Json, Json[]]> {
  const path = `/v1/ops/channel_accounts/${account}`;
  const started = await platform.ops("POST", `${path}/verifications`, { method });
  assert.equal(started.status, 201, JSON.stringify(started.body));
  const { id, next_action: action } = started.body;
  assert.equal((await platform.payCode(action.qr_code ?? action.url)).status, 200);
  const refunded = await until(id, "waiting_for_statement");
  assert.ok(refunded.asked_at !== null && refunded.refund !== null);
  const bills = await closeDay(channel);
  platform.clock.advance(DAY);
  const verified = await until(id, "verified");
  assert.deepEqual(
    [verified.payment_billed, verified.refund_billed, verified.notified, verified.detail],
    [true, true, true, null],
  );
  assert.equal((await platform.ops("GET", path)).body.verification, "verified");
  return [verified, bills];
}

describe("a contract is tried out from the order to the bill", () => {
  test("with UnionPay, where what is given back on the same day is a void", async () => {
    const account = platform.demo.unionpay_account_id as string;
    const [{ amount }, [bill]] = await tryOut(account, "unionpay", "unionpay.qr");
    assert.deepEqual(
      [bill.payments.count, bill.payments.amount, bill.voids.count, bill.voids.amount, bill.refunds.count],
      [1, amount, 1, amount, 0],
    );
  });

  test("with Stripe, whose list of movements is the bill", async () => {
    const account = platform.demo.card_account_id as string;
    const [{ amount, currency }, bills] = await tryOut(account, "stripe", "card");
    const [bill] = bills.filter((one) => one.currency === currency);
    assert.deepEqual([bill.payments.amount, bill.refunds.amount], [amount, -amount]);
  });

  test("with WeChat Pay", async () => {
    await tryOut(platform.demo.wechat_account_id as string, "wechat", "wechat.native");
  });
});
