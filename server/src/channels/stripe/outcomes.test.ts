import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAnswer } from "./answer.ts";
import { disputeToldBy } from "./dispute-outcomes.ts";
import { tradeOfIntent, tradeOfRefundedCharge, tradeOfSession } from "./outcomes.ts";
import { refundToldBy } from "./refund-outcomes.ts";
import { charge, disputeObject, failure, intent, NOW, paidIntent, refundObject, session } from "./testing.ts";

const outcomeOf = (told: { outcome: string } | { broken: string } | null) =>
  told === null ? null : "broken" in told ? "broken" : told.outcome;

describe("what Stripe's answers are worth", () => {
  const endOf = (status: number, body: object | string) => {
    const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    const { result } = readAnswer({ status, headers: {}, body: bytes });
    return result.end === "answer" ? (result.answer.code ?? "yes") : result.end;
  };
  const table: [status: number, body: object | string, end: string][] = [
    [200, intent(), "yes"],
    [200, {}, "unknown"],
    [200, "<html>", "unknown"],
    [400, failure("invalid_request_error", "parameter_missing"), "parameter_missing"],
    [400, failure("invalid_request_error", null), "invalid_request_error"],
    [400, failure("idempotency_error", "anything"), "idempotency_error"],
    [400, failure("api_error", null), "unknown"],
    [400, failure("something_new", "x"), "unknown"],
    [400, "no", "unknown"],
    [402, failure("card_error", "card_declined"), "card_declined"],
    [404, failure("invalid_request_error", "resource_missing"), "resource_missing"],
    [404, "no such page", "unknown"],
    [401, failure("invalid_request_error", null), "refused"],
    [403, failure("invalid_request_error", null), "refused"],
    [409, failure("idempotency_error", "idempotency_key_in_use"), "unknown"],
    [409, failure("invalid_request_error", "lock_timeout"), "unknown"],
    [424, failure("api_error", null), "unknown"],
    [429, failure("invalid_request_error", "rate_limit"), "not_sent"],
    [429, "slow down", "not_sent"],
    [500, failure("api_error", null), "unknown"],
    [502, "bad gateway", "unknown"],
    [302, "", "unknown"],
  ];
  for (const [status, body, end] of table) {
    it(`${status} ${JSON.stringify(body).slice(0, 60)} is ${end}`, () =>
      assert.equal(endOf(status, body), end));
  }
});

describe("what a PaymentIntent says", () => {
  const table: Record<string, string> = {
    requires_payment_method: "pending",
    requires_confirmation: "pending",
    requires_action: "pending",
    requires_capture: "pending",
    processing: "pending",
    canceled: "closed",
    something_new: "broken",
  };
  for (const [status, outcome] of Object.entries(table)) {
    it(`${status}: ${outcome}`, () =>
      assert.equal(outcomeOf(tradeOfIntent(intent({ status }), NOW)), outcome));
  }

  it("a decline leaves it open: the buyer may try another card", () => {
    const declined = intent({
      last_payment_error: { code: "card_declined", decline_code: "insufficient_funds" },
    });
    assert.equal(outcomeOf(tradeOfIntent(declined, NOW)), "pending");
  });

  it("succeeded: paid, with the facts of its charge", () => {
    assert.deepEqual(tradeOfIntent(paidIntent(), NOW), {
      outcome: "paid",
      amount: 1_234n,
      currency: "USD",
      settleAmount: null,
      channelTradeNo: "pi_1",
      paidAt: new Date("2026-11-20T01:30:07Z"),
      channelDate: "2026-11-20",
      buyer: "visa ···4242",
    });
  });

  it("a part refunded: refunded, with the sum", () => {
    const told = tradeOfIntent(paidIntent({ amount_refunded: 34 }), NOW);
    assert.ok("outcome" in told && told.outcome === "refunded" && told.refundedAmount === 34n);
  });

  it("whole yen are yen", () => {
    const told = tradeOfIntent(intent({ status: "succeeded", amount_received: 500, currency: "jpy" }), NOW);
    assert.ok("outcome" in told && told.outcome === "paid");
    assert.deepEqual([told.amount, told.currency, told.paidAt], [500n, "JPY", NOW]);
  });

  for (const changes of [
    { amount_received: 0 },
    { amount_received: "1234" },
    { amount_received: 12.5 },
    { currency: "xts" },
    { id: null },
  ]) {
    it(`succeeded with ${JSON.stringify(changes)} is not understood`, () => {
      assert.equal(outcomeOf(tradeOfIntent({ ...paidIntent(), ...changes }, NOW)), "broken");
    });
  }
});

describe("what a Checkout Session says", () => {
  const table: [title: string, changes: object, outcome: string][] = [
    ["open", {}, "pending"],
    ["open, its intent declined", { payment_intent: intent() }, "pending"],
    ["expired", { status: "expired" }, "closed"],
    [
      "expired, its intent canceled",
      { status: "expired", payment_intent: intent({ status: "canceled" }) },
      "closed",
    ],
    ["expired, and its intent paid", { status: "expired", payment_intent: paidIntent() }, "paid"],
    ["complete and paid", { status: "complete", payment_intent: paidIntent() }, "paid"],
    [
      "complete, the bank asked",
      { status: "complete", payment_intent: intent({ status: "processing" }) },
      "pending",
    ],
    ["complete, its intent not told", { status: "complete", payment_intent: "pi_1" }, "pending"],
    ["complete, the bank's no", { status: "complete", payment_intent: intent() }, "failed"],
    ["complete, canceled", { status: "complete", payment_intent: intent({ status: "canceled" }) }, "closed"],
    ["something new", { status: "something_new" }, "broken"],
  ];
  for (const [title, changes, outcome] of table) {
    it(`${title}: ${outcome}`, () => assert.equal(outcomeOf(tradeOfSession(session(changes), NOW)), outcome));
  }
  it("while it waits it names itself, not its intent", () => {
    const told = tradeOfSession(session({ payment_intent: intent() }), NOW);
    assert.ok("outcome" in told && told.outcome === "pending");
    assert.equal(told.channelTradeNo, "cs_test_1");
  });
});

describe("what a charge says of which something went back", () => {
  it("its sum, with the facts of the payment", () => {
    const told = tradeOfRefundedCharge(charge({ amount_refunded: 234 }), NOW);
    assert.ok("outcome" in told && told.outcome === "refunded");
    assert.deepEqual([told.refundedAmount, told.amount, told.channelTradeNo], [234n, 1_234n, "pi_1"]);
  });
});

describe("what a refund says", () => {
  const table: [title: string, changes: object, outcome: string][] = [
    ["pending", { status: "pending" }, "accepted"],
    ["pending for the bank", { status: "pending", pending_reason: "processing" }, "accepted"],
    ["pending for money", { status: "pending", pending_reason: "insufficient_funds" }, "pending"],
    ["pending for the charge", { status: "pending", pending_reason: "charge_pending" }, "pending"],
    ["waiting for the buyer, taken", { status: "requires_action" }, "accepted"],
    ["waiting for the buyer", { status: "requires_action", balance_transaction: null }, "pending"],
    ["succeeded", {}, "arrived"],
    ["failed after it was taken", { status: "failed" }, "returned"],
    ["failed before", { status: "failed", balance_transaction: null }, "failed"],
    ["canceled after it was taken", { status: "canceled" }, "returned"],
    ["something new", { status: "something_new" }, "broken"],
  ];
  for (const [title, changes, outcome] of table) {
    it(`${title}: ${outcome}`, () =>
      assert.equal(outcomeOf(refundToldBy(refundObject(changes), NOW)), outcome));
  }
  it("one that waits for the buyer calls a person", () => {
    const told = refundToldBy(refundObject({ status: "requires_action" }), NOW);
    assert.ok("outcome" in told && told.outcome === "accepted" && told.trouble);
  });
  it("one that came back did so on the day of its own movement", () => {
    const back = { created: Date.UTC(2026, 10, 25) / 1_000 };
    const told = refundToldBy(refundObject({ status: "failed", failure_balance_transaction: back }), NOW);
    assert.ok("outcome" in told && told.outcome === "returned");
    assert.equal(told.channelDate, "2026-11-25");
  });
});

describe("what a dispute says", () => {
  const back = { amount: 1_234, fee: 0, currency: "usd", created: Date.UTC(2026, 11, 24) / 1_000 };
  const [took] = disputeObject().balance_transactions;
  const table: [changes: object, outcome: string | null][] = [
    [{ status: "needs_response" }, "opened"],
    [{ status: "under_review" }, "opened"],
    [{ status: "won", balance_transactions: [took, back] }, "won"],
    [{ status: "won" }, "opened"],
    [{ status: "won", balance_transactions: [took, { ...back, amount: 0 }] }, "opened"],
    [{ status: "lost" }, "lost"],
    [{ status: "needs_response", balance_transactions: [] }, null],
    [{ status: "warning_needs_response", balance_transactions: [] }, null],
    [{ status: "warning_under_review", balance_transactions: [] }, null],
    [{ status: "warning_closed", balance_transactions: [] }, null],
    [{ status: "prevented", balance_transactions: [] }, null],
    [{ status: "something_new" }, "broken"],
    [{ amount: 0 }, "broken"],
    [{ currency: "xts" }, "broken"],
    [{ balance_transactions: [{ ...took, currency: "eur" }] }, "broken"],
    [{ status: "won", balance_transactions: [took, { ...back, currency: "eur" }] }, "broken"],
  ];
  for (const [changes, outcome] of table) {
    it(`${JSON.stringify(changes).slice(0, 70)}: ${outcome}`, () => {
      assert.equal(outcomeOf(disputeToldBy(disputeObject(changes), NOW)), outcome);
    });
  }
  it("is told with its fee, its day and the time for evidence", () => {
    assert.deepEqual(disputeToldBy(disputeObject(), NOW), {
      outcome: "opened",
      channelDisputeNo: "dp_1",
      amount: 1_234n,
      fee: 1_500n,
      currency: "USD",
      openedDate: "2026-11-20",
      reason: "fraudulent",
      respondBy: new Date("2026-11-27T01:30:07Z"),
    });
  });
  it("won, the money came back on the day of its own movement", () => {
    const told = disputeToldBy(disputeObject({ status: "won", balance_transactions: [took, back] }), NOW);
    assert.ok(told !== null && "outcome" in told && told.outcome === "won");
    assert.deepEqual(told.returned, { amount: 1_234n, fee: 0n, channelDate: "2026-12-24" });
    assert.deepEqual([told.fee, told.respondBy], [1_500n, null]);
  });
  it("won, what came back is what its movements say: the fee too, or a part, or in parts", () => {
    const later = { ...back, amount: 234, created: Date.UTC(2026, 11, 25) / 1_000 };
    for (const [movements, returned] of [
      [[{ ...back, fee: -1_500 }], { amount: 1_234n, fee: 1_500n, channelDate: "2026-12-24" }],
      [[{ ...back, amount: 1_000 }], { amount: 1_000n, fee: 0n, channelDate: "2026-12-24" }],
      [[{ ...back, amount: 1_000 }, later], { amount: 1_234n, fee: 0n, channelDate: "2026-12-25" }],
    ] as const) {
      const won = disputeObject({ status: "won", balance_transactions: [took, ...movements] });
      const told = disputeToldBy(won, NOW);
      assert.ok(told !== null && "outcome" in told && told.outcome === "won");
      assert.deepEqual(told.returned, returned);
    }
  });
});
