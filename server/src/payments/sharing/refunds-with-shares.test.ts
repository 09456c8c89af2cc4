import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { MINUTE } from "../../kernel/clock.ts";
import { sharingHandsOn } from "../testing/sharing.ts";

let platform: TestPlatform;
const hands = sharingHandsOn(() => platform);
let supplier: Json;
let partner: Json;
let atAlipay: Json;
before(async () => {
  platform = await startTestPlatform();
  const { wechat_account_id: wechat, channel_account_id: alipay } = platform.demo;
  await hands.contract(wechat as string);
  await hands.contract(alipay);
  supplier = await hands.wechatReceiver();
  partner = await hands.wechatReceiver();
  atAlipay = await hands.receiver([{ channel_account: alipay, type: "userId", account: "2088000000000001" }]);
  assert.equal(atAlipay.accounts[0].state, "bound", JSON.stringify(atAlipay));
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const { goingOn } = hands;

async function split(payment: Json, parts: readonly [Json, number][]): Promise<Json> {
  platform.clock.advance(2 * MINUTE);
  const receivers = parts.map(([receiver, amount]) => ({ receiver: receiver.id, amount }));
  const made = await hands.share(payment.id, receivers);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return hands.untilShared(
    payment.id,
    goingOn((seen) => seen.data.length > 0 && seen.data.every(({ state }: Json) => state === "succeeded")),
  );
}

/** Largest share first. */
const returned = (shared: Json) =>
  shared.data.toSorted((a: Json, b: Json) => b.amount - a.amount).map((share: Json) => share.amount_returned);

describe("a refund of a payment that WeChat has split", () => {
  test("takes every receiver's share back before the buyer gets all of it", async () => {
    const [pending] = await hands.balances("merchant_pending");
    const payment = await hands.wechatPaid();
    await split(payment, [
      [supplier, 200],
      [partner, 100],
    ]);
    const refund = await hands.refund(payment.id);
    assert.deepEqual([refund.status, refund.body.state], [201, "created"], JSON.stringify(refund.body));
    await hands.untilRefund(
      refund.body.id,
      goingOn((seen) => seen.state === "succeeded"),
    );
    assert.deepEqual(returned(await hands.shared(payment.id)), [200, 100]);
    assert.deepEqual(await hands.balances("merchant_pending", "receiver_pending"), [pending, 0]);
    const events = await hands.events(payment.id);
    assert.equal(events.filter((type) => type === "share.returned").length, 2);
  });

  test("takes back in proportion of what is refunded, a part at a time", async () => {
    const payment = await hands.wechatPaid({ amount: 1000 });
    await split(payment, [
      [supplier, 200],
      [partner, 100],
    ]);
    const refund = await hands.refund(payment.id, { amount: 500 });
    await hands.untilRefund(
      refund.body.id,
      goingOn((seen) => seen.state === "succeeded"),
    );
    assert.deepEqual(returned(await hands.shared(payment.id)), [100, 50]);
  });

  test("goes on when a receiver cannot give back: the shortfall is the merchant's", async () => {
    const payment = await hands.wechatPaid({ amount: 1000 });
    await split(payment, [[supplier, 300]]);
    await hands.fault("share_return_failed", { out_trade_no: hands.order(payment) });
    const [pending] = await hands.balances("merchant_pending");
    const refund = await hands.refund(payment.id);
    await hands.untilRefund(
      refund.body.id,
      goingOn((seen) => seen.state === "succeeded"),
    );
    assert.deepEqual(returned(await hands.shared(payment.id)), [0]);
    // 10.00 for the buyer, of which the fee of 0.08 comes back; nothing from the receiver.
    assert.deepEqual(await hands.balances("merchant_pending"), [(pending as number) - 1000 + 8]);
  });

  test("waits while a share is under way, and takes nothing from one that then fails", async () => {
    const payment = await hands.wechatPaid({ amount: 1000 });
    platform.clock.advance(2 * MINUTE);
    await hands.fault("share_closed", { out_trade_no: hands.order(payment) });
    const made = await hands.share(payment.id, [{ receiver: supplier.id, amount: 300 }]);
    const refund = await hands.refund(payment.id);
    assert.deepEqual([made.status, refund.status, refund.body.state], [201, 201, "created"]);
    await hands.untilRefund(
      refund.body.id,
      goingOn((seen) => seen.state === "succeeded"),
    );
    const { data } = await hands.shared(payment.id);
    assert.deepEqual(
      [data[0].state, data[0].amount_returned, data[0].failure_code],
      ["failed", 0, "ACCOUNT_ABNORMAL"],
    );
    assert.ok((await hands.events(payment.id)).includes("share.failed"));
  });
});

describe("a refund of a payment that Alipay has split", () => {
  test("brings the receivers' parts back by itself", async () => {
    const payment = await hands.paid({ profit_sharing: "later", amount: 1000 });
    await split(payment, [[atAlipay, 300]]);
    const refund = await hands.refund(payment.id, { amount: 500 });
    assert.equal(refund.status, 201, JSON.stringify(refund.body));
    const shared = await hands.untilShared(
      payment.id,
      goingOn((seen) => returned(seen)[0] === 150),
    );
    assert.equal(shared.data[0].amount_returned, 150);
    await hands.eventually(
      () => hands.events(payment.id),
      goingOn((seen) => seen.includes("share.returned")),
    );
  });

  test("goes on without a receiver who cannot give back", async () => {
    const payment = await hands.paid({ profit_sharing: "later", amount: 1000 });
    await split(payment, [[atAlipay, 300]]);
    const match = { out_trade_no: hands.order(payment) };
    const armed = await platform.sandbox("POST", "/faults", {
      kind: "share_return_failed",
      match,
      count: 50,
    });
    assert.equal(armed.status, 201, JSON.stringify(armed.body));
    const refund = await hands.refund(payment.id);
    await hands.untilRefund(
      refund.body.id,
      goingOn((seen) => seen.state === "succeeded" || seen.state === "accepted"),
    );
    assert.deepEqual(returned(await hands.shared(payment.id)), [0]);
  });

  test("that was refused and carried out all the same has brought them back", async () => {
    const payment = await hands.paid({ profit_sharing: "later", amount: 1000 });
    await split(payment, [[atAlipay, 300]]);
    const [pending = 0] = await hands.balances("merchant_pending");
    const match = { out_trade_no: hands.order(payment) };
    const params = { final: true, executed: true };
    // What the channel did is told only when its console says it again.
    const silent = { kind: "notification_lost", match, params: {} };
    assert.equal((await platform.sandbox("POST", "/faults", silent)).status, 201);
    const armed = await platform.sandbox("POST", "/faults", {
      kind: "refund_refused",
      match,
      params,
      count: 1,
    });
    assert.equal(armed.status, 201, JSON.stringify(armed.body));
    const refund = await hands.refund(payment.id);
    await hands.untilRefund(refund.body.id, (seen) => seen.state === "failed");
    const endedWithIt = (seen: Json) => {
      platform.clock.advance(MINUTE);
      return returned(seen)[0] === 0;
    };
    await hands.untilShared(payment.id, endedWithIt);
    const { body } = await platform.sandbox(
      "GET",
      `/alipay/notifications?out_trade_no=${match.out_trade_no}`,
    );
    const lost = body.data.filter(({ state }: Json) => state === "lost");
    for (const { id } of lost) await platform.sandbox("POST", `/alipay/notifications/${id}/resend`);
    await hands.untilRefund(
      refund.body.id,
      goingOn((seen) => seen.state === "succeeded"),
    );
    await hands.untilShared(
      payment.id,
      goingOn((seen) => returned(seen)[0] === 300),
    );
    assert.ok((await hands.events(payment.id)).includes("share.returned"));
    // What the refund itself took is for a person to recover.
    assert.deepEqual(await hands.balances("merchant_pending", "receiver_pending"), [pending + 300, 0]);
  });
});
