/**
 * A payer's claim on a surplus: its money is not the merchant's. It lies in suspense, or aside for the refund
 * that gives it back, and the claim is taken from there. Pure.
 */
import { type Attempt, disputedAmount, type Refund } from "../model.ts";
import type { Draft } from "./draft.ts";

/** Where the money of an attempt is that a claim is taken from, and that a claim which is won goes to. */
export function homeOf(
  draft: Draft,
  attempt: Attempt,
): "merchant_pending" | "suspense_surplus" | "refund_clearing" {
  if (attempt.surplus === null) return "merchant_pending";
  const refund = givingBack(draft, attempt);
  return refund !== null && isUnderWay(refund) ? "refund_clearing" : "suspense_surplus";
}

/** What payers' claims hold of a surplus that this refund gives back; a merchant's own refund keeps clear. */
export function claimedOf(draft: Draft, { automatic, attemptId }: Refund): bigint {
  return automatic ? disputedAmount(draft.disputesOf(attemptId)) : 0n;
}

/** The refund that gives a surplus back; there is at most one. */
export function givingBack(draft: Draft, attempt: Attempt): Refund | null {
  return draft.refundsOf(attempt.id).find((refund) => refund.automatic) ?? null;
}

export function isUnderWay({ state }: Refund): boolean {
  return state === "created" || state === "unknown";
}

export function isCarriedOut({ state }: Refund): boolean {
  return state === "accepted" || state === "succeeded";
}

/** What of a surplus neither went back nor is on its way nor is claimed: it lies in suspense. */
export function idleSurplus(draft: Draft, attempt: Attempt): bigint {
  if (attempt.taken === null || attempt.surplus === null) return 0n;
  const { taken, takenBack, refundedAmount } = attempt;
  return taken.paidAmount - takenBack - refundedAmount - disputedAmount(draft.disputesOf(attempt.id));
}

/** The payer has the surplus from us and from his bank: suspense is short of it, and a person is called. */
export function openGivenTwice(draft: Draft, refund: Refund): void {
  const amount = claimedOf(draft, refund);
  if (amount <= 0n || !isCarriedOut(refund)) return;
  draft.open({
    kind: "surplus_given_twice",
    subjectId: refund.id,
    amount,
    detail:
      "The surplus went back by this refund, and its payer claims it through the channel besides. Bring " +
      "the refund as evidence; what the claim keeps is missing from suspense.",
  });
}
