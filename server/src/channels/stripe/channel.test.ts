import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Call } from "../port.ts";
import {
  answer,
  CREATED,
  charge,
  contextOf,
  disputeObject,
  failure,
  INPUT,
  intent,
  list,
  NOW,
  newOrder,
  newRefund,
  paidIntent,
  type Returned,
  refundObject,
  type Sent,
  scripted,
  session,
} from "./testing.ts";

const order = newOrder();
const known = newOrder({ channelTradeNo: "cs_test_1" });
const appOrder = newOrder({ method: "card.app" });
const refund = newRefund();
const missing = answer(404, failure("invalid_request_error", "resource_missing"));
const ACCOUNT = { id: INPUT.account_id, object: "account" };

function rig(...answers: readonly (Returned | ((sent: Sent) => Returned))[]) {
  const { channel, sent } = scripted(answers);
  return { channel, sent, context: contextOf(channel) };
}
const paths = (sent: readonly Sent[]) => sent.map(({ url }) => new URL(url).pathname);
const outcomeOf = (call: Call<{ outcome: string }>) =>
  call.end === "answered" ? call.value.outcome : call.end;

describe("Stripe's connector", () => {
  it("sends its key, its version and our number as the idempotency key", async () => {
    const { channel, sent, context } = rig(answer(200, session()), answer(200, session()));
    const call = await channel.pay(context, order);
    assert.ok(call.end === "answered" && call.value.outcome === "pending");
    assert.deepEqual(call.value.nextAction, { type: "redirect", url: session().url });
    assert.equal(call.value.channelTradeNo, "cs_test_1");
    await channel.query({ ...context, gatewayUrl: "https://proxy.example/stripe/" }, known);
    assert.equal(sent[0]?.headers.authorization, `Bearer ${INPUT.secret_key}`);
    assert.equal(sent[0]?.headers["idempotency-key"], order.channelOrderNo);
    assert.equal(sent[0]?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(sent[1]?.headers["idempotency-key"], undefined);
    assert.match(sent[1]?.url ?? "", /^https:\/\/proxy\.example\/stripe\/v1\/checkout/);
    for (const one of sent) assert.equal(one.headers["stripe-version"], "2026-10-28.endive");
  });

  it("gives an app what Stripe's SDK in it needs", async () => {
    const { channel, context } = rig(answer(200, intent()));
    const call = await channel.pay(context, appOrder);
    assert.ok(call.end === "answered" && call.value.outcome === "pending");
    const { nextAction } = call.value;
    assert.ok(nextAction?.type === "app_params");
    assert.deepEqual(JSON.parse(nextAction.params), {
      client_secret: intent().client_secret,
      publishable_key: INPUT.publishable_key,
    });
    assert.doesNotMatch(`${call.exchange.request}${call.exchange.response}`, /Sesame/);
  });

  const placings: [title: string, returned: Returned, end: string][] = [
    ["another amount", answer(200, session({ amount_total: 1 })), "unknown"],
    ["another currency", answer(200, session({ currency: "eur" })), "unknown"],
    ["another order", answer(200, session({ metadata: { channel_order_no: "x" } })), "unknown"],
    ["no page", answer(200, session({ url: null })), "unknown"],
    ["a key used before", answer(400, failure("idempotency_error", null)), "unknown"],
    ["a refusal", answer(400, failure("invalid_request_error", "amount_too_small")), "refused"],
    ["a wrong key", answer(401, failure("invalid_request_error", null)), "refused"],
    ["too many calls", answer(429, failure("invalid_request_error", "rate_limit")), "not_sent"],
    ["a call under way", answer(409, failure("idempotency_error", "idempotency_key_in_use")), "unknown"],
    ["trouble of Stripe's", answer(500, failure("api_error", null)), "unknown"],
    ["a time-out", { end: "unknown", reason: "time-out" }, "unknown"],
    ["no connection", { end: "not_sent", reason: "ECONNREFUSED" }, "not_sent"],
  ];
  for (const [title, returned, end] of placings) {
    it(`placing that meets ${title} is ${end}`, async () => {
      const { channel, context } = rig(returned);
      assert.equal((await channel.pay(context, order)).end, end);
    });
  }

  it("tells whose reason a refusal is", async () => {
    const sides = [
      answer(401, failure("invalid_request_error", null)),
      answer(400, failure("invalid_request_error", "testmode_charges_only")),
      answer(402, failure("card_error", "card_declined")),
      answer(400, failure("invalid_request_error", "amount_too_small")),
    ].map(async (returned) => {
      const { channel, context } = rig(returned);
      const call = await channel.pay(context, order);
      return call.end === "refused" ? call.side : call.end;
    });
    assert.deepEqual(await Promise.all(sides), ["channel", "channel", "buyer", "order"]);
  });

  it("looks for a session whose number was lost, page by page", async () => {
    const others = session({ id: "cs_test_0", metadata: {}, client_reference_id: "x" });
    const { channel, sent, context } = rig(
      answer(200, list([others], true)),
      answer(200, list([session()])),
      answer(200, session({ status: "complete", payment_intent: paidIntent() })),
    );
    assert.equal(outcomeOf(await channel.query(context, order)), "paid");
    assert.equal(new URL(sent[1]?.url ?? "").searchParams.get("starting_after"), "cs_test_0");
    assert.equal(paths(sent)[2], "/v1/checkout/sessions/cs_test_1");
  });

  it("searches for an intent whose number was lost", async () => {
    const { channel, sent, context } = rig(
      answer(200, { object: "search_result", data: [intent()], has_more: false }),
      answer(200, intent({ status: "canceled" })),
    );
    assert.equal(outcomeOf(await channel.query(context, appOrder)), "closed");
    assert.deepEqual(paths(sent), ["/v1/payment_intents/search", "/v1/payment_intents/pi_1"]);
  });

  it("an order that Stripe does not have is not found", async () => {
    for (const [one, returned] of [
      [order, answer(200, list([]))],
      [appOrder, answer(200, { object: "search_result", data: [] })],
      [known, missing],
      [newOrder({ channelTradeNo: "pi_1" }), missing],
    ] as const) {
      const { channel, context } = rig(returned);
      assert.equal(outcomeOf(await channel.query(context, one)), "not_found");
    }
  });

  it("an order of which a part went back is asked for the refunds of others, one by one", async () => {
    const paid = answer(
      200,
      session({ status: "complete", payment_intent: paidIntent({ amount_refunded: 500 }) }),
    );
    const made = (id: string, changes: object = {}) => refundObject({ id, metadata: {}, ...changes });
    const { channel, sent, context } = rig(
      paid,
      answer(200, list([refundObject(), made("re_2", { amount: 200 })], true)),
      answer(
        200,
        list([made("re_3", { status: "failed" }), made("re_4", { amount: 66, status: "pending" })]),
      ),
      paid,
      { end: "unknown", reason: "time-out" },
      paid,
      answer(200, list([made("re_5", { status: "new" })])),
    );
    const call = await channel.query(context, known);
    assert.ok(call.end === "answered" && call.value.outcome === "refunded");
    assert.equal(call.value.refundedAmount, 500n);
    assert.deepEqual(
      call.value.foreignRefunds?.map(({ channelRefundNo, outcome, amount }) => [
        channelRefundNo,
        outcome,
        amount,
      ]),
      [
        ["re_2", "given_back", 200n],
        ["re_3", "returned", 234n],
        ["re_4", "given_back", 66n],
      ],
    );
    assert.deepEqual(paths(sent), ["/v1/checkout/sessions/cs_test_1", "/v1/refunds", "/v1/refunds"]);
    assert.equal(new URL(sent[2]?.url ?? "").searchParams.get("starting_after"), "re_2");
    // Without them it is asked again: the order is over once it is told.
    assert.equal((await channel.query(context, known)).end, "unknown");
    assert.equal((await channel.query(context, known)).end, "unknown");
  });

  it("another order's object is not believed", async () => {
    const { channel, context } = rig(answer(200, session({ metadata: { channel_order_no: "x" } })));
    assert.equal((await channel.query(context, known)).end, "unknown");
  });

  it("closes a session and an intent, and asks where it was too late", async () => {
    const late = answer(400, failure("invalid_request_error", null));
    const { channel, sent, context } = rig(
      answer(200, session({ status: "expired" })),
      answer(200, intent({ status: "canceled" })),
      late,
      answer(200, session({ status: "complete", payment_intent: paidIntent() })),
      missing,
    );
    assert.equal(outcomeOf(await channel.close(context, known)), "closed");
    const app = newOrder({ method: "card.app", channelTradeNo: "pi_1" });
    assert.equal(outcomeOf(await channel.close(context, app)), "closed");
    assert.equal(outcomeOf(await channel.close(context, known)), "paid");
    assert.equal(outcomeOf(await channel.close(context, known)), "not_found");
    assert.deepEqual(paths(sent).slice(0, 2), [
      "/v1/checkout/sessions/cs_test_1/expire",
      "/v1/payment_intents/pi_1/cancel",
    ]);
  });

  it("what the bank has not answered cannot be closed, and is not called closed", async () => {
    const { channel, context } = rig(
      answer(400, failure("invalid_request_error", "payment_intent_unexpected_state")),
      answer(200, intent({ status: "processing" })),
    );
    assert.equal((await channel.close(context, { ...appOrder, channelTradeNo: "pi_1" })).end, "unknown");
  });

  it("proves the account that the key opens, and no other", async () => {
    const { channel, context } = rig(
      answer(200, ACCOUNT),
      answer(200, { ...ACCOUNT, id: "acct_2" }),
      answer(401, failure("invalid_request_error", null)),
      answer(200, { object: "balance" }),
    );
    const ends: string[] = [];
    for (let index = 0; index < 4; index += 1) ends.push((await channel.prove(context)).end);
    assert.deepEqual(ends, ["answered", "refused", "refused", "unknown"]);
  });

  it("sends nothing to reverse what it cannot charge", async () => {
    const { channel, sent, context } = rig();
    const call = await channel.reverse(context, order);
    assert.ok(call.end === "refused" && !call.retryable);
    assert.equal(sent.length, 0);
  });

  it("asks how a dispute stands", async () => {
    const { channel, context } = rig(
      answer(200, disputeObject({ status: "lost" })),
      answer(200, disputeObject({ id: "dp_2" })),
      answer(200, disputeObject({ status: "warning_closed" })),
    );
    const ask = async () => channel.queryDispute?.(context, "dp_1");
    assert.ok((await ask())?.end === "answered");
    assert.equal((await ask())?.end, "unknown");
    assert.equal((await ask())?.end, "unknown");
  });
});

describe("Stripe's refunds", () => {
  const lack = failure("invalid_request_error", "balance_insufficient");

  it("are made of the PaymentIntent, and arrive", async () => {
    const { channel, sent, context } = rig(
      answer(200, refundObject({ status: "pending" })),
      answer(200, refundObject()),
    );
    assert.equal(outcomeOf(await channel.refund(context, refund)), "accepted");
    assert.equal(outcomeOf(await channel.refund(context, refund)), "arrived");
    assert.equal(sent[0]?.headers["idempotency-key"], refund.channelRefundNo);
  });

  it("wait for the balance, and go under the next key where Stripe remembers the lack", async () => {
    const replayed = { "idempotent-replayed": "true" };
    const { channel, sent, context } = rig(
      answer(400, lack),
      answer(400, lack, replayed),
      answer(400, lack),
      answer(400, lack, replayed),
      answer(400, lack, replayed),
      answer(200, refundObject()),
    );
    for (let tries = 0; tries < 2; tries += 1) {
      const call = await channel.refund(context, refund);
      assert.ok(call.end === "refused" && call.retryable);
    }
    assert.equal(outcomeOf(await channel.refund(context, refund)), "arrived");
    const no = refund.channelRefundNo;
    assert.deepEqual(
      sent.map(({ headers }) => headers["idempotency-key"]),
      [no, no, `${no}.1`, no, `${no}.1`, `${no}.2`],
    );
  });

  it("that are older than Stripe's memory of keys are looked for first", async () => {
    const old = newRefund({ createdAt: new Date(NOW.getTime() - 86_400_000) });
    const { channel, sent, context } = rig(
      answer(200, list([refundObject()])),
      answer(200, list([])),
      answer(200, refundObject()),
    );
    assert.equal(outcomeOf(await channel.refund(context, old)), "arrived");
    assert.equal(sent.length, 1);
    assert.equal(outcomeOf(await channel.refund(context, old)), "arrived");
    assert.equal(sent[2]?.method, "POST");
  });

  it("that are older are not over because the look for them is refused", async () => {
    const old = newRefund({ createdAt: new Date(NOW.getTime() - 86_400_000) });
    const { channel, sent, context } = rig(answer(401, failure("invalid_request_error", null)));
    const call = await channel.refund(context, old);
    assert.ok(call.end === "refused" && call.retryable, call.end);
    assert.equal(sent.length, 1);
  });

  it("whose key came with other fields before are what was made then", async () => {
    const other = answer(400, failure("idempotency_error", null));
    const { channel, context } = rig(
      other,
      answer(200, list([refundObject()])),
      other,
      answer(200, list([refundObject({ amount: 1 })])),
      other,
      answer(200, list([])),
    );
    assert.equal(outcomeOf(await channel.refund(context, refund)), "arrived");
    const refused = await channel.refund(context, refund);
    assert.ok(refused.end === "refused" && !refused.retryable, refused.end);
    // Stripe's list may be behind: it must not be called over.
    assert.equal((await channel.refund(context, refund)).end, "unknown");
  });

  const ends: [title: string, returned: Returned, end: string, retryable: boolean | null][] = [
    [
      "more than is left",
      answer(400, failure("invalid_request_error", "charge_already_refunded")),
      "refused",
      false,
    ],
    [
      "a disputed payment",
      answer(400, failure("invalid_request_error", "charge_disputed")),
      "refused",
      false,
    ],
    ["a wrong key of ours", answer(401, failure("invalid_request_error", null)), "refused", true],
    ["another amount", answer(200, refundObject({ amount: 1 })), "unknown", null],
    ["another refund", answer(200, refundObject({ metadata: {} })), "unknown", null],
    ["trouble of Stripe's", answer(500, failure("api_error", null)), "unknown", null],
    ["a rate that is too high", answer(429, ""), "not_sent", null],
  ];
  for (const [title, returned, end, retryable] of ends) {
    it(`that meet ${title}: ${end}`, async () => {
      const { channel, context } = rig(returned);
      const call = await channel.refund(context, refund);
      assert.equal(call.end, end);
      assert.equal(call.end === "refused" ? call.retryable : null, retryable);
    });
  }

  it("of an order whose PaymentIntent is not known find it first", async () => {
    const unpaid = newRefund({ order: known });
    const { channel, context } = rig(
      answer(200, session({ payment_intent: paidIntent() })),
      answer(200, refundObject()),
      answer(200, session()),
      { end: "unknown", reason: "time-out" },
      answer(200, session()),
    );
    assert.equal(outcomeOf(await channel.refund(context, unpaid)), "arrived");
    const refused = await channel.refund(context, unpaid);
    assert.ok(refused.end === "refused" && !refused.retryable);
    assert.equal((await channel.refund(context, unpaid)).end, "not_sent");
    assert.equal(outcomeOf(await channel.queryRefund(context, unpaid)), "not_found");
  });

  it("are asked about by our number among those of the payment", async () => {
    const others = refundObject({ id: "re_0", metadata: {} });
    const { channel, sent, context } = rig(
      answer(200, list([others], true)),
      answer(200, list([refundObject({ status: "failed" })])),
      answer(200, list([others])),
    );
    assert.equal(outcomeOf(await channel.queryRefund(context, refund)), "returned");
    assert.equal(new URL(sent[1]?.url ?? "").searchParams.get("starting_after"), "re_0");
    assert.equal(outcomeOf(await channel.queryRefund(context, refund)), "not_found");
  });
});

describe("Stripe's statement", () => {
  const movement = (id: string, changes: object = {}) => ({
    id,
    object: "balance_transaction",
    type: "charge",
    amount: 1_234,
    fee: 66,
    net: 1_168,
    currency: "usd",
    created: CREATED,
    source: charge(),
    ...changes,
  });
  const ask = async (...answers: Returned[]) => {
    const { channel, sent, context } = rig(...answers);
    return { sent, call: await channel.downloadStatement(context, "2026-11-20") };
  };

  it("is read to its last page", async () => {
    const { sent, call } = await ask(
      answer(200, list([movement("txn_1")], true)),
      answer(200, list([movement("txn_2")])),
    );
    assert.ok(call.end === "answered");
    assert.deepEqual([call.value.lines.length, call.value.account], [2, INPUT.account_id]);
    assert.equal(new URL(sent[1]?.url ?? "").searchParams.get("starting_after"), "txn_1");
  });

  it("of a day on which nothing moved may come later", async () => {
    const { call } = await ask(answer(200, list([])));
    assert.ok(call.end === "refused" && call.code === "no_statement" && call.retryable);
  });

  it("is whole or none", async () => {
    const first = answer(200, list([movement("txn_1")], true));
    for (const second of [
      answer(500, "no"),
      answer(429, "no"),
      answer(401, failure("invalid_request_error", null)),
    ]) {
      assert.equal((await ask(first, second)).call.end, "unknown");
    }
    assert.equal((await ask(answer(200, { object: "list" }))).call.end, "unknown");
  });

  it("that contradicts itself is refused with its line", async () => {
    const { call } = await ask(answer(200, list([movement("txn_1", { net: 1 })])));
    assert.ok(call.end === "refused" && !call.retryable && call.code === "statement_invalid");
    assert.match(call.message, /line 1/);
  });
});
