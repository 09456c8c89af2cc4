import { proportion } from "../../china/yuan.ts";
import type { Order, Refund } from "../model.ts";
import { type Refusal, refusal } from "./refusals.ts";
import type { Step } from "./trade.ts";

export type RefundAsked = {
  outRequestNo: string;
  amount: bigint;
  reason: string | null;
  now: Date;
  by: Refund["by"];
  depositBack: Refund["depositBack"];
};

/** What was refunded of the order so far, in fen of its total. */
export function refundedOf(order: Order): bigint {
  return order.refunds.reduce((sum, refund) => sum + refund.amount, 0n);
}

/** The refund with this request number. */
export function findRefund(order: Order, outRequestNo: string): Refund | undefined {
  return order.refunds.find((refund) => refund.outRequestNo === outRequestNo);
}

/**
 * Gives back part or all of what was paid. The request number makes it idempotent: a repeat with the same
 * amount changes nothing and happens as nothing, one with another amount is refused.
 */
export function refundTrade(order: Order, asked: RefundAsked): Step | Refusal {
  const trade = order.trade;
  if (!trade) return refusal("ACQ.TRADE_NOT_EXIST");
  const before = findRefund(order, asked.outRequestNo);
  if (before) {
    return before.amount === asked.amount
      ? { order, happened: [] }
      : refusal("ACQ.DISCORDANT_REPEAT_REQUEST");
  }
  if (trade.status === "TRADE_FINISHED") return refusal("ACQ.TRADE_HAS_FINISHED");
  if (!trade.payment) return refusal("ACQ.TRADE_STATUS_ERROR");
  if (trade.status === "TRADE_CLOSED") return refusal("ACQ.TRADE_HAS_CLOSE");
  const refunded = refundedOf(order);
  if (asked.amount <= 0n) return refusal("ACQ.INVALID_PARAMETER", "refund_amount");
  if (refunded + asked.amount > trade.payment.total) return refusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");

  const refund: Refund = {
    outRequestNo: asked.outRequestNo,
    amount: asked.amount,
    ...sharesOf(order, refunded + asked.amount),
    reason: asked.reason,
    by: asked.by,
    refundedAt: asked.now,
    depositBack: asked.depositBack,
  };
  const full = refunded + asked.amount === trade.payment.total;
  return {
    order: {
      ...order,
      trade: full ? { ...trade, status: "TRADE_CLOSED", closedAt: asked.now, closedBy: "refund" } : trade,
      refunds: [...order.refunds, refund],
    },
    happened: [{ kind: "refunded", outRequestNo: asked.outRequestNo }],
  };
}

/** Gives back all that is left of a paid trade. */
export function refundRest(order: Order, by: Refund["by"], outRequestNo: string, now: Date): Step {
  const amount = order.trade!.payment!.total - refundedOf(order);
  const step = refundTrade(order, { outRequestNo, amount, reason: null, now, by, depositBack: null });
  return "refused" in step ? { order, happened: [] } : step;
}

/**
 * Once the total refunded is `refunded`, what this last part gives back of the receipt and of the fee, so
 * that all parts add up.
 */
function sharesOf(order: Order, refunded: bigint): { receipt: bigint; fee: bigint } {
  const payment = order.trade!.payment!;
  const receipts = order.refunds.reduce((sum, refund) => sum + refund.receipt, 0n);
  const fees = order.refunds.reduce((sum, refund) => sum + refund.fee, 0n);
  return {
    receipt: proportion(payment.receipt, refunded, payment.total) - receipts,
    fee: proportion(payment.fee, refunded, payment.total) - fees,
  };
}
