import { findDispute } from "./machine/dispute.ts";
import { findRefund } from "./machine/refund.ts";
import type { Happening } from "./machine/step.ts";
import type { Movement, Order } from "./model.ts";

/** The balance transaction of what happened; undefined where no money moved. */
export function movementOf(order: Order, happening: Happening, now: Date): Movement | undefined {
  switch (happening.kind) {
    case "charge_succeeded": {
      const charge = order.charges.find((one) => one.id === happening.chargeId)!;
      const { amount, fee } = charge;
      const common = { ...basis(order, now), id: charge.movementId!, sourceId: charge.id };
      return { ...common, type: "charge", category: "charge", amount, fee, description: order.description };
    }
    case "refund_created":
    case "refund_failed": {
      const refund = findRefund(order, happening.refundId)!;
      const back = happening.kind === "refund_failed";
      const type = back ? "refund_failure" : "refund";
      const id = back ? refund.failureMovementId! : refund.movementId;
      const description = `${back ? "REFUND FAILURE" : "REFUND FOR CHARGE"} (${order.description})`;
      const amount = back ? refund.amount : -refund.amount;
      // Stripe keeps its fee of a charge that is refunded.
      return {
        ...basis(order, now),
        id,
        type,
        category: type,
        amount,
        fee: 0n,
        sourceId: refund.id,
        description,
      };
    }
    case "dispute_created":
    case "dispute_closed": {
      const dispute = findDispute(order, happening.disputeId)!;
      const [taken, returned] = dispute.movementIds;
      const closed = happening.kind === "dispute_closed";
      if (closed && returned === undefined) return undefined;
      const feeBack = dispute.feeReturned ? -dispute.fee : 0n;
      return {
        ...basis(order, now),
        id: closed ? returned! : taken!,
        type: "adjustment",
        category: closed ? "dispute_reversal" : "dispute",
        amount: closed ? dispute.amount : -dispute.amount,
        fee: closed ? feeBack : dispute.fee,
        sourceId: dispute.id,
        description: `Chargeback ${closed ? "reversal" : "withdrawal"} for ${dispute.chargeId}`,
      };
    }
    default:
      return undefined;
  }
}

function basis(order: Order, now: Date) {
  return {
    accountId: order.accountId,
    date: utcDate(now),
    currency: order.currency,
    orderId: order.id,
    orderNo: order.orderNo,
    createdAt: now,
  };
}

/** "2026-11-20": Stripe's days are UTC's. */
export function utcDate(at: Date): string {
  return at.toISOString().slice(0, 10);
}
