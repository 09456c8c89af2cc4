import type { NextAction } from "../channels/index.ts";
import type { Attempt, Payment, Refund, Taken } from "./model.ts";

/**
 * Rows as the database gives them; the nullable columns of what an attempt took stand apart from the rest.
 */
export type PaymentRow = Payment;

export type AttemptRow = Omit<Attempt, "taken" | "nextAction"> & {
  readonly nextAction: string | null;
} & { readonly [Key in keyof Taken]: Taken[Key] | null };

export type RefundRow = Refund;

export const PAYMENT_COLUMNS = `
  id, merchant_id, merchant_order_no, amount, currency, method, status, live_attempt_id, success_attempt_id,
  closing_since, closing_for, closed_reason, request, expires_at, watched_until, due_at, created_at,
  finished_at`;

export const ATTEMPT_COLUMNS = `
  id, payment_id, merchant_id, channel, channel_account_id, credential_version, fund_flow, method, state,
  amount,
  currency, channel_order_no, channel_trade_no, next_action, failure_code, failure_message, buyer,
  paid_amount,
  settle_amount, fee_amount, cost_amount, cost_gross, paid_at, channel_date, surplus, refunded_amount,
  settled_refunded, fee_returned, cost_returned, taken_back, told_refunded, close_wanted, queries,
  expires_at, due_at, created_at, finished_at`;

export const REFUND_COLUMNS = `
  id, payment_id, attempt_id, merchant_id, merchant_refund_no, automatic, amount, currency, reason, request,
  state,
  channel_refund_no, channel_own_refund_no, settle_amount, from_pending, from_available, from_receivable,
  fee_returned, cost_returned, after_failure, failure_code, failure_message, tries, due_at, created_at,
  accepted_at, channel_date,
  arrived_at, finished_at`;

/** An attempt from its row. */
export function attemptOf(row: AttemptRow): Attempt {
  const { paidAmount, settleAmount, feeAmount, costAmount, costGross, paidAt, channelDate, ...rest } = row;
  const taken =
    paidAmount === null
      ? null
      : ({ paidAmount, settleAmount, feeAmount, costAmount, costGross, paidAt, channelDate } as Taken);
  return {
    ...rest,
    nextAction: row.nextAction === null ? null : (JSON.parse(row.nextAction) as NextAction),
    taken,
  };
}

/** The columns of an attempt: the inverse of `attemptOf`. */
export function attemptRow(attempt: Attempt): AttemptRow {
  const { taken, nextAction, ...rest } = attempt;
  return {
    ...rest,
    nextAction: nextAction === null ? null : JSON.stringify(nextAction),
    paidAmount: taken?.paidAmount ?? null,
    settleAmount: taken?.settleAmount ?? null,
    feeAmount: taken?.feeAmount ?? null,
    costAmount: taken?.costAmount ?? null,
    costGross: taken?.costGross ?? null,
    paidAt: taken?.paidAt ?? null,
    channelDate: taken?.channelDate ?? null,
  };
}
