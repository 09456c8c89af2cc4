/**
 * What it means that an order took money, or that money came back without a refund of ours. Pure: whatever
 * moved is booked, as the payment's success or as surplus.
 */
import type { ForeignRefund, TradeFacts, TradeOutcome } from "../../channels/index.ts";
import { toldByNumber } from "../foreign-refunds.ts";
import { type Attempt, isFinalAttempt, type Refund, type Surplus, type Taken } from "../model.ts";
import { bookByItself, carriedOut, costGivenBack, wentByItself } from "./by-itself.ts";
import { isUnderWay } from "./claims.ts";
import { bookForeignRefunds } from "./decide-foreign-refund.ts";
import type { Draft } from "./draft.ts";
import {
  type Decision,
  endLive,
  finish,
  giveBack,
  type MutableAttempt,
  type ReportSource,
  startReversal,
  stopClosing,
  type TradeContext,
  take,
  takeBack,
  takeSurplus,
  wasAsked,
} from "./steps.ts";

/** The buyer's money was taken: the payment's success, surplus, or nothing new. */
export function decidePaid(
  draft: Draft,
  attempt: MutableAttempt,
  facts: TradeFacts,
  source: ReportSource,
  context: TradeContext,
): Decision {
  if (attempt.taken !== null) {
    return facts.amount === attempt.taken.paidAmount ? "already_known" : "contradiction";
  }
  const { payment } = draft;
  const differs = differsFrom(attempt, facts);
  if (!wasAsked(source) && (differs || isImpossible(facts))) {
    askAbout(attempt, context.now);
    return "contradiction";
  }
  const reversing = attempt.state === "reversing";
  const surplus = surplusOf(draft, attempt, differs);
  if (surplus === null) {
    take(attempt, facts, context);
    succeed(draft, attempt, context);
    return "paid";
  }
  takeSurplus(draft, attempt, facts, surplus, context);
  // While the reversal is unanswered it is what gives the money back.
  if (reversing) return "surplus";
  const wasLive = payment.liveAttemptId === attempt.id;
  finish(attempt, "succeeded", context.now);
  giveBack(draft, attempt, context);
  if (wasLive) endLive(draft, context.now);
  return "surplus";
}

/** Whether it is not what was asked for; figures by which more settles than was paid are nobody's. */
function differsFrom(attempt: Attempt, facts: TradeFacts): boolean {
  return facts.amount !== attempt.amount || facts.currency !== attempt.currency;
}

/**
 * Figures by which more settles than was paid are not believed before the channel repeats them when asked.
 */
function isImpossible({ amount, settleAmount }: TradeFacts): boolean {
  return settleAmount !== null && settleAmount > amount;
}

/**
 * Another amount than was asked for may have been taken: the order is asked about, even one that was over.
 */
function askAbout(attempt: MutableAttempt, now: Date): void {
  switch (attempt.state) {
    case "created":
    case "unknown":
      attempt.state = "pending";
      break;
    case "closed":
    case "failed":
      attempt.state = "abandoned";
      break;
    case "reversed":
      attempt.state = "reversing";
      break;
    default:
  }
  attempt.finishedAt = null;
  attempt.queries = 0;
  attempt.dueAt = now;
  attempt.doubtedAt = now;
}

function surplusOf(draft: Draft, attempt: Attempt, differs: boolean): Surplus | null {
  if (attempt.state === "reversing") return "reversing";
  if (attempt.state === "reversed") return "reversed";
  if (differs) return "amount_differs";
  switch (draft.payment.status) {
    case "succeeded":
      return "payment_succeeded";
    case "closed":
      return "payment_closed";
    case "failed":
      return "payment_failed";
    default:
      return null;
  }
}

function succeed(draft: Draft, attempt: MutableAttempt, context: TradeContext): void {
  const { payment } = draft;
  const live = payment.liveAttemptId;
  finish(attempt, "succeeded", context.now);
  payment.status = "succeeded";
  payment.successAttemptId = attempt.id;
  payment.liveAttemptId = null;
  payment.finishedAt = context.now;
  payment.dueAt = null;
  stopClosing(draft);
  if (live !== null && live !== attempt.id) letGo(draft.attempt(live), context);
  draft.book({ booking: "success", attempt });
  draft.tell("payment.succeeded");
}

/**
 * Ends an order that another one made superfluous: it is closed, or reversed, and what it took is surplus.
 */
function letGo(other: MutableAttempt, context: TradeContext): void {
  const { now } = context;
  if (isFinalAttempt(other.state)) return;
  if (context.sceneOf(other).kind === "payment_code") {
    startReversal(other, now);
    return;
  }
  other.state = "abandoned";
  other.closeWanted = true;
  other.dueAt = now;
}

/** Taken, and given back in part or whole by anybody's doing. */
export function decideRefunded(
  draft: Draft,
  attempt: MutableAttempt,
  trade: Extract<TradeOutcome, { outcome: "refunded" }>,
  source: ReportSource,
  context: TradeContext,
): Decision {
  const believed = wasAsked(source) || !(differsFrom(attempt, trade) || isImpossible(trade));
  if (attempt.taken === null && trade.refundedAmount >= trade.amount && believed) {
    const surplus = surplusOf(draft, attempt, differsFrom(attempt, trade));
    if (surplus !== null) return bookCameAndWent(draft, attempt, trade, surplus, context);
  }
  const before = decidePaid(draft, attempt, trade, source, context);
  const { foreignRefunds, refundedAmount } = trade;
  if (foreignRefunds === undefined) return bookGivenBack(draft, attempt, refundedAmount, context) ?? before;
  if (foreignRefunds === null) return bookCertainlyForeign(draft, attempt, refundedAmount, context) ?? before;
  return bookForeignRefunds(draft, attempt, foreignRefunds, context) ?? before;
}

/**
 * Of a sum that may have fallen: whatever no choice of refunds that are known explains went back by itself,
 * under a number that is not told yet. Each of them may have come back, and any of ours may be in it, even
 * one that is held for failed: what becomes of it is told by its own number.
 */
function bookCertainlyForeign(
  draft: Draft,
  attempt: MutableAttempt,
  told: bigint,
  context: TradeContext,
): Decision | null {
  const { taken, foreignRefunds } = attempt;
  if (taken === null) return null;
  const amounts = [...draft.refundsOf(attempt.id), ...foreignRefunds].map(({ amount }) => amount);
  const bySums = wentByItself(draft, attempt) - toldByNumber(attempt);
  const beyond = told - largestSum(amounts, told) - bySums;
  return bookBeyond(draft, attempt, taken, atMostLeft(attempt, taken, beyond), context);
}

/**
 * Books what of the sum `told` went back neither by refunds of ours nor is known; null: nothing did. Refunds
 * of ours that are under way may be a part of it: the sum is kept for when one of them fails.
 */
export function bookGivenBack(
  draft: Draft,
  attempt: MutableAttempt,
  told: bigint,
  context: Pick<TradeContext, "now" | "reportId" | "channelDay" | "terms">,
): Decision | null {
  const { taken } = attempt;
  if (taken === null) return null;
  // An older sum comes late: refunds that are known since are not in it, and those in it may be unknown yet.
  if (told < attempt.toldRefunded) return null;
  if (told > attempt.toldRefunded && hasRefundsUnderWay(draft, attempt)) attempt.toldRefunded = told;
  return bookBeyond(draft, attempt, taken, givenBackByChannel(draft, attempt, taken, told), context);
}

function bookBeyond(
  draft: Draft,
  attempt: MutableAttempt,
  taken: Taken,
  beyond: bigint,
  context: Pick<TradeContext, "now" | "reportId" | "channelDay" | "terms">,
): Decision | null {
  if (beyond <= 0n) return null;
  const detail = "The channel refunded this part without a refund of ours. Ask the channel why.";
  const back = {
    amount: beyond,
    channelDate: context.channelDay(attempt),
    sourceId: context.reportId,
    detail,
  };
  return bookByItself(draft, attempt, taken, back, context);
}

function hasRefundsUnderWay(draft: Draft, attempt: Attempt): boolean {
  return draft.refundsOf(attempt.id).some(isUnderWay);
}

/** Sums that are told apart; of more it is assumed that one of them fits. */
const SUMS_MAX = 4_096;

/** The largest sum of some of the amounts that is not above `atMost`; 0 when that is negative. */
function largestSum(amounts: readonly bigint[], atMost: bigint): bigint {
  const sums = new Set([0n]);
  for (const amount of amounts) {
    const larger = [...sums].map((sum) => sum + amount).filter((sum) => sum <= atMost);
    for (const sum of larger) sums.add(sum);
    if (sums.size > SUMS_MAX) return atMost;
  }
  return [...sums].reduce((largest, sum) => (sum > largest ? sum : largest), 0n);
}

/**
 * What of the sum `told` neither refunds that were carried out explain nor what is known to have gone back by
 * itself. Below 0: the sum is older than some of them.
 */
function unexplained(draft: Draft, attempt: Attempt, told: bigint): bigint {
  const refunds = draft.refundsOf(attempt.id);
  // A refund that came back from the buyer's bank stays in the channel's sum.
  const returned = sumOf(refunds.filter((refund) => refund.state === "returned"));
  return told - carriedOut(draft, attempt) - attempt.takenBack - returned;
}

function sumOf(refunds: readonly Refund[]): bigint {
  return refunds.reduce((sum, refund) => sum + refund.amount, 0n);
}

/**
 * How much of what the channel calls refunded is neither ours nor known: at most what is left. Each refund of
 * ours that is under way may be in that sum, whole or not at all; what no choice of them explains went back
 * without us.
 */
function givenBackByChannel(draft: Draft, attempt: Attempt, taken: Taken, refundedAmount: bigint): bigint {
  const open = unexplained(draft, attempt, refundedAmount);
  const underWay = draft.refundsOf(attempt.id).filter(isUnderWay);
  const amounts = underWay.map((refund) => refund.amount);
  return atMostLeft(attempt, taken, open - largestSum(amounts, open));
}

function atMostLeft({ refundedAmount, takenBack }: Attempt, taken: Taken, amount: bigint): bigint {
  const left = taken.paidAmount - refundedAmount - takenBack;
  return amount > left ? left : amount;
}

/**
 * Taken and given back by the channel before we knew: both movements are booked, and nothing is left to give
 * back.
 */
function bookCameAndWent(
  draft: Draft,
  attempt: MutableAttempt,
  facts: TradeFacts & { readonly foreignRefunds?: readonly ForeignRefund[] | null },
  surplus: Surplus,
  context: TradeContext,
): Decision {
  const wasLive = draft.payment.liveAttemptId === attempt.id;
  const taken = takeSurplus(draft, attempt, facts, surplus, context);
  finish(attempt, "reversed", context.now);
  takeBack(draft, attempt, context.channelDay(attempt), costGivenBack(taken, taken.costAmount, context));
  // They make the whole, which is booked: no number of them is new any more.
  attempt.foreignRefunds = (facts.foreignRefunds ?? []).map(({ outcome, channelRefundNo, amount }) => {
    return { channelRefundNo, amount, isReturned: outcome === "returned" };
  });
  if (wasLive) endLive(draft, context.now);
  return "reversed";
}
