/**
 * The steps that decisions about orders are made of: each changes the draft in one way and books what it
 * moves.
 */
import type { SceneTraits, TradeFacts } from "../../channels/index.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Attempt, Surplus, Taken } from "../model.ts";
import { type FeeTerms, feesOf, settledPart, withoutFee } from "../terms.ts";
import { claimedOf } from "./claims.ts";
import type { Draft } from "./draft.ts";
import { automaticRefund } from "./new-refund.ts";

/** Where a report comes from. */
export type ReportSource = "pay" | "query" | "close" | "notification" | "statement";

/**
 * Whether the channel says so because it was asked: only then is an amount that differs from what was ordered
 * believed. A close that comes too late asks what the order has become.
 */
export function wasAsked(source: ReportSource): boolean {
  return source === "query" || source === "close";
}

/** A short name for the timeline: what the door did with a report. */
export type Decision =
  | "paid"
  | "surplus"
  | "already_known"
  | "contradiction"
  | "open"
  | "closed"
  | "failed"
  | "abandoned"
  | "reversing"
  | "reversed"
  | "reversed_by_channel"
  | "refunded_by_channel"
  | "refund_by_channel_returned"
  | "disputed"
  | "dispute_won"
  | "dispute_lost"
  | "unknown"
  | "not_sent"
  | "refused"
  | "waiting";

export type TradeContext = {
  readonly now: Date;
  readonly terms: FeeTerms;
  readonly sceneOf: (attempt: Attempt) => SceneTraits;
  /** The channel's business date at an instant, now unless told: of what it does without telling when. */
  readonly channelDay: (attempt: Attempt, at?: Date) => string;
  /** Fixed before the transaction, so that a batch run twice makes the same rows. */
  readonly refundId: Id;
  readonly reportId: Id;
};

export type MutableAttempt = ReturnType<Draft["attempt"]>;

/** The live attempt is over without money for this payment. */
export function endLive(draft: Draft, now: Date): void {
  const { payment } = draft;
  payment.liveAttemptId = null;
  const expired = now >= payment.expiresAt || payment.closingFor === "expire";
  if (expired || payment.closingFor === "close") {
    closePayment(draft, expired ? "expired" : "cancelled", now);
    return;
  }
  payment.status = "created";
  payment.dueAt = payment.expiresAt;
  stopClosing(draft);
}

/** Ends a payment that has no live attempt. */
export function closePayment(draft: Draft, reason: "expired" | "cancelled", now: Date): void {
  const { payment } = draft;
  payment.status = "closed";
  payment.closedReason = reason;
  payment.finishedAt = now;
  payment.dueAt = null;
  stopClosing(draft);
  draft.tell("payment.closed");
}

/** Nothing is being ended at the channel for this payment any more. */
export function stopClosing(draft: Draft): void {
  draft.payment.closingSince = null;
  draft.payment.closingFor = null;
}

/** From here on a success is surplus; `dueAt`: when the next reversal is to be sent. */
export function startReversal(attempt: MutableAttempt, dueAt: Date): void {
  attempt.state = "reversing";
  attempt.queries = 0;
  attempt.dueAt = dueAt;
}

/** The attempt has come to its end. */
export function finish(
  attempt: MutableAttempt,
  state: "succeeded" | "failed" | "closed" | "reversed" | "reversed_by_channel",
  now: Date,
): void {
  attempt.state = state;
  attempt.finishedAt = now;
  attempt.dueAt = null;
  attempt.closeWanted = false;
}

/** Notes what an order took, with its fee and cost. */
export function take(attempt: MutableAttempt, facts: TradeFacts, context: TradeContext): Taken {
  const settleAmount = facts.settleAmount ?? facts.amount;
  const { paidAt, channelDate, cardType = null } = facts;
  const fees = feesOf(attempt, { settleAmount, channelDate, cardType }, context.terms);
  attempt.channelTradeNo = facts.channelTradeNo;
  attempt.buyer = facts.buyer ?? attempt.buyer;
  const taken: Taken = { paidAmount: facts.amount, settleAmount, ...fees, paidAt, channelDate };
  attempt.taken = taken;
  return taken;
}

/** Booked, and not told as another success: it earns no fee. */
export function takeSurplus(
  draft: Draft,
  attempt: MutableAttempt,
  facts: TradeFacts,
  surplus: Surplus,
  context: TradeContext,
): Taken {
  const taken = withoutFee(take(attempt, facts, context));
  attempt.taken = taken;
  attempt.surplus = surplus;
  draft.book({ booking: "surplus", attempt });
  return taken;
}

/** What a reversed order must have taken, when the channel only says that it gave the money back. */
export function asAsked(attempt: Attempt, channelDate: string, now: Date): TradeFacts {
  return {
    amount: attempt.amount,
    currency: attempt.currency,
    settleAmount: null,
    channelTradeNo: attempt.channelTradeNo ?? attempt.channelOrderNo,
    paidAt: now,
    channelDate,
    buyer: null,
  };
}

/**
 * The channel itself returned what an attempt still held as surplus.
 * @param costReturned what of the cost comes back with it: all of what a reversal undoes
 */
export function takeBack(
  draft: Draft,
  attempt: MutableAttempt,
  channelDate: string,
  costReturned = takenOf(attempt).costAmount,
): void {
  const { settleAmount } = surplusLeft(attempt);
  attempt.takenBack = takenOf(attempt).paidAmount;
  draft.book({ booking: "surplus_taken_back", attempt, settleAmount, costReturned, channelDate });
}

function takenOf({ id, taken }: Attempt): Taken {
  if (taken === null) throw new Error(`nothing was taken by the attempt ${id}`);
  return taken;
}

/**
 * What of a surplus the channel has not given back by itself: of the buyer's amount, and the settled part of
 * it.
 */
function surplusLeft(attempt: Attempt): { amount: bigint; settleAmount: bigint } {
  const { takenBack } = attempt;
  const taken = takenOf(attempt);
  return {
    amount: taken.paidAmount - takenBack,
    settleAmount: taken.settleAmount - settledPart(taken, takenBack),
  };
}

/** One automatic refund of all that a surplus attempt still holds. */
export function giveBack(draft: Draft, attempt: MutableAttempt, context: TradeContext): void {
  const left = surplusLeft(attempt);
  const refund = automaticRefund(attempt, left, context.refundId, context.now);
  attempt.refundedAmount = left.amount;
  draft.addRefund(refund);
  draft.book({ booking: "surplus_refund_created", attempt, refund, claimed: claimedOf(draft, refund) });
}
