import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
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

const another = (payment: Json, wanted: Record<string, unknown>) =>
  platform.api("POST", `/v1/payments/${payment.id}/attempts`, wanted);
const scan = (payment: Json) =>
  platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
/** Waits until the surplus of the payment is on its way back at the channel. */
const givenBack = (payment: Json) =>
  platform.until(
    payment.id,
    (seen) => seen.refunds_automatic.length === 1 && seen.refunds_automatic[0].accepted_at !== null,
  );
/** Waits until the nth attempt is in a state. */
const attemptIn = (payment: Json, index: number, state: string) =>
  platform.until(payment.id, (seen) => seen.attempts[index]?.state === state);

describe("another way to pay", () => {
  test("a code that nobody opened gives way to a page", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const { status, body } = await another(payment, { method: "alipay.page" });
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual(
      body.attempts.map((attempt: Json) => [attempt.method, attempt.state]),
      [
        ["alipay.qr", "abandoned"],
        ["alipay.page", "pending"],
      ],
    );
    assert.equal(body.next_action.type, "redirect");
    await platform.payCode(body.next_action.url);
    const paid = await platform.until(payment.id, (seen) => seen.status === "succeeded");
    assert.equal(paid.success_attempt, paid.attempts[1].id);
  });

  test("an order that the buyer opened is closed at the channel first", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await scan(payment);
    const { body } = await another(payment, { method: "alipay.qr" });
    assert.deepEqual(
      body.attempts.map((attempt: Json) => attempt.state),
      ["closed", "pending"],
    );
    assert.equal((await platform.payCode(payment.next_action.qr_code)).status, 409);
  });

  test("an order that was paid meanwhile is the result, and no other is made", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    await platform.payCode(payment.next_action.qr_code);
    const { status, body } = await another(payment, { method: "alipay.page" });
    assert.deepEqual([status, body.status, body.attempts.length], [200, "succeeded", 1]);
  });

  test("a channel that does not answer: the payment is being confirmed, nothing new is made", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await scan(payment);
    await hands.fault("http_5xx", { out_trade_no: hands.order(payment), method: "alipay.trade.close" });
    const confirming = await another(payment, { method: "alipay.page" });
    assert.deepEqual([confirming.status, confirming.body.code], [409, "payment_confirming"]);
    const closing = await another(payment, { method: "alipay.page" });
    assert.deepEqual([closing.status, closing.body.code], [409, "payment_closing"]);
    platform.clock.advance(3 * SECOND);
    await attemptIn(payment, 0, "closed");
    assert.equal((await another(payment, { method: "alipay.page" })).status, 201);
  });

  test("after the end there is no other way", async () => {
    const payment = await hands.paid();
    const refused = await another(payment, { method: "alipay.page" });
    assert.deepEqual([refused.status, refused.body.code], [409, "payment_final"]);
  });

  test("two at once: one is made, the other told that the payment is being closed or confirmed", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const answers = await Promise.all([
      another(payment, { method: "alipay.page" }),
      another(payment, { method: "alipay.page" }),
    ]);
    const made = answers.filter((answer) => answer.status === 201);
    assert.ok(made.length >= 1);
    const now = await hands.get(payment.id);
    const open = now.attempts.filter((attempt: Json) => !["abandoned", "closed"].includes(attempt.state));
    assert.equal(open.length, 1);
    assert.equal(now.live_attempt, open[0].id);
  });

  test("a payment code after a refused one, under the same order number", async () => {
    const payment = await hands.create({ payment_code: await hands.paymentCode("insufficient_balance") });
    assert.deepEqual([payment.status, payment.attempts[0].state], ["created", "failed"]);
    assert.equal(payment.attempts[0].failure_code, "ACQ.BUYER_BALANCE_NOT_ENOUGH");
    const { status, body } = await another(payment, { payment_code: await hands.paymentCode() });
    assert.deepEqual([status, body.status], [200, "succeeded"]);
    assert.deepEqual(await hands.events(payment.id), ["payment.succeeded"]);
  });
});

describe("money that comes late", () => {
  test("an abandoned code paid while the payment is open is the success; the other is closed", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const { body } = await another(payment, { method: "alipay.qr" });
    await platform.sandbox("POST", "/wallet/scan", { code: body.next_action.qr_code });
    await platform.payCode(payment.next_action.qr_code);
    const paid = await platform.until(payment.id, (seen) => seen.status === "succeeded");
    assert.equal(paid.success_attempt, paid.attempts[0].id);
    await attemptIn(payment, 1, "closed");
  });

  test("both orders paid: one is the success, the other goes back, and the shop is told of one", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const { body } = await another(payment, { method: "alipay.qr" });
    await hands.fault("notification_late", { out_trade_no: hands.order(payment, 0) }, { ms: 30_000 });
    await platform.payCode(payment.next_action.qr_code);
    await platform.payCode(body.next_action.qr_code);
    await platform.until(payment.id, (seen) => seen.success_attempt === body.attempts[1].id);
    platform.clock.advance(31 * SECOND);
    const seen = await givenBack(payment);
    assert.deepEqual([seen.attempts[0].state, seen.attempts[0].surplus], ["succeeded", "payment_succeeded"]);
    assert.deepEqual([seen.amount_refunded, seen.refund_status], [0, "none"]);
    const [refund] = seen.refunds_automatic;
    assert.deepEqual([refund.amount, refund.automatic, refund.attempt], [1234, true, seen.attempts[0].id]);
    const told = (await hands.events(payment.id)).filter((type) => type.startsWith("payment."));
    assert.deepEqual(told, ["payment.succeeded"]);
  });

  test("an abandoned code paid after the payment was closed is surplus and goes back", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await hands.fault("abandoned_code_paid", { out_trade_no: hands.order(payment) }, { ms: 1_000 });
    const { body } = await platform.api("POST", `/v1/payments/${payment.id}/close`);
    assert.equal(body.status, "closed");
    platform.clock.advance(2 * SECOND);
    const seen = await givenBack(payment);
    assert.deepEqual([seen.status, seen.attempts[0].surplus], ["closed", "payment_closed"]);
    assert.equal(seen.attempts[0].fee, 0);
  });

  test("paid after the channel had closed the order is surplus and goes back", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await scan(payment);
    await hands.fault("paid_after_close", { out_trade_no: hands.order(payment) }, { ms: 1_000 });
    const { body } = await platform.api("POST", `/v1/payments/${payment.id}/close`);
    assert.equal(body.attempts[0].state, "closed");
    platform.clock.advance(2 * SECOND);
    const seen = await givenBack(payment);
    assert.equal(seen.attempts[0].surplus, "payment_closed");
  });

  test("paid after the expiry is surplus and goes back", async () => {
    const payment = await hands.create({ method: "alipay.qr", expires_in: 60 });
    await scan(payment);
    await hands.fault("paid_after_close", { out_trade_no: hands.order(payment) }, { ms: 5_000 });
    platform.clock.advance(61 * SECOND);
    await platform.until(payment.id, (seen) => seen.status === "closed");
    const paid = await platform.sandbox("POST", `/alipay/trades/${hands.order(payment)}/pay-late`, {});
    assert.ok([200, 409].includes(paid.status), JSON.stringify(paid.body));
    platform.clock.advance(6 * SECOND);
    const seen = await givenBack(payment);
    assert.deepEqual([seen.status, seen.attempts[0].surplus], ["closed", "payment_closed"]);
  });

  test("a surplus whose refund the channel refuses for good stays in suspense, as a work item", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await scan(payment);
    const order = hands.order(payment);
    await platform.api("POST", `/v1/payments/${payment.id}/close`);
    await hands.fault("rate_refusal", { out_trade_no: order, method: "alipay.trade.refund" });
    await platform.sandbox("POST", `/alipay/trades/${order}/pay-late`, {});
    await platform.until(payment.id, (seen) => seen.refunds_automatic[0]?.failure_code === "not_sent");
    // By the time that our refund comes the channel has given all of it back.
    await hands.fault("notification_lost", { out_trade_no: order });
    await platform.sandbox("POST", `/alipay/trades/${order}/reverse`, {});
    platform.clock.advance(6 * SECOND);
    const seen = await platform.until(payment.id, (one) => one.refunds_automatic[0].state === "failed");
    assert.equal(seen.refunds_automatic[0].failure_code, "ACQ.TRADE_HAS_CLOSE");
    const [item] = await hands.work(payment.id);
    assert.deepEqual([item.kind, item.amount], ["surplus_refund_failed", 1234]);
    await assertInvariants(platform);
  });
});

describe("payment codes", () => {
  test("a password that the buyer enters: processing, then succeeded", async () => {
    const code = await hands.paymentCode("asks_password");
    const payment = await hands.create({ payment_code: code });
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "pending"]);
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    await platform.payCode(code);
    platform.clock.advance(6 * SECOND);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
  });

  test("a password that never comes: reversed after 40 s, and the payment waits for another", async () => {
    const code = await hands.paymentCode("asks_password");
    const payment = await hands.create({ payment_code: code });
    platform.clock.advance(41 * SECOND);
    // Repeated until the channel has answered: on a busy machine the first call may be given up.
    const reversed = await hands.eventually(
      async () => {
        platform.clock.advance(SECOND);
        return hands.get(payment.id);
      },
      (seen) => seen.attempts[0].state === "reversed",
    );
    assert.equal(reversed.status, "created");
    assert.equal((await platform.payCode(code)).status, 409);
    assert.deepEqual(await hands.events(payment.id), []);
  });

  test("a buyer who pays while it is reversed gets everything back, by the reversal alone", async () => {
    const code = await hands.paymentCode("asks_password");
    const payment = await hands.create({ payment_code: code });
    const order = hands.order(payment);
    await hands.fault("cancel_retry_flag", { out_trade_no: order });
    platform.clock.advance(41 * SECOND);
    await attemptIn(payment, 0, "reversing");
    await platform.payCode(code);
    const surplus = await platform.until(payment.id, (seen) => seen.attempts[0].surplus !== null);
    assert.deepEqual([surplus.status, surplus.attempts[0].surplus], ["created", "reversing"]);
    platform.clock.advance(3 * SECOND);
    const reversed = await attemptIn(payment, 0, "reversed");
    assert.deepEqual(reversed.refunds_automatic, []);
    const { body } = await platform.sandbox("GET", "/wallet/trades?limit=5");
    const trade = body.data.find((one: Json) => one.out_trade_no === order);
    assert.equal(trade.amount_refunded, 1234);
  });

  test("the answer to the call is lost, and the buyer had paid: a query finds the success", async () => {
    const code = await hands.paymentCode();
    await hands.fault("answer_lost_after_success", { method: "alipay.trade.pay" });
    await hands.fault("notification_lost");
    const payment = await hands.create({ payment_code: code });
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "unknown"]);
    platform.clock.advance(16 * SECOND);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
  });

  test("the call never arrived: nothing is guessed; after 40 s it is reversed", async () => {
    const code = await hands.paymentCode();
    await hands.fault("timeout_before", { method: "alipay.trade.pay" }, { ms: 0 });
    const payment = await hands.create({ payment_code: code });
    assert.equal(payment.attempts[0].state, "unknown");
    platform.clock.advance(20 * SECOND);
    assert.equal((await hands.get(payment.id)).status, "processing");
    platform.clock.advance(21 * SECOND);
    await attemptIn(payment, 0, "reversed");
  });

  test("a reversal whose answer is lost is repeated, and what it did is booked once", async () => {
    const code = await hands.paymentCode("asks_password");
    const payment = await hands.create({ payment_code: code });
    const order = hands.order(payment);
    await hands.fault("notification_lost", { out_trade_no: order });
    await hands.fault("notification_lost", { out_trade_no: order });
    await hands.fault("http_5xx", { out_trade_no: order, method: "alipay.trade.query" });
    await hands.fault("answer_lost_after_success", { out_trade_no: order, method: "alipay.trade.cancel" });
    await platform.payCode(code);
    platform.clock.advance(41 * SECOND);
    await attemptIn(payment, 0, "reversing");
    platform.clock.advance(MINUTE);
    const reversed = await attemptIn(payment, 0, "reversed");
    assert.deepEqual([reversed.attempts[0].surplus, reversed.status], ["reversing", "created"]);
  });

  test("a code that is no code of the wallet is refused before it reaches the channel", async () => {
    const refused = await platform.pay({ payment_code: "9912345678901234567" });
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.field],
      [422, "order_refused", "payment_code"],
    );
  });

  test("a code that the wallet does not know leaves the payment open", async () => {
    const payment = await hands.create({ payment_code: "280000000000000000" });
    assert.deepEqual([payment.status, payment.attempts[0].state], ["created", "failed"]);
    assert.equal(payment.attempts[0].failure_code, "ACQ.PAYMENT_AUTH_CODE_INVALID");
  });

  test("closing a payment whose buyer is asked reverses it", async () => {
    const payment = await hands.create({ payment_code: await hands.paymentCode("asks_password") });
    const { body } = await platform.api("POST", `/v1/payments/${payment.id}/close`);
    assert.deepEqual([body.status, body.attempts[0].state], ["closed", "reversed"]);
  });
});
