/**
 * What a report about an order means for its payment. Pure: a draft in, a changed draft and the decision's
 * name out. The machine is monotone: reports may come twice, late, out of order or in contradiction, and
 * money that moved is booked.
 */
import type { CallEnd, ReversalOutcome, TradeOutcome } from "../../channels/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { isFinalAttempt } from "../model.ts";
import { CODE_CALL_MS, nextReversalAt } from "../query/schedule.ts";
import {
  askAgain,
  decideEnded,
  decideNotFound,
  decideNotTaken,
  decidePending,
  endWithoutMoney,
} from "./decide-open.ts";
import { decidePaid, decideRefunded } from "./decide-taken.ts";
import type { Draft } from "./draft.ts";
import {
  asAsked,
  type Decision,
  endLive,
  finish,
  giveBack,
  type MutableAttempt,
  type ReportSource,
  startReversal,
  type TradeContext,
  takeBack,
  takeSurplus,
  wasAsked,
} from "./steps.ts";

/** How long the process that gave up has for its first reversal. */
const REVERSAL_LEASE_MS = 30 * SECOND;

/** What the channel says of an order. */
export function decideTrade(
  draft: Draft,
  attemptId: Id,
  report: { readonly source: ReportSource; readonly trade: TradeOutcome; readonly askedAt: Date },
  context: TradeContext,
): Decision {
  const attempt = draft.attempt(attemptId);
  const { source, askedAt } = report;
  const trade = afterReversal(report.trade, attempt);
  const isEnd = trade.outcome === "closed" || trade.outcome === "failed" || trade.outcome === "not_found";
  if (isEnd && isOlderThanDoubt(attempt, wasAsked(source) ? askedAt : null)) {
    attempt.dueAt = context.now;
    return "open";
  }
  switch (trade.outcome) {
    case "paid":
      return decidePaid(draft, attempt, trade, source, context);
    case "refunded":
      return decideRefunded(draft, attempt, trade, source, context);
    case "closed":
    case "failed":
      return decideEnded(draft, attempt, trade, context);
    case "pending":
      return decidePending(draft, attempt, trade, context);
    case "not_found":
      return decideNotFound(draft, attempt, source, context);
  }
}

/** A failure that our reversal explains: what the order had taken went back with it. */
function afterReversal(trade: TradeOutcome, { state }: MutableAttempt): TradeOutcome {
  if (trade.outcome !== "failed" || trade.tookBefore === undefined) return trade;
  if (state !== "reversing" && state !== "reversed") return trade;
  return { outcome: "refunded", refundedAmount: trade.tookBefore.amount, ...trade.tookBefore };
}

/**
 * Whether the channel has told, unasked, of money since this was asked: it may have been said before the
 * money came. @param askedAt null: nobody asked
 */
function isOlderThanDoubt(attempt: MutableAttempt, askedAt: Date | null): boolean {
  const { doubtedAt, taken, state } = attempt;
  if (doubtedAt === null || taken !== null || isFinalAttempt(state)) return false;
  return askedAt === null || askedAt < doubtedAt;
}

/** A call about an order that told nothing of it. */
export function decideCallEnd(
  draft: Draft,
  attemptId: Id,
  report: {
    readonly source: ReportSource;
    readonly end: Exclude<CallEnd<TradeOutcome>, { end: "answered" }>;
    readonly givesWay?: boolean;
  },
  context: TradeContext,
): Decision {
  const attempt = draft.attempt(attemptId);
  const { end, source } = report;
  if (isFinalAttempt(attempt.state)) return "already_known";
  // Money that moved, or an order that stands, outweighs a call that says it does not.
  if (
    source === "pay" &&
    (attempt.taken !== null || (attempt.state === "pending" && end.end !== "unknown"))
  ) {
    return end.end === "refused" ? "contradiction" : "already_known";
  }
  if (source === "pay" && end.end === "refused" && !end.retryable) {
    return endWithoutMoney(draft, attempt, "failed", context, { code: end.code, message: end.message });
  }
  if (source === "pay" && end.end !== "unknown") {
    // A call of another process may be under way once it was sent again.
    const givesWay = report.givesWay === true && attempt.queries === 0;
    return decideNotTaken(draft, attempt, end, context, givesWay);
  }
  if (source === "pay" && attempt.state === "created") attempt.state = "unknown";
  // It will not end at the channel: what becomes of it is asked instead.
  if (source === "close" && end.end === "refused" && !end.retryable) attempt.closeWanted = false;
  askAgain(draft, attempt, source, context, end.end !== "not_sent");
  return end.end;
}

/** What a reversal by us did. */
export function decideReversal(
  draft: Draft,
  attemptId: Id,
  report: { readonly end: CallEnd<ReversalOutcome>; readonly exchange: { readonly startedAt: Date } },
  context: TradeContext,
): Decision {
  const attempt = draft.attempt(attemptId);
  const { end, exchange } = report;
  if (attempt.state !== "reversing") return "already_known";
  if (end.end === "refused" && !end.retryable && attempt.taken !== null) {
    // The channel no longer reverses (its cut-off is over): a refund gives back what is known to be taken.
    finish(attempt, "succeeded", context.now);
    giveBack(draft, attempt, context);
    return "surplus";
  }
  if (end.end !== "answered" || end.value.outcome === "again") {
    attempt.queries += 1;
    attempt.dueAt = nextReversalAt(attempt, context.now);
    return end.end === "answered" ? "waiting" : end.end;
  }
  const { moneyReturned, channelDate, channelTradeNo, paid } = end.value;
  if (!moneyReturned && isOlderThanDoubt(attempt, exchange.startedAt)) {
    attempt.dueAt = context.now;
    return "waiting";
  }
  attempt.channelTradeNo ??= channelTradeNo;
  const callEndsAt = plus(attempt.createdAt, CODE_CALL_MS);
  if (
    attempt.channelTradeNo === null &&
    attempt.taken === null &&
    !moneyReturned &&
    context.now < callEndsAt
  ) {
    // Nothing stood there to be cancelled: the call that places it may have been overtaken.
    attempt.dueAt = callEndsAt;
    return "waiting";
  }
  if (moneyReturned && attempt.taken === null) {
    // The buyer had paid and nobody told us: both movements are in the channel's statement, so both are
    // booked.
    takeSurplus(draft, attempt, paid ?? asAsked(attempt, channelDate, context.now), "reversing", context);
  }
  finish(attempt, "reversed", context.now);
  if (moneyReturned) takeBack(draft, attempt, channelDate);
  else if (attempt.taken !== null) giveBack(draft, attempt, context);
  return "reversed";
}

/**
 * A payment code whose result did not come in time: final for the buyer, undone until the channel answers.
 */
export function decideGiveUp(draft: Draft, attemptId: Id, context: TradeContext): Decision {
  const attempt = draft.attempt(attemptId);
  if (isFinalAttempt(attempt.state) || attempt.state === "reversing") return "already_known";
  // Born leased to whoever gave up: the first reversal is its call.
  startReversal(attempt, plus(context.now, REVERSAL_LEASE_MS));
  if (draft.payment.liveAttemptId === attempt.id) endLive(draft, context.now);
  return "reversing";
}
