import assert from "node:assert/strict";
import { partnersLeft } from "../../fees/index.ts";
import {
  type Attempt,
  type Dispute,
  disputedAmount,
  isFinalAttempt,
  isFinalPayment,
  type Payment,
  type Refund,
  type Surplus,
} from "../model.ts";
import { settledPart } from "../terms.ts";
import type { Story } from "./story.ts";

const SURPLUSES: readonly Surplus[] = [
  "payment_succeeded",
  "payment_closed",
  "payment_failed",
  "reversing",
  "reversed",
  "amount_differs",
];

/**
 * Asserts what must hold of a payment at every moment: the database's constraints, and where its money is.
 */
export function assertHolds(story: Pick<Story, "box" | "books" | "workItems">): void {
  const { box, books, workItems } = story;
  const attempts = [...box.attempts.values()];
  const refunds = [...box.refunds.values()];
  paymentHolds(box.payment, attempts);
  const disputes = [...box.disputes.values()];
  for (const attempt of attempts) {
    const own = refunds.filter((refund) => refund.attemptId === attempt.id);
    attemptHolds(attempt, own);
    const claimed = disputedAmount(disputes.filter((dispute) => dispute.attemptId === attempt.id));
    moneyHasAPlace(box.payment, attempt, own, claimed, workItems.length > 0);
  }
  for (const refund of refunds) refundHolds(refund);
  for (const dispute of disputes) disputeHolds(dispute);
  const items = openItemsOf(box.payment, attempts, refunds);
  for (const dispute of disputes) {
    const attempt = attempts.find((one) => one.id === dispute.attemptId) as Attempt;
    items[homeOf(attempt, refunds)] -= heldBack(dispute, attempt);
  }
  for (const [code, amount] of Object.entries(items)) {
    assert.equal(
      books.natural(code as keyof typeof items),
      amount,
      `${code} is not the sum of its open items`,
    );
  }
}

function paymentHolds(payment: Payment, attempts: readonly Attempt[]): void {
  const { status } = payment;
  const final = isFinalPayment(status);
  assert.equal(status === "processing", payment.liveAttemptId !== null, "payments_live");
  assert.equal(status === "succeeded", payment.successAttemptId !== null, "payments_success");
  assert.equal(final, payment.finishedAt !== null, "payments_finished");
  assert.equal(payment.dueAt === null, payment.finishedAt !== null, "payments_due");
  assert.equal(payment.closingSince === null, payment.closingFor === null, "payments_closing");
  assert.ok(!final || payment.closingSince === null, "an ended payment is not being closed");
  assert.equal(status === "closed", payment.closedReason !== null, "a closed payment says why");
  const successes = attempts.filter((attempt) => attempt.taken !== null && attempt.surplus === null);
  const ids = successes.map((attempt) => attempt.id);
  assert.deepEqual(ids, status === "succeeded" ? [payment.successAttemptId] : [], "at most one success");
  const live = attempts.find((attempt) => attempt.id === payment.liveAttemptId);
  if (payment.liveAttemptId !== null) {
    assert.ok(live !== undefined && ["created", "pending", "unknown"].includes(live.state), "live is live");
  }
}

function attemptHolds(attempt: Attempt, refunds: readonly Refund[]): void {
  const { state, taken, refundedAmount, takenBack } = attempt;
  assert.equal(isFinalAttempt(state), attempt.finishedAt !== null, "attempts_finished");
  assert.equal(attempt.dueAt === null, attempt.finishedAt !== null, "attempts_due");
  if (state === "succeeded" || state === "reversed_by_channel")
    assert.ok(taken !== null, "attempts_succeeded");
  assert.ok(attempt.surplus === null || SURPLUSES.includes(attempt.surplus), "attempts_surplus");
  assert.ok(attempt.surplus === null || taken !== null, "only money can be surplus");
  const paid = taken?.paidAmount ?? 0n;
  assert.ok(refundedAmount >= 0n && refundedAmount <= paid, "attempts_refunded");
  const carriedOut = sum(
    refunds.filter((refund) => isCounted(refund) && refund.acceptedAt !== null).map(({ amount }) => amount),
  );
  assert.ok(takenBack >= 0n && carriedOut + takenBack <= paid, "no more goes back than was taken");
  assert.ok(attempt.feeReturned >= 0n && attempt.feeReturned <= (taken?.feeAmount ?? 0n), "fee returned");
  assert.ok(attempt.costReturned >= 0n && attempt.costReturned <= (taken?.costAmount ?? 0n), "cost returned");
  const counted = sum(refunds.filter((refund) => isCounted(refund)).map((refund) => refund.amount));
  assert.equal(counted, refundedAmount, "refunded is the sum of refunds neither failed nor returned");
  assert.ok(refunds.filter((refund) => refund.automatic).length <= 1, "refunds_automatic");
}

/** Invariant 4: each attempt that took money is a success, or its money goes back, or a person knows. */
function moneyHasAPlace(
  payment: Payment,
  attempt: Attempt,
  refunds: readonly Refund[],
  claimed: bigint,
  isKnown: boolean,
): void {
  if (attempt.taken === null || payment.successAttemptId === attempt.id) return;
  const goesBack =
    attempt.state === "reversing" ||
    attempt.takenBack + claimed >= attempt.taken.paidAmount ||
    refunds.some((refund) => refund.state !== "failed" && refund.state !== "returned");
  assert.ok(goesBack || isKnown, "money is neither a success, nor on its way back, nor a work item");
}

function refundHolds(refund: Refund): void {
  const { state } = refund;
  const final = state === "succeeded" || state === "returned" || state === "failed";
  assert.equal(refund.automatic, refund.merchantRefundNo === null, "refunds_number");
  assert.ok(refund.amount > 0n && refund.settleAmount >= 0n, "refunds_amount");
  const accepted = state === "accepted" || state === "succeeded" || state === "returned";
  assert.ok(!accepted || refund.acceptedAt !== null, "refunds_accepted");
  assert.equal(final, refund.finishedAt !== null, "refunds_finished");
  assert.equal(refund.dueAt === null, refund.finishedAt !== null, "refunds_due");
}

function disputeHolds(dispute: Dispute): void {
  const { state, finishedAt, dueAt, amount, fee, returnedAmount, returnedFee } = dispute;
  assert.equal(state === "won", returnedAmount > 0n, "what was won came back");
  assert.ok(returnedAmount >= 0n && returnedAmount <= amount, "disputes_returned");
  assert.ok(returnedFee >= 0n && returnedFee <= fee, "disputes_returned");
  assert.equal(state !== "opened", finishedAt !== null, "disputes_finished");
  assert.equal(dueAt === null, finishedAt !== null, "disputes_due");
}

/** What a dispute keeps: of the claim, and of the fee where it is the merchant's, what did not come back. */
function heldBack(dispute: Dispute, { fundFlow, surplus }: Attempt): bigint {
  const isHis = fundFlow === "through_platform" && surplus === null;
  return disputedAmount([dispute]) + (isHis ? dispute.fee - dispute.returnedFee : 0n);
}

/** Where the money is that a claim was taken from. */
function homeOf({ id, surplus }: Attempt, refunds: readonly Refund[]) {
  if (surplus === null) return "merchant_pending";
  const isAside = refunds.some(
    ({ attemptId, automatic, state }) =>
      attemptId === id && automatic && (state === "created" || state === "unknown"),
  );
  return isAside ? "refund_clearing" : "suspense_surplus";
}

/** Invariant 7: what each clearing and suspense account must hold, from payments and refunds alone. */
function openItemsOf(payment: Payment, attempts: readonly Attempt[], refunds: readonly Refund[]) {
  const success = attempts.find((attempt) => attempt.id === payment.successAttemptId)?.taken ?? null;
  const { partnerAmount = 0n, feeAmount = 0n } = success ?? {};
  const feeReturned = attempts.find((attempt) => attempt.id === payment.successAttemptId)?.feeReturned ?? 0n;
  const surplus = attempts.map(({ taken, surplus: why, takenBack }) =>
    taken === null || why === null ? 0n : taken.settleAmount - settledPart(taken, takenBack),
  );
  const counted = refunds.filter((refund) => isCounted(refund));
  const own = counted.filter((refund) => !refund.automatic);
  const automatic = counted.filter((refund) => refund.automatic);
  return {
    refund_clearing: sum(
      refunds
        .filter(({ state }) => state === "created" || state === "unknown")
        .map((refund) => refund.settleAmount),
    ),
    suspense_surplus: sum(surplus) - sum(automatic.map((refund) => refund.settleAmount)),
    merchant_pending:
      (success === null ? 0n : success.settleAmount - success.feeAmount + feeReturned) -
      sum(own.map((refund) => refund.settleAmount - refund.fromAvailable - refund.fromReceivable)),
    partner_payable: partnersLeft(partnerAmount, feeAmount, feeReturned),
  };
}

function isCounted(refund: Refund): boolean {
  return refund.state !== "failed" && refund.state !== "returned" && !refund.afterFailure;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
