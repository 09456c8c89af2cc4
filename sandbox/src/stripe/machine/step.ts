import type { Account, Charge, Order } from "../model.ts";

/** What happened to an order that somebody may have to be told, or that moves money. */
export type Happening =
  | { kind: "intent_created" }
  | { kind: "action_required" }
  | { kind: "processing" }
  | { kind: "charge_failed"; chargeId: string }
  | { kind: "charge_succeeded"; chargeId: string }
  | { kind: "payment_failed" }
  | { kind: "paid" }
  | { kind: "canceled" }
  | { kind: "session_completed" }
  | { kind: "session_paid_late" }
  | { kind: "session_expired" }
  | { kind: "refund_created"; refundId: string }
  | { kind: "refund_updated"; refundId: string }
  | { kind: "refund_failed"; refundId: string }
  | { kind: "dispute_created"; disputeId: string }
  | { kind: "dispute_closed"; disputeId: string };

/** The order after a step, and what the step made happen (nothing, for a repeat). */
export type Step = { order: Order; happened: Happening[] };

/** What a step decides by besides the order: the instant, the contract, and fresh ids by their prefix. */
export type Moment = { now: Date; account: Account; mint: (prefix: string) => string };

/** The charge that took the money. */
export function paidCharge(order: Order): Charge | undefined {
  return order.charges.find((charge) => charge.status === "succeeded");
}

/** What Stripe keeps of a charge: a share, half up, and a fixed part; never more than the charge. */
export function feeOf(account: Account, amount: bigint): bigint {
  const share = (2n * amount * account.feeRateMillionths + 1_000_000n) / 2_000_000n;
  const fee = share + account.feeFixed;
  return fee < amount ? fee : amount;
}
