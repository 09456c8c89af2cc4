import type { Order, Refund } from "../model.ts";
import { type Refusal, refused } from "../wire/refusals.ts";
import { type Moment, paidCharge, type Step } from "./step.ts";

/** How long a refund is `pending`. */
export const refundPendingMs = 500;

export type RefundAsked = {
  /** Null is all that is left. */
  amount: bigint | null;
  reason: string | null;
  metadata: Record<string, string>;
  by: Refund["by"];
  /** How long after now the buyer's bank sends it back; null: never. */
  failsAfterMs: number | null;
};

/** What was given back or is on its way; a failed refund gave nothing. */
export function refundedOf(order: Order): bigint {
  return order.refunds
    .filter((refund) => refund.status !== "failed")
    .reduce((sum, refund) => sum + refund.amount, 0n);
}

export function findRefund(order: Order, id: string): Refund | undefined {
  return order.refunds.find((refund) => refund.id === id);
}

/** Begins to give back part or all of what was paid. */
export function refundOrder(order: Order, asked: RefundAsked, moment: Moment): Step | Refusal {
  const charge = paidCharge(order);
  if (!charge) {
    const id = order.intent?.id ?? "none";
    const message = `This PaymentIntent (${id}) does not have a successful charge to refund.`;
    return refused("payment_intent_unexpected_state", message);
  }
  if (order.disputes.some((dispute) => dispute.status !== "won")) {
    return refused("charge_disputed", `Charge ${charge.id} has been charged back; cannot issue a refund.`);
  }
  const left = charge.amount - refundedOf(order);
  if (left === 0n) {
    return refused("charge_already_refunded", `Charge ${charge.id} has already been refunded.`);
  }
  const amount = asked.amount ?? left;
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
    return { status: 400, type: "invalid_request_error", message, param: "amount", begun: true };
  }
  const at = (afterMs: number): Date => new Date(moment.now.getTime() + afterMs);
  const refund: Refund = {
    id: moment.mint("re_"),
    chargeId: charge.id,
    amount,
    reason: asked.reason,
    metadata: asked.metadata,
    by: asked.by,
    status: "pending",
    createdAt: moment.now,
    settlesAt: at(refundPendingMs),
    failsAt: asked.failsAfterMs === null ? null : at(Math.max(asked.failsAfterMs, refundPendingMs)),
    movementId: moment.mint("txn_"),
    failureMovementId: null,
  };
  return {
    order: { ...order, refunds: [...order.refunds, refund] },
    happened: [{ kind: "refund_created", refundId: refund.id }],
  };
}

/** The refund as it is at `now`: arrived after its delay, or back from the buyer's bank. */
export function settleRefund(
  refund: Refund,
  { now, mint }: Moment,
): { refund: Refund; failed: boolean } | null {
  if (refund.status === "failed") return null;
  if (refund.failsAt && now >= refund.failsAt) {
    return { refund: { ...refund, status: "failed", failureMovementId: mint("txn_") }, failed: true };
  }
  if (refund.status === "pending" && now >= refund.settlesAt) {
    return { refund: { ...refund, status: "succeeded" }, failed: false };
  }
  return null;
}
