import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import { aNumber, handsOn } from "./testing/hands.ts";
import { openShop, type Shop } from "./testing/shop.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  // What one payment brought may leave with the refund of another: these tests need some money in the book.
  await hands.paid({ amount: 100_000 });
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const refundCall = (payment: Json) => ({
  out_trade_no: hands.order(payment),
  method: "alipay.trade.refund",
});
/** What the buyer got back, as the channel's own books say. */
const atChannel = async (payment: Json): Promise<number> => {
  const { body } = await platform.sandbox("GET", "/wallet/trades?limit=100");
  const order = hands.order(payment);
  return body.data.find((trade: Json) => trade.out_trade_no === order).amount_refunded;
};
const refunded = async (payment: Json) => {
  const { amount_refunded, refund_status } = await hands.get(payment.id);
  return [amount_refunded, refund_status];
};

describe("refunds", () => {
  test("a part, another part, and all that is left", async () => {
    const payment = await hands.paid();
    const first = await hands.refund(payment.id, { amount: 234, reason: "one cup too many" });
    assert.deepEqual([first.status, first.body.state, first.body.amount], [201, "accepted", 234]);
    assert.deepEqual(await refunded(payment), [234, "partial"]);
    await hands.refund(payment.id, { amount: 500 });
    const rest = await hands.refund(payment.id);
    assert.deepEqual([rest.body.amount, rest.body.state], [500, "accepted"]);
    assert.deepEqual(await refunded(payment), [1234, "full"]);
    assert.equal(await atChannel(payment), 1234);
    const { status } = await hands.get(payment.id);
    assert.equal(status, "succeeded", "a payment never leaves succeeded");
  });

  test("arrival is asked for, and told", async () => {
    const payment = await hands.paid();
    const { body } = await hands.refund(payment.id, { amount: 100 });
    platform.clock.advance(MINUTE + SECOND);
    const arrived = await hands.untilRefund(body.id, (refund) => refund.state === "succeeded");
    assert.ok(arrived.arrived_at !== null && arrived.state_final);
    const told = await hands.events(payment.id);
    assert.deepEqual(told, ["payment.succeeded", "refund.accepted", "refund.succeeded"]);
  });

  test("the fee comes back in proportion, to the cent over all parts", async () => {
    const payment = await hands.paid({ amount: 1000 });
    const parts = [];
    for (const amount of [333, 333, 334]) parts.push((await hands.refund(payment.id, { amount })).body);
    const fees = parts.map((refund) => refund.fee_returned);
    assert.equal(
      fees.reduce((sum, fee) => sum + fee, 0),
      8,
    );
  });

  test("of a payment with a voucher: what settles leaves the balance, what was paid goes back", async () => {
    const payment = await hands.create({ method: "alipay.qr", amount: 1000 });
    const { qr_code } = payment.next_action;
    await platform.sandbox("POST", "/wallet/pay", { code: qr_code, voucher_amount: 300 });
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
    const { body } = await hands.refund(payment.id, { amount: 500 });
    assert.deepEqual([body.amount, body.amount_settled], [500, 350]);
  });

  test("beyond what is left: refused, naming what is left", async () => {
    const payment = await hands.paid();
    await hands.refund(payment.id, { amount: 1000 });
    const refused = await hands.refund(payment.id, { amount: 235 });
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.field, refused.body.amount_left],
      [422, "refund_exceeds_payment", "amount", 234],
    );
    await hands.refund(payment.id);
    const nothing = await hands.refund(payment.id);
    assert.deepEqual([nothing.status, nothing.body.amount_left], [422, 0]);
  });

  test("before there is money: refused", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const refused = await hands.refund(payment.id, { amount: 1 });
    assert.deepEqual([refused.status, refused.body.code], [409, "payment_not_refundable"]);
  });

  test("the same request again is the same refund, as it now is", async () => {
    const payment = await hands.paid();
    const wanted = { merchant_refund_no: aNumber("R"), amount: 100 };
    const first = await hands.refund(payment.id, wanted);
    const again = await hands.refund(payment.id, wanted);
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.deepEqual(again.body, first.body);
    assert.deepEqual(await refunded(payment), [100, "partial"]);
  });

  test("a number used for another amount, or another payment, is refused with what differs", async () => {
    const [payment, other] = [await hands.paid(), await hands.paid()];
    const wanted = { merchant_refund_no: aNumber("R"), amount: 100 };
    await hands.refund(payment.id, wanted);
    const amount = await hands.refund(payment.id, { ...wanted, amount: 101 });
    assert.deepEqual(
      [amount.status, amount.body.code, amount.body.fields],
      [409, "number_reused", ["amount"]],
    );
    const elsewhere = await hands.refund(other.id, wanted);
    assert.deepEqual([elsewhere.status, elsewhere.body.fields], [409, ["payment"]]);
    assert.deepEqual(await refunded(other), [0, "none"]);
  });

  test("the same number at the same instant is one refund", async () => {
    const payment = await hands.paid();
    const wanted = { merchant_refund_no: aNumber("R"), amount: 100 };
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => hands.refund(payment.id, wanted)));
    assert.deepEqual(
      answers.map((answer) => answer.status).sort((a, b) => a - b),
      [200, 200, 200, 200, 201],
    );
    assert.equal(new Set(answers.map((answer) => answer.body.id)).size, 1);
    assert.deepEqual(await refunded(payment), [100, "partial"]);
    assert.equal(await atChannel(payment), 100);
  });

  test("are found by payment and state", async () => {
    const payment = await hands.paid();
    const made = [(await hands.refund(payment.id, { amount: 1 })).body.id];
    made.unshift((await hands.refund(payment.id, { amount: 2 })).body.id);
    const ids = async (query: string) =>
      (await platform.api("GET", `/v1/refunds?payment=${payment.id}${query}`)).body.data.map(
        (refund: Json) => refund.id,
      );
    assert.deepEqual(await ids(""), made);
    assert.deepEqual(await ids("&state=accepted"), made);
    assert.deepEqual(await ids("&state=failed"), []);
  });
});

describe("refunds when the channel is in trouble", () => {
  test("no funds there: tried again under the same number until it works", async () => {
    const payment = await hands.paid();
    await hands.fault("refund_refused", refundCall(payment));
    const { body } = await hands.refund(payment.id, { amount: 300 });
    assert.deepEqual([body.state, body.failure_code], ["created", "ACQ.SELLER_BALANCE_NOT_ENOUGH"]);
    platform.clock.advance(6 * SECOND);
    const accepted = await hands.untilRefund(body.id, (refund) => refund.accepted_at !== null);
    assert.equal(accepted.channel_refund_no, body.channel_refund_no);
    assert.equal(await atChannel(payment), 300);
  });

  for (const kind of ["rate_refusal", "timeout_before", "http_5xx", "system_error"]) {
    test(`${kind}: nothing is guessed, and the refund is carried out once`, async () => {
      const payment = await hands.paid();
      await hands.fault(kind, refundCall(payment), kind === "timeout_before" ? { ms: 0 } : {});
      const { body } = await hands.refund(payment.id, { amount: 300 });
      assert.ok(["created", "unknown"].includes(body.state));
      for (const minutes of [2, 6, 31]) {
        platform.clock.advance(minutes * MINUTE);
        await new Promise((resolve) => setTimeout(resolve, 700));
      }
      await hands.untilRefund(body.id, (refund) => refund.accepted_at !== null);
      assert.equal(await atChannel(payment), 300);
    });
  }

  test("the answer is lost after the money moved: a query finds it", async () => {
    const payment = await hands.paid();
    const order = hands.order(payment);
    await hands.fault("answer_lost_after_success", refundCall(payment));
    await hands.fault("notification_lost", { out_trade_no: order });
    const { body } = await hands.refund(payment.id, { amount: 300 });
    assert.equal(body.state, "unknown");
    platform.clock.advance(MINUTE + SECOND);
    await hands.untilRefund(body.id, (refund) => refund.state === "succeeded");
    assert.equal(await atChannel(payment), 300);
    assert.deepEqual(await refunded(payment), [300, "partial"]);
  });

  test("fund_change N: the answer alone proves nothing, a query decides", async () => {
    const payment = await hands.paid();
    await hands.fault("fund_change_n", refundCall(payment));
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    const { body } = await hands.refund(payment.id, { amount: 300 });
    assert.equal(body.state, "unknown");
    platform.clock.advance(MINUTE + SECOND);
    await hands.untilRefund(body.id, (refund) => refund.state === "succeeded");
  });

  test("a final refusal: failed, told, and the money back with the merchant", async () => {
    const payment = await hands.paid();
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    await platform.sandbox("POST", `/alipay/trades/${hands.order(payment)}/reverse`, { amount: 1000 });
    const { body } = await hands.refund(payment.id, { amount: 1000 });
    assert.deepEqual([body.state, body.failure_code], ["failed", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"]);
    assert.deepEqual(await refunded(payment), [0, "none"]);
    assert.deepEqual(await hands.events(payment.id), ["payment.succeeded", "refund.failed"]);
    await assertInvariants(platform);
  });

  test("the buyer's bank sends it back: returned, told, and the money back with the merchant", async () => {
    const payment = await hands.paid();
    await hands.fault("refund_returned", refundCall(payment), { ms: 30_000 });
    const { body } = await hands.refund(payment.id, { amount: 300 });
    assert.equal(body.state, "accepted");
    platform.clock.advance(31 * SECOND);
    const returned = await hands.untilRefund(body.id, (refund) => refund.state === "returned");
    assert.equal(returned.fee_returned, body.fee_returned);
    assert.deepEqual(await refunded(payment), [0, "none"]);
    assert.ok((await hands.events(payment.id)).includes("refund.returned"));
    assert.deepEqual(await hands.work(payment.id), [], "it is no refund of the channel's own");
    await assertInvariants(platform);
  });
});

describe("refunds beyond the merchant's money", () => {
  /** A payment of 1000 by a shop that has no other money. */
  const paidAt = async (shop: Shop) => {
    const wanted = { merchant_order_no: aNumber(), amount: 1000, currency: "CNY", subject: "Tea" };
    const { body } = await shop.api("POST", "/v1/payments", { ...wanted, method: "alipay.qr" });
    await platform.payCode(body.next_action.qr_code);
    return hands.eventually(
      async () => (await shop.api("GET", `/v1/payments/${body.id}`)).body,
      (seen) => seen.status === "succeeded",
    );
  };
  const refund = (shop: Shop, payment: Json, amount: number) =>
    shop.api("POST", `/v1/payments/${payment.id}/refunds`, { merchant_refund_no: aNumber("R"), amount });

  test("the only payment is given back in full where its fee comes back with it", async () => {
    const shop = await openShop(platform);
    const payment = await paidAt(shop);
    const made = await refund(shop, payment, 1000);
    assert.deepEqual([made.status, made.body.state, made.body.fee_returned], [201, "accepted", 8]);
    const pending = (await shop.api("GET", "/v1/accounts")).body.data.find(
      (account: Json) => account.code === "merchant_pending",
    );
    assert.equal(pending.natural_balance, 0);
  });

  test("what the fee took is missing: refused, nothing happens, and a smaller one goes through", async () => {
    const shop = await openShop(platform, { fee_returned_on_refund: false });
    const payment = await paidAt(shop);
    const refused = await refund(shop, payment, 1000);
    assert.deepEqual([refused.status, refused.body.code], [422, "insufficient_balance"]);
    const listed = await shop.api("GET", `/v1/refunds?payment=${payment.id}`);
    assert.deepEqual(listed.body.data, []);
    assert.equal(await atChannel(payment), 0);
    const covered = await refund(shop, payment, 992);
    assert.deepEqual([covered.status, covered.body.state, covered.body.fee_returned], [201, "accepted", 0]);
    assert.equal((await refund(shop, payment, 1)).body.code, "insufficient_balance");
  });

  test("many at once: those that the money covers are made, and no other", async () => {
    const shop = await openShop(platform, { fee_returned_on_refund: false });
    const payment = await paidAt(shop);
    const answers = await Promise.all(Array.from({ length: 12 }, () => refund(shop, payment, 100)));
    const made = answers.filter((answer) => answer.status === 201);
    assert.equal(made.length, 9);
    assert.equal(await atChannel(payment), 900);
    await assertInvariants(platform);
  });

  test("money that does not pass us: the channel decides, and the books are a memorandum", async () => {
    const shop = await openShop(platform, { fund_flow: "direct_to_merchant" });
    const payment = await paidAt(shop);
    assert.equal(payment.attempts[0].fee, 0);
    const whole = await refund(shop, payment, 1000);
    assert.deepEqual([whole.status, whole.body.state], [201, "accepted"]);
    const { body } = await shop.api("GET", `/v1/payments/${payment.id}/timeline`);
    const codes = body.data
      .filter((item: Json) => item.kind === "journal")
      .flatMap((item: Json) => item.detail.entries.map((entry: Json) => entry.code));
    assert.ok(codes.length > 0 && codes.every((code: string) => code.startsWith("memo_")));
  });
});
