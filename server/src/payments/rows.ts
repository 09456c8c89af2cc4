import type { NextAction } from "../channels/index.ts";
import type { Attempt, ForeignRefund, Payment, Refund, Taken } from "./model.ts";

/**
 * Rows as the database gives them; the nullable columns of what an attempt took stand apart from the rest.
 */
export type PaymentRow = Payment;

export type AttemptRow = Omit<Attempt, "taken" | "nextAction" | "foreignRefunds"> & {
  readonly nextAction: string | null;
  readonly foreignRefunds: string | null;
} & { readonly [Key in keyof Taken]: Taken[Key] | null };

export type RefundRow = Refund;

export const PAYMENT_COLUMNS = `
  id, merchant_id, merchant_order_no, amount, currency, method, status, live_attempt_id, success_attempt_id,
  closing_since, closing_for, closed_reason, request, expires_at, watched_until, due_at, created_at,
  finished_at`;

export const ATTEMPT_COLUMNS = `
  id, payment_id, merchant_id, channel, channel_account_id, credential_version, fund_flow, method, state,
  amount,
  currency, channel_order_no, channel_trade_no, next_action, failure_code, failure_message, buyer, buyer_ip,
  routing, quota_day, quota_month,
  paid_amount,
  settle_amount, fee_amount, cost_amount, cost_gross, paid_at, channel_date, fee_rule, fee_rule_version,
  cost_rule, cost_rule_version, fee_refund, cost_refund, partner_amount, surplus, refunded_amount,
  settled_refunded, fee_returned, cost_returned, taken_back, told_refunded, foreign_refunds, doubted_at,
  close_wanted, queries, expires_at, due_at, created_at, finished_at`;

export const REFUND_COLUMNS = `
  id, payment_id, attempt_id, merchant_id, merchant_refund_no, automatic, amount, currency, reason, request,
  state,
  channel_refund_no, channel_own_refund_no, settle_amount, from_pending, from_available, from_receivable,
  fee_returned, cost_returned, after_failure, failure_code, failure_message, tries, due_at, created_at,
  accepted_at, channel_date,
  arrived_at, finished_at`;

export const DISPUTE_COLUMNS = `
  id, payment_id, attempt_id, merchant_id, channel_account_id, channel_dispute_no, state, amount, fee,
  returned_amount, returned_fee, currency, reason, respond_by, due_at, created_at, finished_at`;

/**
 * An attempt from its row. Field by field: an object made by leaving out keys of another is a dictionary, and
 * this one is read and copied at every report.
 */
export function attemptOf(row: AttemptRow): Attempt {
  return {
    id: row.id,
    paymentId: row.paymentId,
    merchantId: row.merchantId,
    channel: row.channel,
    channelAccountId: row.channelAccountId,
    credentialVersion: row.credentialVersion,
    fundFlow: row.fundFlow,
    method: row.method,
    state: row.state,
    amount: row.amount,
    currency: row.currency,
    channelOrderNo: row.channelOrderNo,
    channelTradeNo: row.channelTradeNo,
    nextAction: row.nextAction === null ? null : (JSON.parse(row.nextAction) as NextAction),
    failureCode: row.failureCode,
    failureMessage: row.failureMessage,
    buyer: row.buyer,
    buyerIp: row.buyerIp,
    routing: row.routing,
    quotaDay: row.quotaDay,
    quotaMonth: row.quotaMonth,
    taken: takenOf(row),
    surplus: row.surplus,
    refundedAmount: row.refundedAmount,
    settledRefunded: row.settledRefunded,
    feeReturned: row.feeReturned,
    costReturned: row.costReturned,
    takenBack: row.takenBack,
    toldRefunded: row.toldRefunded,
    foreignRefunds: row.foreignRefunds === null ? NONE : foreignRefundsOf(row.foreignRefunds),
    doubtedAt: row.doubtedAt,
    closeWanted: row.closeWanted,
    queries: row.queries,
    expiresAt: row.expiresAt,
    dueAt: row.dueAt,
    createdAt: row.createdAt,
    finishedAt: row.finishedAt,
  };
}

const NONE: readonly ForeignRefund[] = [];

type ForeignRefundText = readonly [channelRefundNo: string, amount: string, isReturned: boolean];

function foreignRefundsOf(text: string): readonly ForeignRefund[] {
  const parts = JSON.parse(text) as readonly ForeignRefundText[];
  return parts.map(([channelRefundNo, amount, isReturned]) => {
    return { channelRefundNo, amount: BigInt(amount), isReturned };
  });
}

function foreignRefundsText(refunds: readonly ForeignRefund[]): string {
  const parts = refunds.map(({ channelRefundNo, amount, isReturned }): ForeignRefundText => {
    return [channelRefundNo, amount.toString(), isReturned];
  });
  return JSON.stringify(parts);
}

function takenOf(row: AttemptRow): Taken | null {
  if (row.paidAmount === null) return null;
  return {
    paidAmount: row.paidAmount,
    settleAmount: row.settleAmount,
    feeAmount: row.feeAmount,
    costAmount: row.costAmount,
    costGross: row.costGross,
    paidAt: row.paidAt,
    channelDate: row.channelDate,
    feeRule: row.feeRule,
    feeRuleVersion: row.feeRuleVersion,
    costRule: row.costRule,
    costRuleVersion: row.costRuleVersion,
    feeRefund: row.feeRefund,
    costRefund: row.costRefund,
    // Most fees are ours alone: their rows have nothing here.
    partnerAmount: row.partnerAmount ?? 0n,
  } as Taken;
}

/** The columns of an attempt: the inverse of `attemptOf`. */
export function attemptRow(attempt: Attempt): AttemptRow {
  const { taken } = attempt;
  return {
    id: attempt.id,
    paymentId: attempt.paymentId,
    merchantId: attempt.merchantId,
    channel: attempt.channel,
    channelAccountId: attempt.channelAccountId,
    credentialVersion: attempt.credentialVersion,
    fundFlow: attempt.fundFlow,
    method: attempt.method,
    state: attempt.state,
    amount: attempt.amount,
    currency: attempt.currency,
    channelOrderNo: attempt.channelOrderNo,
    channelTradeNo: attempt.channelTradeNo,
    nextAction: attempt.nextAction === null ? null : JSON.stringify(attempt.nextAction),
    failureCode: attempt.failureCode,
    failureMessage: attempt.failureMessage,
    buyer: attempt.buyer,
    buyerIp: attempt.buyerIp,
    routing: attempt.routing,
    quotaDay: attempt.quotaDay,
    quotaMonth: attempt.quotaMonth,
    paidAmount: taken === null ? null : taken.paidAmount,
    settleAmount: taken === null ? null : taken.settleAmount,
    feeAmount: taken === null ? null : taken.feeAmount,
    costAmount: taken === null ? null : taken.costAmount,
    costGross: taken === null ? null : taken.costGross,
    paidAt: taken === null ? null : taken.paidAt,
    channelDate: taken === null ? null : taken.channelDate,
    feeRule: taken === null ? null : taken.feeRule,
    feeRuleVersion: taken === null ? null : taken.feeRuleVersion,
    costRule: taken === null ? null : taken.costRule,
    costRuleVersion: taken === null ? null : taken.costRuleVersion,
    feeRefund: taken === null ? null : taken.feeRefund,
    costRefund: taken === null ? null : taken.costRefund,
    partnerAmount: taken === null || taken.partnerAmount === 0n ? null : taken.partnerAmount,
    surplus: attempt.surplus,
    refundedAmount: attempt.refundedAmount,
    settledRefunded: attempt.settledRefunded,
    feeReturned: attempt.feeReturned,
    costReturned: attempt.costReturned,
    takenBack: attempt.takenBack,
    toldRefunded: attempt.toldRefunded,
    foreignRefunds: attempt.foreignRefunds.length === 0 ? null : foreignRefundsText(attempt.foreignRefunds),
    doubtedAt: attempt.doubtedAt,
    closeWanted: attempt.closeWanted,
    queries: attempt.queries,
    expiresAt: attempt.expiresAt,
    dueAt: attempt.dueAt,
    createdAt: attempt.createdAt,
    finishedAt: attempt.finishedAt,
  };
}
