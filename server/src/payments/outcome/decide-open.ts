/**
 * What it means that an order has taken no money: it is open, over, unknown to the channel, or never arrived.
 */
import type { TradeOutcome } from "../../channels/index.ts";
import { plus } from "../../kernel/clock.ts";
import { type Attempt, isFinalAttempt } from "../model.ts";
import {
  EXPIRY_GRACE_MS,
  nextCloseAt,
  nextQueryAt,
  nextResendAt,
  nextReversalAt,
} from "../query/schedule.ts";
import type { Draft } from "./draft.ts";
import {
  type Decision,
  endLive,
  finish,
  type MutableAttempt,
  type ReportSource,
  type TradeContext,
} from "./steps.ts";

/** The order is over without money, for good. */
export function decideEnded(
  draft: Draft,
  attempt: MutableAttempt,
  trade: Extract<TradeOutcome, { outcome: "closed" | "failed" }>,
  source: ReportSource,
  context: TradeContext,
): Decision {
  if (attempt.taken !== null) return attempt.state === "reversing" ? "waiting" : "contradiction";
  if (isFinalAttempt(attempt.state)) return "already_known";
  if (attempt.state === "reversing") {
    finish(attempt, "reversed", context.now);
    return "reversed";
  }
  if (isInDoubt(attempt, source, context.now)) return letGoInDoubt(draft, attempt, context.now);
  const failure = trade.outcome === "failed" ? { code: trade.code, message: trade.message } : null;
  return endWithoutMoney(draft, attempt, trade.outcome, context, failure);
}

/**
 * A notification told of another amount (`askAbout`), and nobody has asked since: this word may be older than
 * that one, or contradict it. An order whose first question is overdue looks the same, and is asked once.
 */
function isInDoubt({ closeWanted, queries, dueAt }: Attempt, source: ReportSource, now: Date): boolean {
  if (source !== "close" && source !== "notification") return false;
  // What is due then is its close.
  return !closeWanted && queries === 0 && dueAt !== null && dueAt <= now;
}

/** It is over for its payment, and asked about all the same. */
function letGoInDoubt(draft: Draft, attempt: MutableAttempt, now: Date): Decision {
  attempt.state = "abandoned";
  attempt.closeWanted = false;
  if (draft.payment.liveAttemptId === attempt.id) endLive(draft, now);
  return "abandoned";
}

/** Ends an attempt that took nothing. */
export function endWithoutMoney(
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

/** The order is open. */
export function decidePending(
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
    const next = nextQueryAt(attempt, draft.payment, context.sceneOf(attempt), context.now);
    const isSooner = attempt.dueAt !== null && attempt.dueAt > context.now && attempt.dueAt < next;
    if (!isSooner) attempt.dueAt = next;
    return "open";
  }
  askAgain(draft, attempt, "query", context);
  return "open";
}

/** The channel knows no such order: not yet, never, or no more. */
export function decideNotFound(
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
 * otherwise. @param givesWay another account takes the payment: it ends.
 */
export function decideNotTaken(
  draft: Draft,
  attempt: MutableAttempt,
  end: { end: "refused"; code: string; message: string } | { end: "not_sent"; reason: string },
  context: TradeContext,
  givesWay: boolean,
): Decision {
  const isOnce = context.sceneOf(attempt).afterCrash === "query_then_cancel";
  if (isOnce || givesWay || context.now >= attempt.expiresAt) {
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

/** When to ask next about an order that told nothing new. @param asked false: the question was never sent. */
export function askAgain(
  draft: Draft,
  attempt: MutableAttempt,
  source: ReportSource,
  context: TradeContext,
  asked = true,
): void {
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
  if (source === "query" && asked) attempt.queries += 1;
  attempt.dueAt = nextQueryAt(attempt, draft.payment, context.sceneOf(attempt), now);
}
