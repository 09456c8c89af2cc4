/**
 * Everything that can happen to a payment after its creation, as commands of the door. Reports carry what a
 * channel said; the others are what merchants, buyers and due times want. Pure.
 */
import type {
  CallEnd,
  DisputeOutcome,
  ExchangeRecord,
  ForeignRefund,
  RefundOutcome,
  ReversalOutcome,
  SceneTraits,
  TradeOutcome,
} from "../../channels/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import type { AttemptChoice } from "../attempt/choices.ts";
import { type Attempt, type ClosingFor, disputedAmount, isFinalPayment, type Refund } from "../model.ts";
import { CODE_CALL_MS, PLACING_LEASE_MS } from "../query/schedule.ts";
import { feeExpectedOf, settledPart } from "../terms.ts";
import { decideGiveUp } from "./decide-trade.ts";
import type { Draft } from "./draft.ts";
import { newRefund } from "./new-refund.ts";
import { closePayment, type ReportSource, type TradeContext } from "./steps.ts";

type About = {
  readonly paymentId: Id;
  readonly merchantId: Id;
  readonly channelAccountId: Id | null;
};

/**
 * What a channel said, or that it said nothing. `reportId` names the exchange, fixed before the transaction.
 */
export type Report = About & {
  readonly reportId: Id;
  readonly exchange: ExchangeRecord;
  readonly attemptId: Id;
} & (
    | {
        readonly kind: "trade";
        readonly source: ReportSource;
        readonly end: CallEnd<TradeOutcome>;
        /** Of an order that was not taken: another account takes the payment, so it is not sent again. */
        readonly givesWay?: boolean;
      }
    | { readonly kind: "reversal"; readonly end: CallEnd<ReversalOutcome> }
    | {
        readonly kind: "refund_report";
        readonly refundId: Id;
        readonly source: "refund" | "refund_query" | "notification" | "statement";
        readonly end: CallEnd<RefundOutcome>;
      }
    /** One that nobody here asked for, told by the channel's number. */
    | {
        readonly kind: "foreign_refund";
        readonly end: { readonly end: "answered"; readonly value: ForeignRefund };
      }
    /** `disputeId`: of the dispute that was asked about, or the id that a new one gets. */
    | { readonly kind: "dispute_report"; readonly disputeId: Id; readonly end: CallEnd<DisputeOutcome> }
  );

export type RefundRequest = {
  readonly id: Id;
  readonly merchantRefundNo: string;
  /** Null: all that is left. */
  readonly amount: bigint | null;
  readonly reason: string | null;
  readonly request: string;
  readonly creditLine: bigint;
  /** Whether the contract gives our fee back with a refund. */
  readonly feeReturned: boolean;
  /** Days after the payment in which the channel refunds. */
  readonly windowDays: number;
  readonly partsMax: number | null;
  readonly spacingMs: number;
};

export type Wish = About &
  (
    | { readonly kind: "begin_closing"; readonly closingFor: ClosingFor }
    | { readonly kind: "give_up"; readonly attemptId: Id }
    /** `choices`: the same order through accounts whose quotas decide in the transaction, the best first. */
    | {
        readonly kind: "new_attempt";
        readonly attempt: Attempt;
        readonly choices?: readonly AttemptChoice[];
      }
    | { readonly kind: "refund"; readonly refund: RefundRequest }
  );

export type Command = Report | Wish;

export type WishRefusal =
  | "payment_final"
  | "payment_expired"
  | "payment_closing"
  | "payment_confirming"
  | "payment_not_refundable"
  | "refund_window_over"
  | "refund_parts_exhausted"
  | "refund_exceeds_payment"
  | "payment_disputed"
  | "insufficient_balance"
  | "number_reused"
  | "no_account_available"
  | "conflict";

export type WishResult =
  /**
   * `callAttemptId`: this order must be ended at the channel now. `queued`: the refund waits for its turn.
   */
  | {
      readonly done: true;
      readonly callAttemptId?: Id;
      readonly refund?: Refund;
      readonly existing?: boolean;
      readonly queued?: boolean;
    }
  | { readonly done: false; readonly refusal: WishRefusal; readonly left?: bigint; readonly refund?: Refund };

/** How long one process has to close an order before another look is taken. */
export const CLOSING_LEASE_MS = 30 * SECOND;

const DAY_MS = 86_400 * SECOND;

/**
 * Starts to end the payment, or the live attempt before another. `callAttemptId`: this order must be closed
 * first.
 */
export function beginClosing(draft: Draft, closingFor: ClosingFor, context: TradeContext): WishResult {
  const { payment } = draft;
  const { now } = context;
  if (isFinalPayment(payment.status)) return { done: false, refusal: "payment_final" };
  if (closingFor === "expire" && now < payment.expiresAt) return { done: false, refusal: "conflict" };
  if (closingFor === "new_attempt") {
    if (now >= payment.expiresAt) return { done: false, refusal: "payment_expired" };
    if (payment.closingSince !== null) return { done: false, refusal: "payment_closing" };
  }
  if (payment.liveAttemptId === null) {
    if (closingFor !== "new_attempt") closePayment(draft, reasonOf(closingFor), now);
    return { done: true };
  }
  const live = draft.attempt(payment.liveAttemptId);
  payment.closingSince ??= now;
  // Ending the payment outweighs making room for another attempt.
  payment.closingFor = payment.closingFor === "close" ? "close" : closingFor;
  payment.dueAt = plus(now, CLOSING_LEASE_MS);
  if (context.sceneOf(live).kind === "payment_code") decideGiveUp(draft, live.id, context);
  return { done: true, callAttemptId: live.id };
}

function reasonOf(closingFor: ClosingFor): "expired" | "cancelled" {
  return closingFor === "expire" ? "expired" : "cancelled";
}

/** Makes an attempt the live one. */
export function addAttempt(draft: Draft, attempt: Attempt, now: Date, scene: SceneTraits): WishResult {
  const { payment } = draft;
  if (payment.liveAttemptId === attempt.id) return { done: true };
  if (isFinalPayment(payment.status)) return { done: false, refusal: "payment_final" };
  if (now >= payment.expiresAt) return { done: false, refusal: "payment_expired" };
  if (payment.closingSince !== null) return { done: false, refusal: "payment_closing" };
  if (payment.liveAttemptId !== null) return { done: false, refusal: "payment_confirming" };
  draft.addAttempt({ ...attempt, dueAt: firstDueAt(scene, now) });
  payment.status = "processing";
  payment.liveAttemptId = attempt.id;
  payment.dueAt = payment.expiresAt;
  return { done: true };
}

/**
 * A new attempt is born leased to the process that places it. Where its first query comes before the lease
 * ends it is due then, and whoever finds it unanswered leaves it alone (`nextStep`): so the answer need not
 * change the due time, and the row's new version stays out of every index.
 */
export function firstDueAt(scene: SceneTraits, now: Date): Date {
  if (scene.kind === "payment_code") return plus(now, CODE_CALL_MS);
  return plus(now, Math.min(PLACING_LEASE_MS, scene.queryGapsMs[0] ?? PLACING_LEASE_MS));
}

/** Puts money back for the success attempt. The ladder of refusals is part of the contract. */
export function requestRefund(draft: Draft, wanted: RefundRequest, now: Date): WishResult {
  const { payment } = draft;
  const success = payment.successAttemptId === null ? null : draft.attempt(payment.successAttemptId);
  if (success?.taken == null || success.state === "reversed_by_channel") {
    return { done: false, refusal: "payment_not_refundable" };
  }
  if (now > plus(success.taken.paidAt, wanted.windowDays * DAY_MS)) {
    return { done: false, refusal: "refund_window_over" };
  }
  const parts = draft.refundsOf(success.id).filter((refund) => refund.state !== "failed");
  if (wanted.partsMax !== null && parts.length >= wanted.partsMax) {
    return { done: false, refusal: "refund_parts_exhausted" };
  }
  const rest = success.taken.paidAmount - success.refundedAmount - success.takenBack;
  // Refunds under way count beside one that was held for failed and carried out.
  const left = rest > 0n ? rest : 0n;
  const disputed = disputedAmount(draft.disputesOf(success.id));
  // What a payer claims through the channel is not given to him a second time.
  const free = left > disputed ? left - disputed : 0n;
  const amount = wanted.amount ?? (free > 0n ? free : left);
  if (amount > left || amount <= 0n) return { done: false, refusal: "refund_exceeds_payment", left };
  if (amount > free) return { done: false, refusal: "payment_disputed", left: free };
  const { taken } = success;
  const settledSoFar = parts
    .filter((refund) => refund.state !== "returned" && !refund.afterFailure)
    .reduce((sum, refund) => sum + refund.settleAmount, 0n);
  const settleAmount = settledPart(taken, success.refundedAmount + amount) - settledSoFar;
  const turn = nextTurn(parts, wanted.spacingMs, now);
  const { id, merchantRefundNo, reason, request } = wanted;
  const refund = newRefund(
    success,
    {
      id,
      merchantRefundNo,
      reason,
      request,
      amount,
      // The channel's own figures for earlier parts may have been larger than their share.
      settleAmount: settleAmount > 0n ? settleAmount : 0n,
      // Born leased to the process that sends it, unless the channel wants parts apart.
      dueAt: turn > now ? turn : plus(now, CLOSING_LEASE_MS),
    },
    now,
  );
  success.refundedAmount += amount;
  draft.addRefund(refund);
  const outstanding = parts
    .filter((part) => part.state === "created" || part.state === "unknown")
    .map((part) => part.settleAmount);
  const feeExpected = feeExpectedOf(success, taken, [...outstanding, refund.settleAmount], wanted);
  const { creditLine } = wanted;
  draft.book({ booking: "refund_requested", attempt: success, refund, creditLine, feeExpected });
  return { done: true, refund, queued: turn > now };
}

/** When the channel takes another part: each keeps its distance from the one before, queued ones too. */
function nextTurn(parts: readonly Refund[], spacingMs: number, now: Date): Date {
  let free: Date | null = null;
  for (const { createdAt } of parts) {
    const turn: Date = free !== null && free > createdAt ? free : createdAt;
    free = plus(turn, spacingMs);
  }
  return free !== null && free > now ? free : now;
}
