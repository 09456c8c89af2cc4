import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, MINUTE, SECOND } from "../kernel/clock.ts";
import { newRsaKey } from "../kernel/crypto.ts";
import { handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const succeeded = (payment: Json) => platform.until(payment.id, (seen) => seen.status === "succeeded");
const codeShown = (payment: Json) => platform.until(payment.id, (seen) => seen.next_action !== null);
const decisions = async (payment: Json, operation: string): Promise<string[]> =>
  (await hands.timeline(payment.id))
    .filter((item) => item.kind === "exchange" && item.detail.operation === operation)
    .map((item) => item.detail.decision);
/** Every notification about an order that the sandbox sent or means to send. */
const notifications = async (payment: Json): Promise<Json[]> =>
  (await platform.sandbox("GET", `/alipay/notifications?out_trade_no=${hands.order(payment)}`)).body.data;

describe("placing an order when the channel is in trouble", () => {
  const placing = { method: "alipay.trade.precreate" };
  const troubles: readonly [kind: string, params: Record<string, unknown>, state: string][] = [
    ["answer_lost_after_success", {}, "unknown"],
    ["timeout_before", { ms: 0 }, "unknown"],
    ["http_5xx", {}, "unknown"],
    ["http_5xx", { executed: true }, "unknown"],
    ["system_error", {}, "unknown"],
    ["system_error", { form: "acq", executed: true }, "unknown"],
    ["rate_refusal", {}, "created"],
  ];
  for (const [kind, params, state] of troubles) {
    test(`${kind} ${JSON.stringify(params)}: nothing is guessed, and the code comes by itself`, async () => {
      await hands.fault(kind, placing, params);
      const payment = await hands.create({ method: "alipay.qr" });
      assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", state]);
      assert.equal(payment.next_action, null);
      platform.clock.advance(11 * SECOND);
      const shown = await codeShown(payment);
      assert.equal(shown.attempts.length, 1, "the same order was placed again");
      await platform.payCode(shown.next_action.qr_code);
      await succeeded(payment);
    });
  }

  test("slow: the answer is awaited", async () => {
    await hands.fault("slow", placing, { ms: 300 });
    const payment = await hands.create({ method: "alipay.qr" });
    assert.equal(payment.next_action.type, "qr_code");
  });
});

describe("notifications that misbehave", () => {
  const paidWith = async (kind: string, params: Record<string, unknown> = {}) => {
    const payment = await hands.create({ method: "alipay.qr" });
    await hands.fault(kind, { out_trade_no: hands.order(payment) }, params);
    await platform.payCode(payment.next_action.qr_code);
    return payment;
  };

  test("lost: the next query finds the payment", async () => {
    const payment = await paidWith("notification_lost");
    assert.equal((await hands.get(payment.id)).status, "processing");
    platform.clock.advance(11 * SECOND);
    await succeeded(payment);
    assert.deepEqual(await decisions(payment, "notification"), []);
    assert.deepEqual(await decisions(payment, "query"), ["paid"]);
  });

  test("late: the query was first, and the notification changes nothing", async () => {
    const payment = await paidWith("notification_late", { ms: 60_000 });
    platform.clock.advance(11 * SECOND);
    const paid = await succeeded(payment);
    platform.clock.advance(MINUTE);
    await hands.eventually(
      () => decisions(payment, "notification"),
      (seen) => seen.length === 1,
    );
    assert.deepEqual(await decisions(payment, "notification"), ["already_known"]);
    assert.deepEqual(await hands.get(payment.id), paid);
  });

  test("twice: acknowledged both times, booked once", async () => {
    const payment = await paidWith("notification_duplicate", { copies: 2 });
    await succeeded(payment);
    await hands.eventually(
      () => decisions(payment, "notification"),
      (seen) => seen.length === 3,
    );
    assert.deepEqual(await decisions(payment, "notification"), ["paid", "already_known", "already_known"]);
    const [sent] = await hands.eventually(
      () => notifications(payment),
      ([one]) => one.tries.length === 3,
    );
    assert.deepEqual(
      sent.tries.map((made: Json) => made.body),
      ["success", "success", "success"],
    );
    assert.deepEqual(await hands.events(payment.id), ["payment.succeeded"]);
  });

  test("out of order: the refund is told before the payment, and the sums are right", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const order = hands.order(payment);
    await hands.fault("notification_reordered", { out_trade_no: order });
    await platform.payCode(payment.next_action.qr_code);
    platform.clock.advance(11 * SECOND);
    await succeeded(payment);
    const refund = (await hands.refund(payment.id, { amount: 400 })).body;
    assert.equal(refund.state, "accepted");
    await hands.eventually(
      () => decisions(payment, "notification"),
      (seen) => seen.length >= 2,
    );
    const seen = await hands.get(payment.id);
    assert.deepEqual([seen.status, seen.amount_refunded], ["succeeded", 400]);
    assert.deepEqual(await hands.work(payment.id), []);
  });

  for (const how of ["tampered", "foreign_key", "unsigned"]) {
    test(`forged (${how}): the negative acknowledgement, kept, and the payment untouched`, async () => {
      const payment = await hands.create({ method: "alipay.qr" });
      const before = (await hands.strays()).length;
      const sent = `/alipay/trades/${hands.order(payment)}/forge-notification`;
      assert.equal((await platform.sandbox("POST", sent, { how })).status, 200);
      const strays = await hands.eventually(
        () => hands.strays(),
        (seen) => seen.length > before,
      );
      assert.equal(strays[0].kind, "refused");
      assert.match(strays[0].reason, /signature/);
      const [forged] = await hands.eventually(
        () => notifications(payment),
        ([one]) => one?.tries.length === 1,
      );
      assert.equal(forged.tries[0].body, "failure");
      assert.equal((await hands.get(payment.id)).status, "processing");
    });
  }

  test("an authentic one for an order that is not ours is acknowledged and kept as an orphan", async () => {
    await payStrangersOrder("STRANGER1");
    const [orphan] = await hands.eventually(
      () => hands.strays(),
      ([one]) => one?.kind === "orphan",
    );
    assert.deepEqual([orphan.channel_order_no, orphan.outcome], ["STRANGER1", "paid"]);
    const { body } = await platform.sandbox("GET", "/alipay/notifications?out_trade_no=STRANGER1");
    assert.deepEqual(
      body.data[0].tries.map((made: Json) => made.body),
      ["success"],
    );
  });

  test("another amount: kept, acknowledged and asked about; only the query's word is booked", async () => {
    const payment = await paidWith("notification_wrong_amount", { delta: 100 });
    const paid = await succeeded(payment);
    assert.equal(paid.attempts[0].amount_paid, 1234);
    assert.deepEqual(await decisions(payment, "notification"), ["contradiction"]);
    const [sent] = await notifications(payment);
    assert.equal(sent.tries[0].body, "success");
  });

  test("another amount really taken: surplus, given back, and the payment waits", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await hands.fault("trade_wrong_amount", { out_trade_no: hands.order(payment) }, { delta: 100 });
    await platform.payCode(payment.next_action.qr_code);
    const seen = await platform.until(payment.id, (one) => one.refunds_automatic[0]?.accepted_at != null);
    assert.deepEqual([seen.status, seen.attempts[0].surplus], ["created", "amount_differs"]);
    assert.deepEqual([seen.attempts[0].amount_paid, seen.refunds_automatic[0].amount], [1334, 1334]);
    assert.deepEqual(
      (await hands.events(payment.id)).filter((type) => type.startsWith("payment.")),
      [],
    );
  });
});

/** An order placed with an app of this merchant's, though not by this platform, and paid. */
async function payStrangersOrder(outTradeNo: string): Promise<void> {
  const { publicKey, privateKey } = newRsaKey();
  const app = await platform.sandbox("POST", "/alipay/apps", {
    app_public_key: publicKey,
    mode: "public_key",
  });
  const { app_id: appId, pid, gateway_url: gateway, alipay_public_key: alipayPublicKey } = app.body;
  const account = await platform.ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: platform.demo.merchant_id,
    channel: "alipay",
    label: "Another app",
    gateway_url: gateway,
    cost_rate_millionths: 6_000,
    fund_flow: "through_platform",
    credentials: {
      mode: "public_key",
      app_id: appId,
      seller_id: pid,
      private_key: privateKey,
      alipay_public_key: alipayPublicKey,
    },
  });
  assert.equal(account.status, 201, JSON.stringify(account.body));
  const params: Record<string, string> = {
    app_id: appId,
    method: "alipay.trade.precreate",
    charset: "utf-8",
    sign_type: "RSA2",
    timestamp: platform.clock.now().toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }),
    version: "1.0",
    notify_url: `${platform.baseUrl}/notify/alipay/${account.body.id}`,
    biz_content: JSON.stringify({ out_trade_no: outTradeNo, total_amount: "1.00", subject: "Not ours" }),
  };
  const text = Object.keys(params)
    .sort((one, other) => (one < other ? -1 : 1))
    .map((name) => `${name}=${params[name]}`)
    .join("&");
  params.sign = sign("sha256", Buffer.from(text), privateKey).toString("base64");
  const answer = await fetch(gateway, { method: "POST", body: new URLSearchParams(params) });
  const { alipay_trade_precreate_response: placed } = (await answer.json()) as Json;
  const paid = await platform.payCode(placed.qr_code);
  assert.equal(paid.status, 200, JSON.stringify(paid.body));
}

describe("a channel that takes money back", () => {
  test("all of it after the success: told, a work item, and the payment stays succeeded", async () => {
    const payment = await hands.paid();
    await platform.sandbox("POST", `/alipay/trades/${hands.order(payment)}/reverse`, {});
    const seen = await platform.until(payment.id, (one) => one.reversed_by_channel);
    assert.deepEqual([seen.status, seen.attempts[0].state], ["succeeded", "reversed_by_channel"]);
    assert.deepEqual(await hands.events(payment.id), ["payment.succeeded", "payment.reversed_by_channel"]);
    const [item] = await hands.work(payment.id);
    assert.deepEqual([item.kind, item.amount, item.state], ["reversed_by_channel", 1234, "open"]);
    const refund = await hands.refund(payment.id, { amount: 1 });
    assert.deepEqual([refund.status, refund.body.code], [409, "payment_not_refundable"]);
    const booked = (await hands.timeline(payment.id)).filter((one) => one.kind === "journal");
    assert.deepEqual(
      booked.map((one) => one.what),
      ["Booked: payment_success", "Booked: reversed_by_channel"],
    );
  });

  test("a part of it: a work item, and only the rest can still be refunded", async () => {
    const payment = await hands.paid();
    await platform.sandbox("POST", `/alipay/trades/${hands.order(payment)}/reverse`, { amount: 200 });
    const [item] = await hands.eventually(
      () => hands.work(payment.id),
      (items) => items.length > 0,
    );
    assert.deepEqual([item.kind, item.amount], ["refund_by_channel", 200]);
    const seen = await hands.get(payment.id);
    assert.deepEqual([seen.amount_refunded, seen.reversed_by_channel], [0, false]);
    const refund = await hands.refund(payment.id, { amount: 1035 });
    assert.deepEqual([refund.status, refund.body.amount_left], [422, 1034]);
  });
});

test("watching speeds the query: a look at the cashier brings it forward to 5 s", async () => {
  const payment = await hands.create({ method: "alipay.qr" });
  // Past the first short gaps, so that the next query by itself would be minutes away.
  for (const seconds of [11, 31, 61]) {
    platform.clock.advance(seconds * SECOND);
    const before = (await decisions(payment, "query")).length;
    await hands.eventually(
      () => decisions(payment, "query"),
      (seen) => seen.length > Math.max(before - 1, 0),
    );
  }
  await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
  await platform.payCode(payment.next_action.qr_code);
  await (await fetch(`${payment.cashier_url}/state`)).text();
  platform.clock.advance(6 * SECOND);
  await succeeded(payment);
});

test("the timeline tells the whole story in its order", async () => {
  const payment = await hands.create({ method: "alipay.qr" });
  await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
  await platform.payCode(payment.next_action.qr_code);
  platform.clock.advance(11 * SECOND);
  await succeeded(payment);
  const refund = (await hands.refund(payment.id, { amount: 400, reason: "cold tea" })).body;
  await hands.eventually(
    () => hands.timeline(payment.id),
    (items) => items.filter((item) => item.kind === "delivery").length === 2,
  );
  platform.clock.advance(2 * MINUTE);
  await hands.untilRefund(refund.id, (seen) => seen.state === "succeeded");
  const items = await hands.eventually(
    () => hands.timeline(payment.id),
    (seen) => seen.filter((item) => item.kind === "delivery").length === 3,
  );
  const told = items.map((item) => item.what);
  const inOrder = [
    "Payment of 12.34 CNY created",
    "Order by alipay.qr written",
    "Called the channel (pay): pending; decided: open",
    "Called the channel (query): paid; decided: paid",
    "Payment succeeded",
    "Booked: payment_success",
    "Event payment.succeeded",
    `Refund ${refund.merchant_refund_no} of 4.00 CNY created`,
    "Booked: refund_created",
    "Refund accepted by the channel",
    "Booked: refund_accepted",
    "Event refund.accepted",
    "Called the channel (refund_query): arrived; decided: refund_succeeded",
    "Refund succeeded",
    "Event refund.succeeded",
    "Delivered refund.succeeded",
  ];
  let at = -1;
  for (const what of inOrder) {
    const next = told.indexOf(what, at + 1);
    assert.ok(next > at, `${what} is missing or out of place in\n${told.join("\n")}`);
    at = next;
  }
  for (const what of [
    "Called the channel (refund): accepted; decided: refund_accepted",
    "Delivered payment.succeeded",
    "Delivered refund.accepted",
  ]) {
    assert.ok(told.includes(what), `${what} is missing in\n${told.join("\n")}`);
  }
  const times = items.map((item) => Date.parse(item.at));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  const text = JSON.stringify(items);
  assert.ok(!/"sign":"[A-Za-z0-9+/]{40}/.test(text), "no signature is kept");
});

test("the shop's own timeline shows its accounts and no others", async () => {
  const payment = await hands.paid();
  const { body } = await platform.api("GET", `/v1/payments/${payment.id}/timeline`);
  const codes = body.data
    .filter((item: Json) => item.kind === "journal")
    .flatMap((item: Json) => item.detail.entries.map((entry: Json) => entry.code));
  assert.ok(codes.length > 0);
  assert.ok(codes.every((code: string) => code.startsWith("merchant_")));
});

test("an order that the channel keeps calling open long after its expiry is still asked about", async () => {
  const payment = await hands.create({ method: "alipay.qr", expires_in: 60 });
  platform.clock.advance(70 * SECOND);
  await platform.until(payment.id, (seen) => seen.attempts[0].state === "closed");
  platform.clock.advance(HOUR);
  await assertInvariants(platform);
});
