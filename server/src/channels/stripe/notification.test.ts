import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { readNotification } from "./notification.ts";
import {
  CREATED,
  charge,
  contextOf,
  disputeObject,
  eventOf,
  INPUT,
  inbound,
  intent,
  NOW,
  newOrder,
  newRefund,
  paidIntent,
  refundObject,
  scripted,
  session,
} from "./testing.ts";

const { channel } = scripted([]);
const context = contextOf(channel);
const other = contextOf(channel, { ...INPUT, webhook_secret: "whsec_of_another" });
const read = (request = inbound(eventOf("payment_intent.succeeded", paidIntent())), contexts = [context]) =>
  readNotification(contexts, request, NOW);
const told = (type: string, object: object) => {
  const notification = read(inbound(eventOf(type, object)));
  assert.ok(notification.verdict === "authentic", inspect(notification));
  return notification;
};

describe("Stripe's events", () => {
  it("of a payment say what a query says", () => {
    const { about, channelOrderNo, notifyId } = told("payment_intent.succeeded", paidIntent());
    assert.deepEqual([notifyId, channelOrderNo], ["evt_1", newOrder().channelOrderNo]);
    assert.ok(about.kind === "trade" && about.trade.outcome === "paid");
    assert.deepEqual([about.trade.amount, about.trade.channelTradeNo], [1_234n, "pi_1"]);
  });

  it("of a page that was paid say so by themselves, at the event's time", () => {
    const object = session({ status: "complete", payment_status: "paid", payment_intent: "pi_1" });
    const { about, channelOrderNo } = told("checkout.session.completed", object);
    assert.equal(channelOrderNo, newOrder().channelOrderNo);
    assert.ok(about.kind === "trade" && about.trade.outcome === "paid");
    assert.equal(about.trade.channelTradeNo, "pi_1");
    assert.deepEqual(about.trade.paidAt, new Date(CREATED * 1_000));
  });

  const ends: [type: string, object: object, kind: string, outcome: string | null][] = [
    ["payment_intent.canceled", intent({ status: "canceled" }), "trade", "closed"],
    ["checkout.session.expired", session({ status: "expired" }), "trade", "closed"],
    ["checkout.session.async_payment_failed", session({ status: "complete" }), "trade", "failed"],
    ["checkout.session.completed", session({ status: "complete" }), "nothing", null],
    ["charge.refunded", charge({ amount_refunded: 234 }), "trade", "refunded"],
    ["payment_intent.created", intent(), "nothing", null],
    ["payment_intent.processing", intent({ status: "processing" }), "nothing", null],
    ["payment_intent.payment_failed", intent(), "nothing", null],
    ["charge.succeeded", charge(), "nothing", null],
    ["payout.paid", { id: "po_1", object: "payout" }, "nothing", null],
    ["something.new", {}, "nothing", null],
    [
      "refund.updated",
      refundObject({ metadata: {}, status: "pending", pending_reason: "charge_pending" }),
      "nothing",
      null,
    ],
    [
      "refund.failed",
      refundObject({ metadata: {}, status: "failed", balance_transaction: null }),
      "nothing",
      null,
    ],
    ["charge.dispute.created", disputeObject({ status: "warning_needs_response" }), "nothing", null],
    // Its money moves later, and only that tells the fee.
    ["charge.dispute.created", disputeObject({ balance_transactions: [] }), "nothing", null],
  ];
  for (const [type, object, kind, outcome] of ends) {
    it(`${type}: ${outcome ?? kind}`, () => {
      const { about } = told(type, object);
      assert.equal(about.kind, kind);
      assert.equal(about.kind === "trade" ? about.trade.outcome : null, outcome);
    });
  }

  for (const type of ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"]) {
    it(`${type} tells of a refund by our number, and nothing of the order`, () => {
      const { about, channelOrderNo } = told(type, refundObject({ status: "failed" }));
      assert.equal(channelOrderNo, newOrder().channelOrderNo);
      assert.ok(about.kind === "refund" && about.trade === null);
      assert.deepEqual(
        [about.channelRefundNo, about.refund.outcome],
        [newRefund().channelRefundNo, "returned"],
      );
    });
  }

  const foreign: [status: string, outcome: string, returnedDate: string | null][] = [
    ["pending", "given_back", null],
    ["succeeded", "given_back", null],
    ["failed", "returned", "2026-11-20"],
    ["canceled", "returned", "2026-11-20"],
  ];
  for (const [status, outcome, returnedDate] of foreign) {
    it(`of a refund made at the dashboard, ${status}, tell it by Stripe's number: ${outcome}`, () => {
      const { about, channelOrderNo, channelTradeNo } = told(
        "refund.updated",
        refundObject({ metadata: {}, status }),
      );
      assert.deepEqual([channelOrderNo, channelTradeNo], [null, "pi_1"]);
      const common = { channelRefundNo: "re_1", amount: 234n, currency: "USD", channelDate: "2026-11-20" };
      assert.deepEqual(about, { kind: "foreign_refund", refund: { ...common, outcome, returnedDate } });
    });
  }

  it("of a dispute name the order by Stripe's number alone", () => {
    for (const [type, status, outcome] of [
      ["charge.dispute.created", "needs_response", "opened"],
      ["charge.dispute.updated", "under_review", "opened"],
      ["charge.dispute.closed", "won", "opened"],
      ["charge.dispute.closed", "lost", "lost"],
    ] as const) {
      const { about, channelOrderNo, channelTradeNo } = told(type, disputeObject({ status }));
      assert.deepEqual([channelOrderNo, channelTradeNo], [null, "pi_1"]);
      assert.ok(about.kind === "dispute" && about.dispute.outcome === outcome);
    }
  });

  it("of a payment that is not ours belong to no order of ours", () => {
    const { channelOrderNo, channelTradeNo } = told("payment_intent.succeeded", {
      ...paidIntent(),
      metadata: {},
    });
    assert.deepEqual([channelOrderNo, channelTradeNo], [null, "pi_1"]);
  });

  const inr = { currency: "inr", metadata: {}, payment_intent: "pi_other" };
  const ofOthers: [type: string, object: object][] = [
    ["payment_intent.succeeded", { ...paidIntent(), ...inr, id: "pi_other" }],
    [
      "checkout.session.completed",
      session({ ...inr, payment_status: "paid", client_reference_id: "cart-7" }),
    ],
    ["charge.refunded", charge({ ...inr, amount_refunded: 234 })],
    ["refund.created", refundObject(inr)],
    ["refund.failed", refundObject({ ...inr, status: "failed" })],
    ["charge.dispute.created", disputeObject(inr)],
  ];
  for (const [type, object] of ofOthers) {
    it(`${type} of others in a currency that is not taken is believed, and says nothing`, () => {
      assert.equal(told(type, object).about.kind, "nothing");
    });
  }

  it("are believed while a secret rolls, whichever of the two signed", () => {
    const rolling = contextOf(channel, {
      ...INPUT,
      webhook_secret: "whsec_the_new_one",
      previous_webhook_secret: INPUT.webhook_secret,
    });
    const event = eventOf("payment_intent.succeeded", paidIntent());
    for (const secrets of [
      [INPUT.webhook_secret],
      ["whsec_the_new_one"],
      ["whsec_third", INPUT.webhook_secret],
    ]) {
      assert.equal(read(inbound(event, secrets), [rolling]).verdict, "authentic");
    }
    assert.equal(read(inbound(event), [other, context]).verdict, "authentic");
  });

  const event = eventOf("payment_intent.succeeded", paidIntent());
  const signedNow = inbound(event);
  const refused: [title: string, request: Parameters<typeof read>[0]][] = [
    ["without a signature", { ...signedNow, headers: {} }],
    ["of another secret", inbound(event, ["whsec_of_another"])],
    ["signed long ago", inbound(event, [INPUT.webhook_secret], String(CREATED - 301))],
    ["changed since", { ...signedNow, body: Buffer.from(signedNow.body.toString().replace("1234", "1235")) }],
    ["by GET", { ...signedNow, method: "GET" }],
    ["that are no JSON", inbound("a=b")],
    ["that are no UTF-8", inbound(Buffer.from([0xff, 0xfe, 0]))],
    ["that are no event", inbound({ ...paidIntent(), livemode: false })],
    ["of the live mode", inbound(eventOf("payment_intent.succeeded", paidIntent(), { livemode: true }))],
    ["of another account", inbound(eventOf("payment_intent.succeeded", paidIntent(), { account: "acct_2" }))],
    ["without an id", inbound(eventOf("payment_intent.succeeded", paidIntent(), { id: "" }))],
    [
      "paid without an amount",
      inbound(eventOf("payment_intent.succeeded", { ...paidIntent(), amount_received: 0 })),
    ],
    [
      "of an order of ours in a currency that is not taken",
      inbound(eventOf("payment_intent.succeeded", { ...paidIntent(), currency: "inr" })),
    ],
    [
      "of a refund without an amount",
      inbound(eventOf("refund.created", refundObject({ metadata: {}, amount: null }))),
    ],
    ["of a state not known", inbound(eventOf("refund.updated", refundObject({ status: "new" })))],
  ];
  for (const [title, request] of refused) {
    it(`${title} are refused`, () => assert.equal(read(request).verdict, "refused"));
  }

  it("without anybody to read them are refused", () => assert.equal(read(signedNow, []).verdict, "refused"));

  it("leave no secret of the buyer's in what people read", () => {
    const object = { ...paidIntent(), receipt_email: "a@example.com", billing_details: { name: "A. Buyer" } };
    const { exchange } = told("payment_intent.succeeded", object);
    assert.match(exchange.request, /pi_1/);
    assert.doesNotMatch(exchange.request, /Sesame|example\.com|A\. Buyer/);
  });
});
