import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Stripe } from "stripe";
import { testClock } from "../testing/clock.ts";
import { type StripeBench, startStripeBench } from "../testing/stripe.ts";
import { until } from "../testing/until.ts";

let bench: StripeBench;

before(async () => {
  bench = await startStripeBench();
});
after(() => bench.stop());

const once = (kind: string, orderNo: string, params: object = {}) =>
  bench.arm(kind, { match: { out_trade_no: orderNo }, count: 1, params });
const refunds = async (intent: Stripe.PaymentIntent) =>
  (await bench.sdk.refunds.list({ payment_intent: intent.id })).data;
const intentOf = async (orderNo: string) => {
  const { data } = await bench.sdk.paymentIntents.search({ query: `metadata['order_no']:'${orderNo}'` });
  return data[0]!;
};
const codeOf = async (call: Promise<unknown>) => {
  const error = (await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as Stripe.errors.StripeError;
  return [error.statusCode, error.code];
};

void describe("a fault of a call to Stripe", () => {
  test("loses the answer of a refund, which the SDK asks for again by its key and gets", async () => {
    const intent = await bench.paid("LOST001");
    await once("answer_lost_after_success", "LOST001");
    const made = await bench.sdk.refunds.create({ payment_intent: intent.id, amount: 100 });
    assert.equal(made.lastResponse.headers["idempotent-replayed"], "true");
    assert.deepEqual(
      (await refunds(intent)).map(({ id }) => id),
      [made.id],
    );
  });

  test("answers nothing, or an HTTP error, before anything was carried out", async () => {
    // The SDK asks once more where a connection is cut, whatever it was told of retries.
    const match = { out_trade_no: "NONE001" };
    await bench.arm("timeout_before", { match, count: 2, params: { ms: 10 } });
    await assert.rejects(bench.session("NONE001"), Stripe.errors.StripeConnectionError);
    await once("http_5xx", "NONE001", { status: 503 });
    await assert.rejects(bench.session("NONE001"));
    const { data } = await bench.sdk.checkout.sessions.list({ limit: 100 });
    assert.ok(data.every((session) => session.client_reference_id !== "NONE001"));
  });

  test("says 500, and says it again to the same key, whether it was carried out or not", async () => {
    const intent = await bench.paid("FIVE001");
    await once("system_error", "FIVE001", { executed: true });
    const asked = { payment_intent: intent.id, amount: 100 };
    for (let tries = 0; tries < 2; tries += 1) {
      const call = bench.sdk.refunds.create(asked, { idempotencyKey: "FIVE001-1" });
      assert.deepEqual(await codeOf(call), [500, undefined]);
    }
    assert.equal((await refunds(intent)).length, 1);
  });

  test("keeps to its operation and its account", async () => {
    const { account_id: accountId } = bench.account;
    await bench.arm("rate_refusal", { match: { app_id: accountId, method: "refunds.retrieve" }, count: 1 });
    await bench.arm("rate_refusal", { match: { app_id: "acct_other" } });
    await bench.paid("ELSE001");
    assert.deepEqual(await codeOf(bench.sdk.refunds.retrieve("re_none")), [429, "rate_limit"]);
    assert.deepEqual(await codeOf(bench.sdk.refunds.retrieve("re_none")), [404, "resource_missing"]);
  });
});

void describe("a fault of a payment or a refund at Stripe", () => {
  test("lets the buyer pay another amount, as everything agrees", async () => {
    await once("trade_wrong_amount", "AMOUNT1", { delta: -34 });
    const intent = await bench.paid("AMOUNT1");
    const charge = intent.latest_charge as Stripe.Charge;
    const money = charge.balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual([intent.amount_received, charge.amount, money.amount], [1200, 1200, 1200]);
  });

  test("pays what was ended, session or intent", async () => {
    const session = await bench.session("AFTER001");
    await once("paid_after_close", "AFTER001");
    await bench.sdk.checkout.sessions.expire(session.id);
    await until("AFTER001 paid", async () => {
      const now = await bench.sdk.checkout.sessions.retrieve(session.id);
      return now.status === "complete" && now.payment_status === "paid";
    });
    const asked = { amount: 500, currency: "usd", metadata: { order_no: "AFTER002" } };
    const intent = await bench.sdk.paymentIntents.create(asked);
    await once("paid_after_close", "AFTER002");
    await bench.sdk.paymentIntents.cancel(intent.id);
    await until("AFTER002 paid", async () => (await intentOf("AFTER002")).status === "succeeded");
  });

  test("gives back what nobody asked for, all of it or a part", async () => {
    await once("channel_reverses_after_success", "BACK001", { amount: 234 });
    const intent = await bench.paid("BACK001");
    const [refund] = await until("BACK001 refunded", async () => {
      const found = await refunds(intent);
      return found.length === 1 && found;
    });
    assert.deepEqual([refund!.amount, refund!.metadata], [234, {}]);
    await bench.post("/stripe/orders/BACK001/refund");
    assert.deepEqual(
      (await refunds(intent)).map(({ amount }) => amount),
      [1000, 234],
    );
    await bench.hear("charge.refunded", 2, ({ payment_intent: of }) => of === intent.id);
  });

  test("refuses a refund for lack of funds or for good, even one that is carried out", async () => {
    const intent = await bench.paid("FUND001");
    const refund = () => codeOf(bench.sdk.refunds.create({ payment_intent: intent.id, amount: 100 }));
    await once("refund_refused", "FUND001");
    assert.deepEqual(await refund(), [400, "balance_insufficient"]);
    await once("refund_refused", "FUND001", { final: true });
    assert.deepEqual(await refund(), [400, "charge_disputed"]);
    assert.equal((await refunds(intent)).length, 0);
    await once("refund_refused", "FUND001", { executed: true });
    assert.deepEqual(await refund(), [400, "balance_insufficient"]);
    assert.equal((await refunds(intent)).length, 1);
  });

  test("brings a refund back from the buyer's bank, and its money", async () => {
    const intent = await bench.paid("RETURN1");
    await once("refund_returned", "RETURN1");
    const { id } = await bench.sdk.refunds.create({ payment_intent: intent.id });
    await bench.hear("refund.failed", 1, (object) => object.id === id);
    const failed = await bench.sdk.refunds.retrieve(id, { expand: ["failure_balance_transaction"] });
    const back = failed.failure_balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual([failed.status, back.type, back.net], ["failed", "refund_failure", 1234]);
    assert.equal((await bench.sdk.refunds.create({ payment_intent: intent.id })).amount, 1234);
  });
});

void describe("closing a day", () => {
  const list = async () => (await bench.sdk.balanceTransactions.list({ limit: 100 })).data;
  const close = async () => {
    const { body } = await bench.post("/stripe/close-day", { account_id: bench.account.account_id });
    return (body.bills as { currency: string; rows: number; net: number }[])[0]!;
  };
  const net = (all: Stripe.BalanceTransaction[]) => all.reduce((sum, one) => sum + one.net, 0);

  test("says what the list comes to, and changes nothing without a fault", async () => {
    const before = await list();
    const bill = await close();
    assert.deepEqual([bill.currency, bill.rows, bill.net], ["USD", before.length, net(before)]);
    assert.deepEqual(await list(), before);
  });

  for (const [difference, rows, off] of [
    ["missing_row", -1, -1168],
    ["duplicate_row", 1, 1168],
    ["amount_off", 0, 1],
    ["fee_difference", 0, -1],
    ["extra_row", 1, null],
  ] as const) {
    test(`lets the list differ (${difference}) until it is closed again`, async () => {
      const orderNo = `DAY_${difference}`;
      await bench.paid(orderNo);
      const before = await list();
      const match = difference === "extra_row" ? {} : { match: { out_trade_no: orderNo } };
      await bench.arm("bill_disagrees", { ...match, count: 1, params: { difference } });
      await close();
      const after = await list();
      assert.equal(after.length - before.length, rows);
      if (off !== null) assert.equal(net(after) - net(before), off);
      await bench.paid(`${orderNo}_LATER`);
      assert.equal((await list()).length, after.length + 1);
      await close();
      assert.equal((await list()).length, before.length + 1);
    });
  }

  test("moves a line to the next day, where it stands once that has come", async () => {
    const clock = testClock("2026-11-20T20:00:00Z");
    const own = await startStripeBench({ clock });
    await own.paid("MOVED001");
    await own.arm("bill_disagrees", { count: 1, params: { difference: "wrong_day" } });
    await own.post("/stripe/close-day");
    await clock.advance(24 * 3_600_000);
    const midnight = Date.parse("2026-11-21T00:00:00Z") / 1_000;
    const rows = async (created: Stripe.RangeQueryParam) =>
      (await own.sdk.balanceTransactions.list({ created })).data.length;
    assert.deepEqual([await rows({ lt: midnight }), await rows({ gte: midnight })], [0, 1]);
    await own.stop();
  });

  test("can show a line of a payment that nobody knows, which expands like any other", async () => {
    await bench.paid("GHOST01");
    await bench.arm("bill_disagrees", { count: 1, params: { difference: "extra_row" } });
    await close();
    const { data } = await bench.sdk.balanceTransactions.list({
      limit: 1,
      expand: ["data.source.payment_intent"],
    });
    const source = data[0]!.source as Stripe.Charge;
    assert.deepEqual([source.object, source.amount, source.payment_intent], ["charge", 1234, null]);
    await assert.rejects(bench.sdk.charges.retrieve(source.id), Stripe.errors.StripeInvalidRequestError);
    await close();
  });
});

void describe("a dispute on demand", () => {
  const dispute = (order: string, more: object = {}) => bench.post("/wallet/dispute", { order, ...more });
  const moneyOf = async (intent: Stripe.PaymentIntent) => {
    const { data } = await bench.sdk.disputes.list({ payment_intent: intent.id });
    return data[0]!.balance_transactions.map(({ type, amount, fee }) => [type, amount, fee]);
  };

  test("is opened by any name of the order, takes a part, and is lost for good", async () => {
    const intent = await bench.paid("CLAIM001");
    const opened = await dispute(intent.id, { amount: 234, reason: "product_not_received" });
    assert.equal(opened.status, 200);
    assert.deepEqual(await moneyOf(intent), [["adjustment", -234, 1500]]);
    assert.equal((await dispute("CLAIM001")).status, 409);
    await bench.post("/wallet/dispute-decide", { order: "CLAIM001", outcome: "lost" });
    assert.equal((await moneyOf(intent)).length, 1);
    const [told] = await bench.hear("charge.dispute.closed", 1, ({ payment_intent: of }) => of === intent.id);
    assert.equal((told!.event.data.object as Stripe.Dispute).status, "lost");
  });

  test("gives the money back when it is won, and keeps the fee", async () => {
    const intent = await bench.paid("CLAIM002");
    const charge = (intent.latest_charge as Stripe.Charge).id;
    assert.equal((await dispute(charge)).status, 200);
    await bench.post("/wallet/dispute-decide", { order: charge, outcome: "won" });
    assert.deepEqual(await moneyOf(intent), [
      ["adjustment", -1234, 1500],
      ["adjustment", 1234, 0],
    ]);
  });

  for (const [title, path, body, status] of [
    ["of an order that nobody knows", "/wallet/dispute", { order: "NOBODY" }, 404],
    ["without an order", "/wallet/dispute", {}, 400],
    ["that is not open", "/wallet/dispute-decide", { order: "CLAIM002", outcome: "won" }, 409],
    ["with another end", "/wallet/dispute-decide", { order: "CLAIM002", outcome: "draw" }, 400],
  ] as const) {
    test(`${title} is refused`, async () => assert.equal((await bench.post(path, body)).status, status));
  }
});
