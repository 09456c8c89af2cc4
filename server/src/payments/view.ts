/** How payments and refunds look to those who asked for them: answers and webhooks show the same. Pure. */
import { partnersLeft } from "../fees/index.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import {
  type Attempt,
  type Dispute,
  isFinalPayment,
  type Payment,
  type Refund,
  refundStatus,
} from "./model.ts";
import { readRequest } from "./payment/request.ts";

export type PaymentView = ReturnType<typeof presentPayment>;
export type RefundView = ReturnType<typeof presentRefund>;

/** A payment's pages for the buyer. */
export type PaymentPages = {
  /** Where any browser pays it. */
  readonly cashierUrl: string;
  /** What a code holds that any wallet may scan. */
  readonly scanUrl: string;
};

/**
 * Where the buyer goes back to: the merchant's address with the payment's id and status; null: the merchant
 * has named none. Anybody can write such an address, so it is for display only; the webhook and the API tell
 * the truth.
 */
export function returnUrl({
  id,
  status,
  request,
}: Pick<Payment, "id" | "status" | "request">): string | null {
  const address = readRequest(request).return_url;
  if (address === undefined || !URL.canParse(address)) return address ?? null;
  const url = new URL(address);
  url.searchParams.set("payment_id", formatId("pay", id));
  url.searchParams.set("status", status);
  return url.href;
}

export function presentPayment(
  payment: Payment,
  { attempts, disputes }: { readonly attempts: readonly Attempt[]; readonly disputes: readonly Dispute[] },
  automaticRefunds: readonly Refund[],
  pages: PaymentPages,
) {
  const request = readRequest(payment.request);
  const find = (id: Id | null) => attempts.find((attempt) => attempt.id === id);
  const live = find(payment.liveAttemptId);
  const success = find(payment.successAttemptId);
  return {
    id: formatId("pay", payment.id),
    merchant_order_no: payment.merchantOrderNo,
    amount: Number(payment.amount),
    currency: payment.currency,
    subject: request.subject,
    method: success?.method ?? live?.method ?? payment.method,
    status: payment.status,
    status_final: isFinalPayment(payment.status),
    closing: payment.closingSince !== null,
    closed_reason: payment.closedReason,
    amount_refunded: Number(success?.refundedAmount ?? 0n),
    refund_status: refundStatus(success),
    reversed_by_channel: success?.state === "reversed_by_channel",
    live_attempt: live === undefined ? null : formatId("att", live.id),
    success_attempt: success === undefined ? null : formatId("att", success.id),
    next_action: live?.nextAction == null ? null : presentNextAction(live.nextAction),
    cashier_url: pages.cashierUrl,
    scan_url: pages.scanUrl,
    attempts: attempts.map(presentAttempt),
    refunds_automatic: automaticRefunds.map(presentRefund),
    disputes: disputes.map(presentDispute),
    store: request.store ?? null,
    terminal: request.terminal ?? null,
    return_url: request.return_url ?? null,
    metadata: request.metadata ?? {},
    created_at: payment.createdAt.toISOString(),
    expires_at: payment.expiresAt.toISOString(),
    finished_at: payment.finishedAt?.toISOString() ?? null,
  };
}

/** What operators see besides: by what rules an order was charged, and what it cost. */
export function presentPaymentForOperators(
  payment: Payment,
  about: { readonly attempts: readonly Attempt[]; readonly disputes: readonly Dispute[] },
  automaticRefunds: readonly Refund[],
  pages: PaymentPages,
) {
  return {
    ...presentPayment(payment, about, automaticRefunds, pages),
    attempts: about.attempts.map((attempt) => ({ ...presentAttempt(attempt), ...presentCharges(attempt) })),
  };
}

function presentCharges({ taken, feeReturned, costReturned }: Attempt) {
  return {
    fee_rule: taken?.feeRule ?? null,
    fee_rule_version: numberOf(taken?.feeRuleVersion),
    fee_returned: Number(feeReturned),
    fee_of_partners:
      taken === null ? null : Number(partnersLeft(taken.partnerAmount, taken.feeAmount, feeReturned)),
    cost: taken === null ? null : Number(taken.costAmount),
    cost_rule: taken?.costRule ?? null,
    cost_rule_version: numberOf(taken?.costRuleVersion),
    cost_returned: Number(costReturned),
  };
}

function numberOf(version: bigint | null | undefined): number | null {
  return version == null ? null : Number(version);
}

/** As the wire shows what the buyer does next. */
export function presentNextAction(action: NonNullable<Attempt["nextAction"]>) {
  switch (action.type) {
    case "qr_code":
      return { type: "qr_code" as const, qr_code: action.qrCode };
    case "redirect":
      return {
        type: "redirect" as const,
        url: action.url,
        ...(action.form === undefined ? {} : { form: action.form }),
      };
    case "jsapi_params":
      return { type: "jsapi_params" as const, params: action.params };
    case "app_params":
      return { type: "app_params" as const, params: action.params };
    case "none":
      return { type: "none" as const };
  }
}

function presentAttempt(attempt: Attempt) {
  return {
    id: formatId("att", attempt.id),
    method: attempt.method,
    channel: attempt.channel,
    channel_account: formatId("cha", attempt.channelAccountId),
    state: attempt.state,
    channel_order_no: attempt.channelOrderNo,
    channel_trade_no: attempt.channelTradeNo,
    amount_paid: attempt.taken === null ? null : Number(attempt.taken.paidAmount),
    amount_settled: attempt.taken === null ? null : Number(attempt.taken.settleAmount),
    fee: attempt.taken === null ? null : Number(attempt.taken.feeAmount),
    paid_at: attempt.taken?.paidAt.toISOString() ?? null,
    buyer: attempt.buyer,
    surplus: attempt.surplus,
    failure_code: attempt.failureCode,
    failure_message: attempt.failureMessage,
    created_at: attempt.createdAt.toISOString(),
    expires_at: attempt.expiresAt.toISOString(),
    finished_at: attempt.finishedAt?.toISOString() ?? null,
  };
}

export function presentDispute(dispute: Dispute) {
  return {
    id: formatId("dsp", dispute.id),
    payment: formatId("pay", dispute.paymentId),
    attempt: formatId("att", dispute.attemptId),
    channel_dispute_no: dispute.channelDisputeNo,
    state: dispute.state,
    state_final: dispute.finishedAt !== null,
    amount: Number(dispute.amount),
    fee: Number(dispute.fee),
    amount_returned: Number(dispute.returnedAmount),
    fee_returned: Number(dispute.returnedFee),
    currency: dispute.currency.trim(),
    reason: dispute.reason,
    respond_by: dispute.respondBy?.toISOString() ?? null,
    created_at: dispute.createdAt.toISOString(),
    finished_at: dispute.finishedAt?.toISOString() ?? null,
  };
}

export function presentRefund(refund: Refund) {
  return {
    id: formatId("rfd", refund.id),
    payment: formatId("pay", refund.paymentId),
    attempt: formatId("att", refund.attemptId),
    merchant_refund_no: refund.merchantRefundNo,
    automatic: refund.automatic,
    amount: Number(refund.amount),
    currency: refund.currency,
    reason: refund.reason,
    state: refund.state,
    state_final: refund.finishedAt !== null,
    amount_settled: Number(refund.settleAmount),
    fee_returned: Number(refund.feeReturned),
    channel_refund_no: refund.channelRefundNo,
    failure_code: refund.failureCode,
    failure_message: refund.failureMessage,
    created_at: refund.createdAt.toISOString(),
    accepted_at: refund.acceptedAt?.toISOString() ?? null,
    arrived_at: refund.arrivedAt?.toISOString() ?? null,
    finished_at: refund.finishedAt?.toISOString() ?? null,
  };
}
