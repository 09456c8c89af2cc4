import { dayMs } from "../../china/beijing.ts";
import { proportion } from "../../china/yuan.ts";
import type { Order, Refund } from "../model.ts";
import { isSplitting } from "../sharing/machine.ts";
import { type Refusal, refusal } from "../wire/refusals.ts";
import type { Step } from "./order.ts";

/** A payment can be refunded for this long, in at most this many parts. */
export const refundWindowMs = 365 * dayMs;
export const refundPartsMax = 50;

/** How long a refund is under way. */
export const refundDelayMs = 500;

export type RefundAsked = {
  outRefundNo: string;
  refundId: string;
  amount: bigint;
  /** The order's total as the merchant believes it to be. */
  total: bigint;
  reason: string | null;
  notifyUrl: string | null;
  now: Date;
  outcome: Refund["outcome"];
  settlesAt: Date;
};

/** What was given back or is on its way, in fen of the total; a closed refund gave nothing. */
export function refundedOf(order: Order): bigint {
  // A reversal gives all.
  if (order.code?.revokedAt) return order.payment?.total ?? 0n;
  return standing(order).reduce((sum, refund) => sum + refund.amount, 0n);
}

export function findRefund(order: Order, outRefundNo: string): Refund | undefined {
  return order.refunds.find((refund) => refund.outRefundNo === outRefundNo);
}

/**
 * Begins to give back part or all of what was paid. The refund number makes it idempotent: a repeat with the
 * same amounts changes nothing and happens as nothing, another is refused.
 */
export function refundOrder(order: Order, asked: RefundAsked): Step | Refusal {
  const { payment } = order;
  if (!payment) return refusal("INVALID_REQUEST", "订单未支付");
  if (order.code?.revokedAt) return refusal("INVALID_REQUEST", "订单已撤销");
  if (asked.total !== payment.total) return refusal("INVALID_REQUEST", inconsistent);
  const before = findRefund(order, asked.outRefundNo);
  if (before) {
    return before.amount === asked.amount
      ? { order, happened: [] }
      : refusal("INVALID_REQUEST", inconsistent);
  }
  if (isSplitting(order, asked.now)) return refusal("INVALID_REQUEST", "订单正在分账，请稍后再试");
  if (asked.now.getTime() >= payment.paidAt.getTime() + refundWindowMs) {
    return refusal("INVALID_REQUEST", "订单已经超过退款期限");
  }
  const refunded = refundedOf(order) + asked.amount;
  if (refunded > payment.total) return refusal("INVALID_REQUEST", "累计退款金额大于订单支付金额");
  if (standing(order).length >= refundPartsMax) return refusal("INVALID_REQUEST", "单笔订单退款次数超过限制");

  const refund: Refund = {
    outRefundNo: asked.outRefundNo,
    refundId: asked.refundId,
    amount: asked.amount,
    ...sharesOf(order, refunded),
    reason: asked.reason,
    notifyUrl: asked.notifyUrl,
    status: "PROCESSING",
    createdAt: asked.now,
    outcome: asked.outcome,
    settlesAt: asked.settlesAt,
  };
  return {
    order: { ...order, refunds: [...order.refunds, refund] },
    happened: [{ kind: "refund_asked", outRefundNo: asked.outRefundNo }],
  };
}

const inconsistent = "订单金额或退款金额与之前请求不一致，请核实后再试";

/**
 * Once the total refunded is `refunded`, what this last part gives back of the settled amount and of the fee,
 * so that all parts add up.
 */
function sharesOf(order: Order, refunded: bigint): { settlement: bigint; fee: bigint } {
  const payment = order.payment!;
  const sum = (field: "settlement" | "fee") =>
    standing(order).reduce((total, refund) => total + refund[field], 0n);
  return {
    settlement: proportion(payment.settlement, refunded, payment.total) - sum("settlement"),
    fee: proportion(payment.fee, refunded, payment.total) - sum("fee"),
  };
}

function standing(order: Order): Refund[] {
  return order.refunds.filter((refund) => refund.status !== "CLOSED");
}
