import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Stripe } from "stripe";
import { type StripeBench, startStripeBench, stripeSdk } from "../testing/stripe.ts";
import { until } from "../testing/until.ts";

// The judge: the official SDK, unmodified, does with the sandbox what it would do with Stripe.

let bench: StripeBench;

before(async () => {
  bench = await startStripeBench();
});
after(() => bench.stop());

const verified = ({ body, signature }: { body: string; signature: string }, secret: string) =>
  stripeSdk(bench.url, "sk_test_none").webhooks.constructEvent(body, signature, secret);
const thrown = async (call: Promise<unknown>): Promise<Stripe.errors.StripeError> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Stripe.errors.StripeError, String(error));
  return error;
};

void describe("a checkout session, by Stripe's SDK", () => {
  void test("is paid on its page, told, refunded in parts and stands in the balance", async () => {
    const { sdk } = bench;
    const session = await bench.session("SDK001");
    assert.equal(session.status, "open");
    assert.equal(session.amount_total, 1234);
    assert.equal(session.payment_intent, null);
    const { body } = await bench.post("/wallet/pay", { code: session.url! });
    assert.equal(body.redirect_url, `http://127.0.0.1:1/done?session=${session.id}`);

    const paid = await sdk.checkout.sessions.retrieve(session.id, {
      expand: ["payment_intent.latest_charge.balance_transaction"],
    });
    assert.deepEqual([paid.status, paid.payment_status, paid.url], ["complete", "paid", null]);
    const intent = paid.payment_intent as Stripe.PaymentIntent;
    assert.deepEqual([intent.status, intent.amount_received], ["succeeded", 1234]);
    assert.equal(intent.metadata.order_no, "SDK001");
    const charge = intent.latest_charge as Stripe.Charge;
    const money = charge.balance_transaction as Stripe.BalanceTransaction;
    // 2.9 % of 12.34 is 0.35786, and 0.30.
    assert.deepEqual([money.amount, money.fee, money.net, money.source], [1234, 66, 1168, charge.id]);

    const [told] = await bench.hear("checkout.session.completed", 1);
    const event = verified(told!, bench.account.webhook_secret);
    assert.equal((event.data.object as Stripe.Checkout.Session).client_reference_id, "SDK001");

    const first = await sdk.refunds.create({
      payment_intent: intent.id,
      amount: 234,
      metadata: { no: "R1" },
    });
    assert.deepEqual([first.status, first.amount, first.metadata!.no], ["pending", 234, "R1"]);
    const second = await sdk.refunds.create({ payment_intent: intent.id, reason: "requested_by_customer" });
    assert.equal(second.amount, 1000);
    const again = await thrown(sdk.refunds.create({ payment_intent: intent.id }));
    assert.equal(again.code, "charge_already_refunded");
    await until("both refunds arrived", async () => {
      const { data } = await sdk.refunds.list({ payment_intent: intent.id });
      assert.deepEqual(
        data.map((refund) => refund.id),
        [second.id, first.id],
      );
      return data.every((refund) => refund.status === "succeeded");
    });
    const after = await sdk.charges.retrieve(charge.id);
    assert.deepEqual([after.refunded, after.amount_refunded], [true, 1234]);
    assert.equal((await bench.hear("charge.refunded", 2)).length, 2);
    const { data: sources } = await sdk.balanceTransactions.list({
      source: first.id,
      expand: ["data.source"],
    });
    assert.deepEqual([sources[0]!.amount, (sources[0]!.source as Stripe.Refund).id], [-234, first.id]);
    const { data: ofIntent } = await sdk.checkout.sessions.list({ payment_intent: intent.id });
    assert.deepEqual([ofIntent.length, ofIntent[0]!.id], [1, session.id]);
  });

  void test("ends unpaid when the shop expires it, and is paid by nobody then", async () => {
    const session = await bench.session("SDK002");
    const expired = await bench.sdk.checkout.sessions.expire(session.id);
    assert.deepEqual([expired.status, expired.payment_intent], ["expired", null]);
    assert.equal((await bench.post("/wallet/pay", { code: session.url! })).status, 409);
    await thrown(bench.sdk.checkout.sessions.expire(session.id));
    await bench.hear("checkout.session.expired", 1, ({ id }) => id === session.id);
  });

  void test("counts yen in whole yen", async () => {
    const tea = { currency: "jpy", unit_amount: 1200, product_data: { name: "茶" } };
    const session = await bench.session("SDK003", { line_items: [{ quantity: 1, price_data: tea }] });
    await bench.post("/wallet/pay", { code: session.url! });
    const { data } = await bench.sdk.balanceTransactions.list({ currency: "jpy" });
    assert.deepEqual([data[0]!.amount, data[0]!.fee], [1200, 65]);
  });
});

void describe("a payment intent, by Stripe's SDK", () => {
  const asked = { amount: 500, currency: "eur", automatic_payment_methods: { enabled: true } };

  void test("is paid in the wallet by its client secret, and found by its metadata", async () => {
    const intent = await bench.sdk.paymentIntents.create({
      ...asked,
      metadata: { shop: "it's 1", order: "PI1" },
    });
    assert.deepEqual([intent.status, intent.amount_received], ["requires_payment_method", 0]);
    await bench.post("/wallet/pay", { code: intent.client_secret! });
    const found = await bench.sdk.paymentIntents.search({
      query: "metadata['order']:'PI1' AND status:'succeeded'",
      expand: ["data.latest_charge"],
    });
    assert.deepEqual([found.data.length, found.data[0]!.id], [1, intent.id]);
    assert.equal((found.data[0]!.latest_charge as Stripe.Charge).amount, 500);
    await bench.hear("payment_intent.succeeded", 1, ({ id }) => id === intent.id);
  });

  void test("is cancelled, and cannot be confirmed any more", async () => {
    const { id } = await bench.sdk.paymentIntents.create(asked);
    const canceled = await bench.sdk.paymentIntents.cancel(id, { cancellation_reason: "abandoned" });
    assert.deepEqual([canceled.status, canceled.cancellation_reason], ["canceled", "abandoned"]);
    const error = await thrown(bench.sdk.paymentIntents.confirm(id, { payment_method: "pm_card_visa" }));
    assert.equal(error.code, "payment_intent_unexpected_state");
    await bench.hear("payment_intent.canceled", 1);
  });

  void test("asks for 3-D Secure, is declined, and is paid at last", async () => {
    const { id, client_secret: code } = await bench.sdk.paymentIntents.create(asked);
    const status = async () => (await bench.sdk.paymentIntents.retrieve(id)).status;
    await bench.post("/wallet/pay", { code, card: "3220" });
    assert.equal(await status(), "requires_action");
    await bench.post("/wallet/pay", { code, password: false });
    assert.equal(await status(), "requires_payment_method");
    await bench.post("/wallet/pay", { code, card: "9995" });
    const declined = await bench.sdk.paymentIntents.retrieve(id);
    assert.equal(declined.last_payment_error!.decline_code, "insufficient_funds");
    await bench.hear("payment_intent.payment_failed", 2, (object) => object.id === id);
    await bench.post("/wallet/pay", { code, card: "3220" });
    await bench.post("/wallet/pay", { code });
    assert.equal(await status(), "succeeded");
  });

  void test("is processing while a bank debit is on its way", async () => {
    const { id, client_secret: code } = await bench.sdk.paymentIntents.create(asked);
    await bench.post("/wallet/pay", { code, card: "6789" });
    assert.equal((await bench.sdk.paymentIntents.retrieve(id)).status, "processing");
    await bench.hear("payment_intent.processing", 1);
    await bench.hear("payment_intent.succeeded", 1, (object) => object.id === id);
  });
});

void describe("Stripe's SDK", () => {
  void test("throws its own classes", async () => {
    const { sdk } = bench;
    const { errors } = Stripe;
    const unknown = stripeSdk(bench.url, "sk_test_nobody");
    const card = { amount: 500, currency: "usd", confirm: true, payment_method: "pm_card_chargeDeclined" };
    await bench.arm("rate_refusal", { match: { method: "charges.list" }, count: 1 });
    await bench.arm("system_error", { match: { method: "events.list" }, count: 1 });
    const cases = [
      [unknown.balanceTransactions.list(), errors.StripeAuthenticationError, 401, undefined],
      [sdk.paymentIntents.retrieve("pi_none"), errors.StripeInvalidRequestError, 404, "resource_missing"],
      [
        sdk.paymentIntents.create({ amount: 1, currency: "usd" }),
        errors.StripeInvalidRequestError,
        400,
        "amount_too_small",
      ],
      [
        sdk.paymentIntents.create({ amount: 500, currency: "xyz" }),
        errors.StripeInvalidRequestError,
        400,
        undefined,
      ],
      [sdk.paymentIntents.create(card), errors.StripeCardError, 402, "card_declined"],
      [sdk.charges.list(), errors.StripeRateLimitError, 429, "rate_limit"],
      [sdk.events.list(), errors.StripeAPIError, 500, undefined],
    ] as const;
    for (const [call, kind, status, code] of cases) {
      const error = await thrown(call);
      assert.ok(error instanceof kind, `${error.type}: ${error.message}`);
      assert.deepEqual([error.statusCode, error.code], [status, code]);
      assert.match(error.requestId ?? "", /^req_/);
    }
  });

  void test("gets the first answer again for the same idempotency key", async () => {
    const params = { amount: 700, currency: "usd" };
    const first = await bench.sdk.paymentIntents.create(params, { idempotencyKey: "KEY1" });
    const again = await bench.sdk.paymentIntents.create(params, { idempotencyKey: "KEY1" });
    assert.equal(again.id, first.id);
    assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
    const other = { ...params, amount: 800 };
    const error = await thrown(bench.sdk.paymentIntents.create(other, { idempotencyKey: "KEY1" }));
    assert.ok(error instanceof Stripe.errors.StripeIdempotencyError);
    assert.equal(error.statusCode, 400);
  });

  void test("pages through the whole balance by itself, in whatever page size", async () => {
    for (let index = 0; index < 7; index += 1) await bench.paid(`PAGE${index}`);
    const created = { gte: 0, lt: Math.floor(Date.now() / 1_000) + 60 };
    const ids: string[] = [];
    for await (const one of bench.sdk.balanceTransactions.list({ created, limit: 3 })) ids.push(one.id);
    const whole = await bench.sdk.balanceTransactions.list({ created, limit: 100 });
    assert.deepEqual(
      ids,
      whole.data.map((one) => one.id),
    );
    assert.ok(ids.length > 7 && new Set(ids).size === ids.length);
    assert.equal((await bench.sdk.balanceTransactions.retrieve(ids[0]!)).id, ids[0]);
    const { available } = await bench.sdk.balance.retrieve();
    const usd = whole.data.filter((one) => one.currency === "usd").reduce((sum, one) => sum + one.net, 0);
    assert.equal(available.find((one) => one.currency === "usd")!.amount, usd);
    const only = await bench.sdk.balanceTransactions.list({ created: { lt: 1 }, limit: 1 });
    assert.deepEqual([only.data.length, only.has_more], [0, false]);
  });

  void test("reads a dispute that a card brings, with what it cost", async () => {
    const intent = await bench.paid("DISP001", { card: "0259" });
    const { data } = await bench.sdk.disputes.list({ payment_intent: intent.id });
    const dispute = await bench.sdk.disputes.retrieve(data[0]!.id, { expand: ["charge"] });
    assert.deepEqual(
      [dispute.status, dispute.reason, dispute.amount],
      ["needs_response", "fraudulent", 1234],
    );
    assert.equal((dispute.charge as Stripe.Charge).disputed, true);
    const [taken] = dispute.balance_transactions;
    assert.deepEqual(
      [taken!.type, taken!.amount, taken!.fee, taken!.net],
      ["adjustment", -1234, 1500, -2734],
    );
    const refund = await thrown(bench.sdk.refunds.create({ payment_intent: intent.id }));
    assert.equal(refund.code, "charge_disputed");
    const [told] = await bench.hear("charge.dispute.created", 1);
    assert.equal(
      (verified(told!, bench.account.webhook_secret).data.object as Stripe.Dispute).id,
      dispute.id,
    );
  });

  void test("makes an endpoint of its own, which hears what it named and nothing else", async () => {
    const url = bench.account.notify_url!;
    const made = await bench.sdk.webhookEndpoints.create({ url, enabled_events: ["charge.succeeded"] });
    await bench.paid("HOOK001");
    const [told] = await bench.hear("charge.succeeded", 1);
    assert.equal(verified(told!, made.secret!).type, "charge.succeeded");
    assert.throws(
      () => verified(told!, bench.account.webhook_secret),
      Stripe.errors.StripeSignatureVerificationError,
    );
    const { data } = await bench.sdk.webhookEndpoints.list();
    assert.deepEqual(
      data.map((one) => [one.id, one.secret]),
      [
        [made.id, undefined],
        [bench.account.webhook_endpoint_id, undefined],
      ],
    );
    assert.equal((await bench.sdk.webhookEndpoints.del(made.id)).deleted, true);
    const { data: events } = await bench.sdk.events.list({ type: "charge.succeeded", limit: 1 });
    assert.equal((await bench.sdk.events.retrieve(events[0]!.id)).id, told!.event.id);
  });
});
