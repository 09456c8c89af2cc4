/**
 * What a report about a refund means. Pure, like decide-trade.ts. Postings happen at acceptance; arrival
 * moves nothing; a refund that the channel certainly did not take is sent again under the same number.
 */
import type { CallEnd, ChannelTraits, RefundOutcome } from "../../channels/index.ts";
import { plus } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { toldByNumber } from "../foreign-refunds.ts";
import type { Attempt, Refund, Taken } from "../model.ts";
import { nextRefundQueryAt, nextRefundSendAt } from "../query/schedule.ts";
import { type FeeTerms, returnsOf } from "../terms.ts";
import { claimedOf, idleSurplus, openGivenTwice } from "./claims.ts";
import { bookGivenBack } from "./decide-taken.ts";
import type { Draft } from "./draft.ts";
import type { TradeContext } from "./steps.ts";

export type RefundContext = Pick<TradeContext, "now" | "reportId" | "channelDay"> & {
  readonly terms: FeeTerms;
  readonly traits: Pick<ChannelTraits, "refundQueryGapsMs" | "refundNotFoundHorizonMs">;
};

/** What the door did with a report about a refund, for the timeline. */
export type RefundDecision =
  | "refund_accepted"
  | "refund_succeeded"
  | "refund_failed"
  | "refund_returned"
  | "already_known"
  | "contradiction"
  | "open"
  | "unknown"
  | "not_sent"
  | "refused"
  | "sent_again";

type RefundSource = "refund" | "refund_query" | "notification" | "statement";
type MutableRefund = ReturnType<Draft["refund"]>;

/**
 * `source` tells a refund call from a query: only after a query may "not found" mean that nothing was taken.
 */
export function decideRefund(
  draft: Draft,
  refundId: Id,
  report: {
    readonly source: RefundSource;
    readonly end: CallEnd<RefundOutcome>;
  },
  context: RefundContext,
): RefundDecision {
  const refund = draft.refund(refundId);
  const { end, source } = report;
  // A question that was never sent was not asked; sending backs off even so, until the channel took it.
  const counts =
    source === "refund" ? !wasAccepted(refund) : source === "refund_query" && end.end !== "not_sent";
  if (counts) refund.tries += 1;
  if (source === "refund" && wasTaken(refund) && saysNo(end)) return "contradiction";
  if (end.end === "answered") {
    const decision = decideAnswer(draft, refund, end.value, source, context);
    bookWhatElseWent(draft, refund, end.value, context);
    if (end.value.outcome === "accepted") openTrouble(draft, refund, end.value.trouble);
    return decision;
  }
  if (isFinal(refund) || (source === "refund" && wasAccepted(refund))) return "already_known";
  if (end.end === "refused" && !end.retryable && source === "refund") {
    return failRefund(draft, refund, end.code, end.message, context);
  }
  if (source === "refund" && end.end !== "unknown") {
    // Nothing happened at the channel: for lack of funds or rate it is sent again under the same number.
    refund.failureCode = end.end === "refused" ? end.code : "not_sent";
    refund.failureMessage = end.end === "refused" ? end.message : end.reason;
    const later = end.end === "not_sent" ? end.notBefore : undefined;
    refund.dueAt = later ?? nextRefundSendAt(refund, context.now);
    return end.end;
  }
  if (refund.state === "created") refund.state = "unknown";
  refund.dueAt = nextRefundQueryAt(refund, context.traits.refundQueryGapsMs, context.now);
  return end.end;
}

function decideAnswer(
  draft: Draft,
  refund: MutableRefund,
  answer: RefundOutcome,
  source: RefundSource,
  context: RefundContext,
): RefundDecision {
  switch (answer.outcome) {
    case "accepted":
      if (wasAccepted(refund)) return stillOnItsWay(refund, source, context);
      if (leavesOpen(draft, refund, answer, source)) return ask(draft, refund, answer, context);
      return accept(draft, refund, answer, context) ? "refund_accepted" : "contradiction";
    case "arrived":
      if (refund.state === "succeeded" || refund.state === "returned") return "already_known";
      if (leavesOpen(draft, refund, answer, source)) return ask(draft, refund, answer, context);
      if (!wasAccepted(refund) && !accept(draft, refund, answer, context)) return "contradiction";
      finish(refund, "succeeded", context.now);
      refund.arrivedAt = context.now;
      draft.tell("refund.succeeded", refund.id);
      return "refund_succeeded";
    case "failed":
      if (refund.state === "failed" || refund.state === "returned") return "already_known";
      if (!wasAccepted(refund)) return failRefund(draft, refund, answer.code, answer.message, context);
      return giveBackReturned(draft, refund, answer.message, null, context);
    case "returned":
      if (refund.state === "returned") return "already_known";
      if (!wasAccepted(refund)) {
        const accepted = { settleAmount: null, channelRefundNo: null, channelDate: null };
        if (!accept(draft, refund, accepted, context)) return "contradiction";
      }
      return giveBackReturned(draft, refund, answer.message, answer.channelDate, context);
    case "pending":
    case "not_found":
      return decideOpen(refund, answer.outcome, context);
  }
}

/**
 * A word of one refund may tell what went back of the order in all: what refunds of ours do not explain of it
 * the channel gave back.
 */
function bookWhatElseWent(draft: Draft, refund: Refund, answer: RefundOutcome, context: RefundContext): void {
  if (answer.outcome !== "accepted" && answer.outcome !== "arrived") return;
  if (answer.refundedInAll == null) return;
  bookGivenBack(draft, draft.attempt(refund.attemptId), answer.refundedInAll, context);
}

/** A person must act at the channel. Not before it is accepted: a notification may come first. */
function openTrouble(draft: Draft, refund: MutableRefund, trouble: string | undefined): void {
  if (trouble === undefined || refund.state !== "accepted") return;
  draft.open({ kind: "refund_held", subjectId: refund.id, amount: refund.amount, detail: trouble });
}

/** Accepted before, and not there yet. Only the answer to a question sets the next one. */
function stillOnItsWay(refund: MutableRefund, source: RefundSource, context: RefundContext): RefundDecision {
  if (source === "refund_query" && !isFinal(refund)) {
    refund.dueAt = nextRefundQueryAt(refund, context.traits.refundQueryGapsMs, context.now);
  }
  return "already_known";
}

/**
 * Whether a notification leaves open what is booked: under which of the channel's days, or, where vouchers
 * were a part of the payment, how much of the refund is the merchant's. Asked, the channel tells it.
 */
function leavesOpen(
  draft: Draft,
  refund: MutableRefund,
  answer: { readonly settleAmount: bigint | null; readonly channelDate: string | null },
  source: RefundSource,
): boolean {
  if (source !== "notification" || wasAccepted(refund) || isFinal(refund)) return false;
  if (answer.channelDate === null) return true;
  if (answer.settleAmount !== null) return false;
  const taken = takenOf(draft.attempt(refund.attemptId));
  return taken.settleAmount !== taken.paidAmount;
}

/** Asks at once about a refund that the channel took; its day is kept as the evidence. */
function ask(
  draft: Draft,
  refund: MutableRefund,
  { channelDate }: { readonly channelDate: string | null },
  context: RefundContext,
): RefundDecision {
  refund.state = "unknown";
  refund.channelDate = channelDate ?? context.channelDay(draft.attempt(refund.attemptId), refund.createdAt);
  refund.dueAt = context.now;
  return "open";
}

function decideOpen(
  refund: MutableRefund,
  outcome: "pending" | "not_found",
  context: RefundContext,
): RefundDecision {
  if (isFinal(refund)) return "already_known";
  if (wasAccepted(refund) || outcome === "pending") {
    if (refund.state === "created") refund.state = "unknown";
    refund.dueAt = nextRefundQueryAt(refund, context.traits.refundQueryGapsMs, context.now);
    return "open";
  }
  const surelyNot = context.now >= plus(refund.createdAt, context.traits.refundNotFoundHorizonMs);
  if (!surelyNot) {
    refund.dueAt = nextRefundQueryAt(refund, context.traits.refundQueryGapsMs, context.now);
    return "open";
  }
  refund.state = "created";
  refund.dueAt = context.now;
  return "sent_again";
}

/**
 * False: a refund held for failed, whose money the channel's own sum has told of and is booked already; or
 * one with which more would have gone back than was taken, as when another that was held for failed was
 * carried out instead: it is asked about again.
 */
function accept(
  draft: Draft,
  refund: MutableRefund,
  answer: {
    readonly settleAmount: bigint | null;
    readonly channelRefundNo: string | null;
    readonly channelDate: string | null;
  },
  context: RefundContext,
): boolean {
  const attempt = draft.attempt(refund.attemptId);
  const taken = takenOf(attempt);
  const late = refund.state === "failed";
  // Where nobody tells, the day on which it was asked for is the likeliest.
  const channelDate = answer.channelDate ?? context.channelDay(attempt, refund.createdAt);
  const channelOwnRefundNo = answer.channelRefundNo ?? refund.channelOwnRefundNo;
  const sum = sumsOf(draft, attempt);
  const fits = sum.carriedOut + attempt.takenBack + refund.amount <= taken.paidAmount;
  const isToldBySum = sum.toldOnlyBySum >= refund.amount;
  if (late && (fits || isToldBySum)) {
    draft.effects.carriedOutLate.push({ ...refund, channelOwnRefundNo, channelDate });
  }
  if (late && (!fits || isToldBySum)) return false;
  if (!fits) {
    refund.state = "unknown";
    refund.dueAt = nextRefundQueryAt(refund, context.traits.refundQueryGapsMs, context.now);
    return false;
  }
  const reserved = refund.settleAmount;
  // A surplus that finds its way home late goes whole, as it lies in suspense.
  const told = late && refund.automatic ? null : answer.settleAmount;
  refund.settleAmount = told ?? refund.settleAmount;
  attempt.settledRefunded += refund.settleAmount;
  const returns = returnsOf(attempt, taken, refund.settleAmount, context.terms);
  attempt.feeReturned += late ? 0n : returns.fee;
  attempt.costReturned += returns.cost;
  refund.feeReturned = late ? 0n : returns.fee;
  refund.costReturned = returns.cost;
  refund.channelOwnRefundNo = channelOwnRefundNo;
  refund.channelDate = channelDate;
  refund.acceptedAt = context.now;
  refund.failureCode = null;
  refund.failureMessage = null;
  refund.state = "accepted";
  refund.finishedAt = null;
  // Acceptance starts the count anew, as its first call: what follows asks for arrival.
  refund.tries = 1;
  refund.dueAt = nextRefundQueryAt(refund, context.traits.refundQueryGapsMs, context.now);
  if (late) bookAfterFailure(draft, refund, attempt);
  else {
    draft.book({ booking: "refund_accepted", attempt, refund, reserved, claimed: claimedOf(draft, refund) });
  }
  openGivenTwice(draft, refund);
  draft.tell("refund.accepted", refund.id);
  return true;
}

/**
 * What other refunds of the attempt carried out, and what the channel's own sum alone has told of: that is
 * where the money of a refund held for failed may be booked already. Refunds that are only under way move
 * nothing so far.
 */
function sumsOf(draft: Draft, attempt: Attempt): { carriedOut: bigint; toldOnlyBySum: bigint } {
  let carriedOut = 0n;
  let toldOnlyBySum = attempt.takenBack - toldByNumber(attempt);
  for (const other of draft.refundsOf(attempt.id)) {
    if (!wasAccepted(other) || other.state === "returned") continue;
    if (other.afterFailure) toldOnlyBySum -= other.amount;
    else carriedOut += other.amount;
  }
  return { carriedOut, toldOnlyBySum };
}

/** Held for failed, its money went back to the merchant: now it is missing, and a person must see to it. */
function bookAfterFailure(draft: Draft, refund: MutableRefund, attempt: ReturnType<Draft["attempt"]>): void {
  attempt.takenBack += refund.amount;
  refund.afterFailure = true;
  draft.book({ booking: "refund_after_failure", attempt, refund });
  // A surplus has only found its way home.
  if (refund.automatic) return;
  draft.open({
    kind: "refund_after_failure",
    subjectId: refund.id,
    amount: refund.amount,
    detail: "The channel had refused this refund and carried it out later. Recover it from the merchant.",
  });
}

/** It is not carried out: its money goes back whence it came. */
export function failRefund(
  draft: Draft,
  refund: MutableRefund,
  code: string,
  message: string,
  context: RefundContext,
): RefundDecision {
  const attempt = draft.attempt(refund.attemptId);
  attempt.refundedAmount -= refund.amount;
  finish(refund, "failed", context.now);
  refund.failureCode = code;
  refund.failureMessage = message;
  draft.book({ booking: "refund_failed", attempt, refund, claimed: claimedOf(draft, refund) });
  // What the channel had given back meanwhile was not this refund.
  bookGivenBack(draft, attempt, attempt.toldRefunded, context);
  tellFailure(draft, refund, "refund.failed");
  return "refund_failed";
}

function giveBackReturned(
  draft: Draft,
  refund: MutableRefund,
  message: string,
  channelDate: string | null,
  context: RefundContext,
): RefundDecision {
  const attempt = draft.attempt(refund.attemptId);
  if (refund.afterFailure) attempt.takenBack -= refund.amount;
  else attempt.refundedAmount -= refund.amount;
  attempt.settledRefunded -= refund.settleAmount;
  attempt.feeReturned -= refund.feeReturned;
  attempt.costReturned -= refund.costReturned;
  finish(refund, "returned", context.now);
  refund.failureCode = "returned";
  refund.failureMessage = message;
  const day = channelDate ?? context.channelDay(attempt);
  draft.book({ booking: "refund_returned", attempt, refund, channelDate: day });
  tellFailure(draft, refund, "refund.returned");
  return "refund_returned";
}

function tellFailure(draft: Draft, refund: MutableRefund, event: "refund.failed" | "refund.returned"): void {
  draft.tell(event, refund.id);
  if (!refund.automatic) return;
  const amount = idleSurplus(draft, draft.attempt(refund.attemptId));
  if (amount <= 0n) return;
  draft.open({
    kind: "surplus_refund_failed",
    subjectId: refund.id,
    amount,
    detail:
      `The surplus could not be given back: ${refund.failureMessage}. It stays in suspense until ` +
      "someone decides.",
  });
}

/** A call that did nothing, which says nothing of another that the channel took. */
function saysNo(end: CallEnd<RefundOutcome>): boolean {
  return end.end === "refused" || (end.end === "answered" && end.value.outcome === "failed");
}

function wasAccepted(refund: Refund): boolean {
  return refund.state === "accepted" || refund.state === "succeeded" || refund.state === "returned";
}

/** Accepted, or known to be taken and asked about: a call that says no is about another call then. */
function wasTaken(refund: Refund): boolean {
  return wasAccepted(refund) || (refund.state === "unknown" && refund.channelDate !== null);
}

function isFinal(refund: MutableRefund): boolean {
  return refund.finishedAt !== null;
}

function finish(refund: MutableRefund, state: "succeeded" | "returned" | "failed", now: Date): void {
  refund.state = state;
  refund.finishedAt = now;
  refund.dueAt = null;
}

function takenOf(attempt: ReturnType<Draft["attempt"]>): Taken {
  if (attempt.taken === null) throw new Error(`a refund of the attempt ${attempt.id}, which took nothing`);
  return attempt.taken;
}
