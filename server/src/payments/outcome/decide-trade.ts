/**
 * What a report about an order means for its payment. Pure: a draft in, a changed draft and the decision's
 * name out. The machine is monotone: reports may come twice, late, out of order or in contradiction, and
 * money that moved is booked.
 */
import type { CallEnd, ReversalOutcome, TradeFacts, TradeOutcome } from "../../channels/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Attempt, isFinalAttempt, type Surplus, type Taken } from "../model.ts";
import {
  EXPIRY_GRACE_MS,
  nextCloseAt,
  nextQueryAt,
  nextResendAt,
  nextReversalAt,
} from "../query/schedule.ts";
import { settledPart } from "../terms.ts";
import type { Draft } from "./draft.ts";
import {
  asAsked,
  endLive,
  finish,
  giveBack,
  type MutableAttempt,
  startReversal,
  stopClosing,
  type TradeContext,
  take,
  takeBack,
  takeSurplus,
} from "./steps.ts";

/** Where a report comes from. Only a query's word is taken for an amount that differs from what was asked. */
export type ReportSource = "pay" | "query" | "close" | "notification" | "statement";

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
  | "unknown"
  | "not_sent"
  | "refused"
  | "waiting";

/** How long the process that gave up has for its first reversal. */
const REVERSAL_LEASE_MS = 30 * SECOND;

/** What the channel says of an order. */
export function decideTrade(
  draft: Draft,
  attemptId: Id,
  report: { readonly source: ReportSource; readonly trade: TradeOutcome },
  context: TradeContext,
): Decision {
  const attempt = draft.attempt(attemptId);
  const { trade, source } = report;
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

/** A call about an order that told nothing of it. */
export function decideCallEnd(
  draft: Draft,
  attemptId: Id,
  report: {
    readonly source: ReportSource;
    readonly end: Exclude<CallEnd<TradeOutcome>, { end: "answered" }>;
  },
  context: TradeContext,
): Decision {
  const attempt = draft.attempt(attemptId);
  const { end, source } = report;
  if (isFinalAttempt(attempt.state)) return "already_known";
  // Money that moved outweighs a call that says it did not.
  if (source === "pay" && attempt.taken !== null) {
    return end.end === "refused" ? "contradiction" : "already_known";
  }
  if (source === "pay" && end.end === "refused" && !end.retryable) {
    return endWithoutMoney(draft, attempt, "failed", context, { code: end.code, message: end.message });
  }
  if (source === "pay" && end.end !== "unknown") return decideNotTaken(draft, attempt, end, context);
  if (source === "pay" && attempt.state === "created") attempt.state = "unknown";
  askAgain(draft, attempt, source, context);
  return end.end;
}

/** What a reversal by us did. */
export function decideReversal(
  draft: Draft,
  attemptId: Id,
  end: CallEnd<ReversalOutcome>,
  context: TradeContext,
): Decision {
  const attempt = draft.attempt(attemptId);
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
  const { moneyReturned, channelDate, channelTradeNo } = end.value;
  attempt.channelTradeNo ??= channelTradeNo;
  if (moneyReturned && attempt.taken === null) {
    // The buyer had paid and nobody told us: both movements are in the channel's statement, so both are
    // booked.
    takeSurplus(draft, attempt, asAsked(attempt, channelDate, context.now), "reversing", context);
  }
  finish(attempt, "reversed", context.now);
  if (moneyReturned) takeBack(draft, attempt);
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

function decidePaid(
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
  if (differs && source !== "query") {
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

function differsFrom(attempt: Attempt, facts: TradeFacts): boolean {
  return facts.amount !== attempt.amount || facts.currency !== attempt.currency;
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

function decideRefunded(
  draft: Draft,
  attempt: MutableAttempt,
  trade: Extract<TradeOutcome, { outcome: "refunded" }>,
  source: ReportSource,
  context: TradeContext,
): Decision {
  const believed = source === "query" || !differsFrom(attempt, trade);
  if (attempt.taken === null && trade.refundedAmount >= trade.amount && believed) {
    const surplus = surplusOf(draft, attempt, differsFrom(attempt, trade));
    if (surplus !== null) return bookCameAndWent(draft, attempt, trade, surplus, context);
  }
  const before = decidePaid(draft, attempt, trade, source, context);
  const { taken } = attempt;
  if (taken === null) return before;
  const beyond = givenBackByChannel(draft, attempt, taken, trade.refundedAmount);
  if (beyond <= 0n) return before;
  if (attempt.surplus !== null && attempt.takenBack + beyond >= taken.paidAmount) {
    if (attempt.state === "reversing") finish(attempt, "reversed", context.now);
    takeBack(draft, attempt);
    return attempt.state === "reversed" ? "reversed" : "reversed_by_channel";
  }
  if (beyond >= taken.paidAmount) {
    attempt.takenBack += beyond;
    finish(attempt, "reversed_by_channel", context.now);
    draft.book({ booking: "reversed_by_channel", attempt });
    draft.open({
      kind: "reversed_by_channel",
      subjectId: attempt.id,
      amount: taken.paidAmount,
      detail: "The channel took the whole payment back without a refund of ours. Ask the channel why.",
    });
    draft.tell("payment.reversed_by_channel");
    return "reversed_by_channel";
  }
  attempt.takenBack += beyond;
  draft.book({
    booking: "refund_by_channel",
    attempt,
    settleAmount: settledPart(taken, attempt.takenBack) - settledPart(taken, attempt.takenBack - beyond),
    sourceId: context.reportId,
  });
  draft.open({
    kind: "refund_by_channel",
    subjectId: context.reportId,
    amount: beyond,
    detail: "The channel refunded this part without a refund of ours. Ask the channel why.",
  });
  return "refunded_by_channel";
}

/** How much of what the channel calls refunded is neither ours nor known: at most what is left. */
function givenBackByChannel(draft: Draft, attempt: Attempt, taken: Taken, refundedAmount: bigint): bigint {
  // A refund that came back from the buyer's bank stays in the channel's sum.
  const returned = draft
    .refundsOf(attempt.id)
    .filter((refund) => refund.state === "returned")
    .reduce((sum, refund) => sum + refund.amount, 0n);
  const beyond = refundedAmount - attempt.refundedAmount - attempt.takenBack - returned;
  const left = taken.paidAmount - attempt.refundedAmount - attempt.takenBack;
  if (beyond > left) return left;
  return beyond;
}

/**
 * Taken and given back by the channel before we knew: both movements are booked, and nothing is left to give
 * back.
 */
function bookCameAndWent(
  draft: Draft,
  attempt: MutableAttempt,
  facts: TradeFacts,
  surplus: Surplus,
  context: TradeContext,
): Decision {
  const wasLive = draft.payment.liveAttemptId === attempt.id;
  takeSurplus(draft, attempt, facts, surplus, context);
  finish(attempt, "reversed", context.now);
  takeBack(draft, attempt);
  if (wasLive) endLive(draft, context.now);
  return "reversed";
}

function decideEnded(
  draft: Draft,
  attempt: MutableAttempt,
  trade: Extract<TradeOutcome, { outcome: "closed" | "failed" }>,
  context: TradeContext,
): Decision {
  if (attempt.taken !== null) return attempt.state === "reversing" ? "waiting" : "contradiction";
  if (isFinalAttempt(attempt.state)) return "already_known";
  if (attempt.state === "reversing") {
    finish(attempt, "reversed", context.now);
    return "reversed";
  }
  const failure = trade.outcome === "failed" ? { code: trade.code, message: trade.message } : null;
  return endWithoutMoney(draft, attempt, trade.outcome, context, failure);
}

function endWithoutMoney(
  draft: Draft,
  attempt: MutableAttempt,
  state: "closed" | "failed",
  context: TradeContext,
  failure: { code: string; message: string } | null,
): Decision {
  if (attempt.state === "reversing") finish(attempt, "reversed", context.now);
  else finish(attempt, state, context.now);
  attempt.failureCode = failure?.code ?? null;
  attempt.failureMessage = failure?.message ?? null;
  if (draft.payment.liveAttemptId === attempt.id) endLive(draft, context.now);
  return attempt.state === "reversed" ? "reversed" : state;
}

function decidePending(
  draft: Draft,
  attempt: MutableAttempt,
  trade: Extract<TradeOutcome, { outcome: "pending" }>,
  context: TradeContext,
): Decision {
  if (isFinalAttempt(attempt.state)) return "already_known";
  attempt.channelTradeNo ??= trade.channelTradeNo ?? null;
  attempt.nextAction ??= trade.nextAction ?? null;
  if (attempt.state === "created" || attempt.state === "unknown") {
    attempt.state = "pending";
    attempt.queries = 0;
    attempt.dueAt = nextQueryAt(attempt, draft.payment, context.sceneOf(attempt), context.now);
    return "open";
  }
  askAgain(draft, attempt, "query", context);
  return "open";
}

function decideNotFound(
  draft: Draft,
  attempt: MutableAttempt,
  source: ReportSource,
  context: TradeContext,
): Decision {
  if (isFinalAttempt(attempt.state)) return "already_known";
  const { now } = context;
  const scene = context.sceneOf(attempt);
  if (attempt.state === "reversing") {
    askAgain(draft, attempt, source, context);
    return "waiting";
  }
  const overAt = scene.orderAppearsWithBuyer
    ? plus(attempt.expiresAt, EXPIRY_GRACE_MS)
    : plus(attempt.createdAt, scene.notFoundHorizonMs);
  if (now >= overAt && (scene.kind !== "payment_code" || attempt.state === "abandoned")) {
    return endWithoutMoney(draft, attempt, "closed", context, null);
  }
  if (source === "close" && scene.orderAppearsWithBuyer) {
    attempt.state = "abandoned";
    attempt.closeWanted = false;
    attempt.queries = 0;
    attempt.dueAt = nextQueryAt(attempt, draft.payment, scene, now);
    if (draft.payment.liveAttemptId === attempt.id) endLive(draft, now);
    return "abandoned";
  }
  askAgain(draft, attempt, source, context);
  return "open";
}

/**
 * The order certainly does not stand at the channel: it is placed again where that is safe, and ends
 * otherwise.
 */
function decideNotTaken(
  draft: Draft,
  attempt: MutableAttempt,
  end: { end: "refused"; code: string; message: string } | { end: "not_sent"; reason: string },
  context: TradeContext,
): Decision {
  if (context.sceneOf(attempt).afterCrash === "query_then_cancel" || context.now >= attempt.expiresAt) {
    const failure =
      end.end === "refused"
        ? { code: end.code, message: end.message }
        : { code: "channel_unreachable", message: `The order was not sent: ${end.reason}` };
    return endWithoutMoney(draft, attempt, "failed", context, failure);
  }
  attempt.queries += 1;
  attempt.dueAt = nextResendAt(attempt, context.now);
  return end.end;
}

function askAgain(draft: Draft, attempt: MutableAttempt, source: ReportSource, context: TradeContext): void {
  const { now } = context;
  if (attempt.state === "reversing") {
    attempt.dueAt = nextReversalAt(attempt, now);
    return;
  }
  if (
    source === "close" &&
    draft.payment.liveAttemptId === attempt.id &&
    draft.payment.closingSince !== null
  ) {
    // The payment's own due time repeats the close; the attempt is asked about meanwhile.
    draft.payment.dueAt = nextCloseAt(draft.payment.closingSince, now);
  }
  if (source === "query") attempt.queries += 1;
  attempt.dueAt = nextQueryAt(attempt, draft.payment, context.sceneOf(attempt), now);
}
