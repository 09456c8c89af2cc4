/**
 * Payment: what the merchant asked for. Its row is the lock of all that belongs to it.
 * Attempt: one order placed at one channel account for one payment. At most one is *live*.
 * Refund: money back for one attempt. An *automatic* refund gives surplus money back.
 * Dispute: a payer's claim through the channel against what one attempt took.
 * Outcome: what a report of a channel means; every report goes through the one door (outcome/).
 * Surplus: money that an attempt took although its payment cannot use it.
 * Taken back: what left the channel again without a refund of ours: a reversal, or the channel's own doing.
 */
import type { FundFlow, NextAction } from "../channels/index.ts";
import type { RefundPolicy } from "../fees/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import {
  ATTEMPT,
  type AttemptState,
  DISPUTE,
  type DisputeState,
  finalOf,
  namesOf,
  PAYMENT,
  type PaymentStatus,
  REFUND,
  type RefundState,
} from "./states.ts";

export type { AttemptState, DisputeState, PaymentStatus, RefundState };

export const PAYMENT_STATUSES = namesOf(PAYMENT);
export const ATTEMPT_STATES = namesOf(ATTEMPT);
export const REFUND_STATES = namesOf(REFUND);
export const DISPUTE_STATES = namesOf(DISPUTE);
const FINAL_PAYMENTS = finalOf(PAYMENT);
const FINAL_ATTEMPTS = finalOf(ATTEMPT);

/** Why the live attempt is being ended at the channel. */
export type ClosingFor = "close" | "expire" | "new_attempt";

export type Payment = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly merchantOrderNo: string;
  readonly amount: bigint;
  readonly currency: Currency;
  /** The method asked for at creation; null: the buyer chooses at the cashier. */
  readonly method: string | null;
  readonly status: PaymentStatus;
  readonly liveAttemptId: Id | null;
  readonly successAttemptId: Id | null;
  readonly closingSince: Date | null;
  readonly closingFor: ClosingFor | null;
  readonly closedReason: "expired" | "cancelled" | null;
  /** The request as it was sent, in canonical JSON: what a repeat is compared with. */
  readonly request: string;
  readonly expiresAt: Date;
  readonly watchedUntil: Date | null;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
};

export type Surplus =
  | "payment_succeeded"
  | "payment_closed"
  | "payment_failed"
  | "reversing"
  | "reversed"
  | "amount_differs";

/** What an attempt took, once it did. */
export type Taken = {
  /** What the buyer's side gave, minor units. */
  readonly paidAmount: bigint;
  /** What settles to the merchant's side: `s` of the postings. */
  readonly settleAmount: bigint;
  readonly feeAmount: bigint;
  readonly costAmount: bigint;
  /** The channel bills its cost apart instead of keeping it back. */
  readonly costGross: boolean;
  readonly paidAt: Date;
  readonly channelDate: string;
} & Charged;

/** By what rules fee and cost were reckoned, as they are kept with the money. */
export type Charged = {
  /** Null of a surplus, which earns no fee, and of money from before rules were kept. */
  readonly feeRule: string | null;
  readonly feeRuleVersion: bigint | null;
  readonly costRule: string | null;
  readonly costRuleVersion: bigint | null;
  /** What a refund gives back; null: what the account's contract says when it is accepted. */
  readonly feeRefund: RefundPolicy | null;
  readonly costRefund: RefundPolicy | null;
  /** The part of the fee that is owed to partners. */
  readonly partnerAmount: bigint;
};

export type Attempt = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly merchantId: Id;
  readonly channel: string;
  readonly channelAccountId: Id;
  readonly credentialVersion: number;
  readonly fundFlow: FundFlow;
  readonly method: string;
  readonly state: AttemptState;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly channelOrderNo: string;
  readonly channelTradeNo: string | null;
  readonly nextAction: NextAction | null;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly buyer: string | null;
  /** The address that the buyer's device came from, where the scene needs one. */
  readonly buyerIp: string | null;
  /** Why it goes through this account, in few words; null for orders from before there were reasons. */
  readonly routing: string | null;
  /** The day and the month whose quotas it counts in, by their first days; null: the account has none. */
  readonly quotaDay: string | null;
  readonly quotaMonth: string | null;
  readonly taken: Taken | null;
  readonly surplus: Surplus | null;
  /** Σ refunds neither failed nor returned, of the buyer's amount. */
  readonly refundedAmount: bigint;
  /** Σ settled parts of refunds that the channel accepted. */
  readonly settledRefunded: bigint;
  readonly feeReturned: bigint;
  readonly costReturned: bigint;
  /** Of the buyer's amount: taken back without a refund of ours. */
  readonly takenBack: bigint;
  /**
   * The largest sum that the channel called given back while refunds of ours were under way that may be a
   * part of it: when one of them fails, what is left of it went back by itself. 0: no such sum.
   */
  readonly toldRefunded: bigint;
  /** Those that the channel told one by one, each booked once. */
  readonly foreignRefunds: readonly ForeignRefund[];
  /**
   * When the channel last told, unasked, of another amount than was asked for: only what it says to a
   * question asked since then ends the order. Null: it never did.
   */
  readonly doubtedAt: Date | null;
  /** The order should end at the channel: close it before asking about it. */
  readonly closeWanted: boolean;
  /** Active queries since the last change of state. */
  readonly queries: number;
  /** Sent to the channel: it takes no money afterwards. */
  readonly expiresAt: Date;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
};

/** A refund that the channel told by its own number and nobody here asked for. */
export type ForeignRefund = {
  readonly channelRefundNo: string;
  /** Of the buyer's amount; a part of `takenBack` unless it came back. */
  readonly amount: bigint;
  readonly isReturned: boolean;
};

/** The attempt that can be paid now; null: none is. */
export function liveOf({
  payment,
  attempts,
}: {
  readonly payment: Pick<Payment, "liveAttemptId">;
  readonly attempts: readonly Attempt[];
}): Attempt | null {
  return attempts.find((attempt) => attempt.id === payment.liveAttemptId) ?? null;
}

export type Refund = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly merchantId: Id;
  /** Null for an automatic refund. */
  readonly merchantRefundNo: string | null;
  readonly automatic: boolean;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly reason: string | null;
  readonly request: string;
  readonly state: RefundState;
  /** Ours at the channel, fixed before the call. */
  readonly channelRefundNo: string;
  /** The channel's own number, where it has one. */
  readonly channelOwnRefundNo: string | null;
  /** `r` of the postings: an estimate until the channel answers. */
  readonly settleAmount: bigint;
  /** Where the money came from, so that it can go back there. */
  readonly fromPending: bigint;
  readonly fromAvailable: bigint;
  readonly fromReceivable: bigint;
  readonly feeReturned: bigint;
  readonly costReturned: bigint;
  /** Accepted by the channel after it had been held for failed. */
  readonly afterFailure: boolean;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  /** Calls made so far. */
  readonly tries: number;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly acceptedAt: Date | null;
  readonly channelDate: string | null;
  readonly arrivedAt: Date | null;
  readonly finishedAt: Date | null;
};

export type Dispute = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly merchantId: Id;
  readonly channelAccountId: Id;
  readonly channelDisputeNo: string;
  readonly state: DisputeState;
  /** What the payer claims; the channel holds it back until it is decided. */
  readonly amount: bigint;
  /** What the channel charges for it when it opens. */
  readonly fee: bigint;
  /** What came back once it was won: of the amount, and of the fee. */
  readonly returnedAmount: bigint;
  readonly returnedFee: bigint;
  readonly currency: Currency;
  readonly reason: string;
  readonly respondBy: Date | null;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
};

/** What of an attempt's money its disputes hold: claimed, and not come back. */
export function disputedAmount(disputes: readonly Dispute[]): bigint {
  return disputes.reduce((sum, { amount, returnedAmount }) => sum + amount - returnedAmount, 0n);
}

/** Whether an attempt can no longer change by itself (money that shows up later still reopens the books). */
export function isFinalAttempt(state: AttemptState): boolean {
  return FINAL_ATTEMPTS.has(state);
}

export function isFinalPayment(status: PaymentStatus): boolean {
  return FINAL_PAYMENTS.has(status);
}

/** `none`, `partial` or `full`, of the success attempt alone. */
export function refundStatus(success: Attempt | undefined): "none" | "partial" | "full" {
  if (success?.taken == null || success.refundedAmount === 0n) return "none";
  return success.refundedAmount >= success.taken.paidAmount ? "full" : "partial";
}

export type WorkItemKind =
  /** A surplus could not be given back by itself. */
  | "surplus_refund_failed"
  /** The channel took a success back. */
  | "reversed_by_channel"
  /** The channel refunded a part that nobody here asked for. */
  | "refund_by_channel"
  /** The channel tells of a refund that nobody here asked for, and not what went back in all: not booked. */
  | "refund_not_ours"
  /** A refund held for failed was carried out after all. */
  | "refund_after_failure"
  /** The channel took a refund, and it does not reach the buyer by itself. */
  | "refund_held"
  /** A surplus went back by its refund, and its payer claims it besides. */
  | "surplus_given_twice"
  /** A claim on a surplus was won: nothing gives it back by itself any more. */
  | "surplus_claim_won"
  /** A payer claims his money back through the channel: evidence is wanted. */
  | "dispute_opened";

export type WorkItem = {
  readonly id: Id;
  readonly kind: WorkItemKind;
  readonly subjectId: Id;
  readonly paymentId: Id;
  readonly merchantId: Id;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly detail: string;
};
