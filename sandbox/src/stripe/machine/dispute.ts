import type { Dispute, Order } from "../model.ts";
import { type Refusal, refused } from "../wire/refusals.ts";
import { refundedOf } from "./refund.ts";
import { type Moment, paidCharge, type Step } from "./step.ts";

export type DisputeAsked = { amount: bigint | null; reason: string };

export function findDispute(order: Order, id: string): Dispute | undefined {
  return order.disputes.find((dispute) => dispute.id === id);
}

/** The cardholder's bank takes the money back, and Stripe its fee for that. */
export function openDispute(order: Order, asked: DisputeAsked, moment: Moment): Step | Refusal {
  const charge = paidCharge(order);
  if (!charge) return refused("charge_not_paid", "There is no payment to dispute.");
  if (order.disputes.some((dispute) => dispute.status !== "won")) {
    return refused("charge_already_disputed", `Charge ${charge.id} is disputed already.`);
  }
  const left = charge.amount - refundedOf(order);
  const amount = asked.amount ?? left;
  if (amount > left || amount <= 0n) {
    return refused("amount_invalid", `A dispute is about at most what was not refunded (${left}).`);
  }
  const dispute: Dispute = {
    id: moment.mint("dp_"),
    chargeId: charge.id,
    amount,
    fee: moment.account.disputeFee,
    feeReturned: moment.account.disputeFeeReturned,
    reason: asked.reason,
    status: "needs_response",
    createdAt: moment.now,
    closedAt: null,
    movementIds: [moment.mint("txn_")],
  };
  return {
    order: { ...order, disputes: [...order.disputes, dispute] },
    happened: [{ kind: "dispute_created", disputeId: dispute.id }],
  };
}

/** The bank decides; a dispute that is won gives the money back, one that is lost moves nothing more. */
export function decideDispute(order: Order, outcome: "won" | "lost", moment: Moment): Step | Refusal {
  const open = order.disputes.find((dispute) => dispute.status === "needs_response");
  if (!open) return refused("dispute_not_open", "There is no open dispute to decide.");
  const back = outcome === "won" ? [moment.mint("txn_")] : [];
  const decided: Dispute = {
    ...open,
    status: outcome,
    closedAt: moment.now,
    movementIds: [...open.movementIds, ...back],
  };
  return {
    order: { ...order, disputes: order.disputes.map((one) => (one.id === open.id ? decided : one)) },
    happened: [{ kind: "dispute_closed", disputeId: open.id }],
  };
}
