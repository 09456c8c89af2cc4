import { dayMs } from "../../china/beijing.ts";
import { proportion } from "../../china/yuan.ts";
import type { Handle, Order, Payment } from "../model.ts";
import { type Refusal, refusal } from "../wire/refusals.ts";

/** What happened to an order that somebody may have to be told. */
export type Happening =
  | { kind: "paid" }
  | { kind: "closed" }
  | { kind: "revoked" }
  | { kind: "refund_asked"; outRefundNo: string }
  | { kind: "refund_ended"; outRefundNo: string };

/** The order after a step, and what the step made happen (nothing, for a repeat). */
export type Step = { order: Order; happened: Happening[] };

export type TradeState = "NOTPAY" | "USERPAYING" | "SUCCESS" | "REFUND" | "CLOSED" | "REVOKED" | "PAYERROR";

/** An unpaid order is closed after this, whatever its time_expire says. */
export const lifetimeMaxMs = 7 * dayMs;

const openStates = {
  NOTPAY: "订单未支付",
  USERPAYING: "需要用户输入支付密码",
  SUCCESS: "支付成功",
  REFUND: "订单发生过退款",
  CLOSED: "订单已关闭",
  REVOKED: "订单已撤销",
  PAYERROR: "支付失败",
};

/** Where the order stands, in WeChat's words. A refund counts from the moment it was asked for. */
export function tradeStateOf(order: Order): TradeState {
  if (order.code?.revokedAt) return "REVOKED";
  if (order.payment) return order.refunds.length > 0 ? "REFUND" : "SUCCESS";
  if (order.closedAt) return order.code && order.lastFailure !== null ? "PAYERROR" : "CLOSED";
  return order.code?.awaitsPassword ? "USERPAYING" : "NOTPAY";
}

export function stateSentence(state: TradeState): string {
  return openStates[state];
}

/**
 * The order as it is at `now`: an unpaid one past its time is closed, refunds past their delay have ended.
 */
export function settleTime(order: Order, now: Date): Step {
  let next = order;
  const happened: Happening[] = [];
  if (!order.payment && !order.closedAt && now >= order.expiresAt) {
    next = { ...next, closedAt: order.expiresAt };
    happened.push({ kind: "closed" });
  }
  const ended = order.refunds.filter((one) => one.status === "PROCESSING" && now >= one.settlesAt);
  if (ended.length > 0) {
    const refunds = next.refunds.map((one) => (ended.includes(one) ? { ...one, status: one.outcome } : one));
    next = { ...next, refunds };
    for (const { outRefundNo } of ended) happened.push({ kind: "refund_ended", outRefundNo });
  }
  return { order: next, happened };
}

/**
 * The same number asked for again: the same answer for the same parameters (a new handle where the old one
 * is past its time), else a refusal.
 */
export function placeAgain(
  known: Order,
  asked: { parameters: string; handle: Handle },
  now: Date,
): { order: Order } | Refusal {
  if (known.payment) return refusal("ORDERPAID");
  if (known.closedAt) return refusal("ORDER_CLOSED");
  if (known.parameters !== asked.parameters) {
    return refusal("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
  }
  const goodUntil = known.handle.h5ExpiresAt ?? known.handle.expiresAt;
  return { order: now < goodUntil ? known : { ...known, handle: asked.handle } };
}

/** The buyer opens what he has in hand: possible until its time is over. Opening again changes nothing. */
export function openOrder(order: Order, byH5: boolean, now: Date): Step | Refusal {
  if (order.payment || order.openedAt) return { order: { ...order, abandonedAt: null }, happened: [] };
  if (order.closedAt) return refusal("ORDER_CLOSED");
  const { expiresAt, h5ExpiresAt } = order.handle;
  if (now >= (byH5 && h5ExpiresAt ? h5ExpiresAt : expiresAt))
    return refusal("ORDER_CLOSED", "链接或二维码已过期");
  return { order: { ...order, openedAt: now, abandonedAt: null }, happened: [] };
}

export type Paying = {
  now: Date;
  transactionId: string;
  openid: string;
  /** What the buyer really pays for; the order's total unless a fault says otherwise. */
  total: bigint;
  coupon: bigint;
  /** Whether a closed order is paid all the same: what a channel's races look like from outside. */
  evenClosed: boolean;
};

/** The buyer pays. */
export function payOrder(order: Order, paying: Paying): Step | Refusal {
  if (order.payment) return refusal("ORDERPAID");
  if (order.closedAt && !paying.evenClosed) return refusal("ORDER_CLOSED");
  const { total, coupon } = paying;
  if (total <= 0n || coupon < 0n || coupon >= total) {
    return refusal("PARAM_ERROR", "a coupon covers less than the total");
  }
  const settlement = total - coupon;
  const payment: Payment = {
    transactionId: paying.transactionId,
    paidAt: paying.now,
    openid: paying.openid,
    bankType: "OTHERS",
    total,
    coupon,
    settlement,
    fee: proportion(settlement, order.feeRateMillionths, 1_000_000n),
  };
  const code = order.code && { ...order.code, awaitsPassword: false, revokedAt: null };
  const next: Order = {
    ...order,
    ...(code && { code }),
    payment,
    closedAt: null,
    abandonedAt: null,
    lastFailure: null,
  };
  return { order: next, happened: [{ kind: "paid" }] };
}

/** The buyer could not pay; the order stays open, unless it was a payment code. */
export function failOrder(order: Order, reason: string, now: Date): Step | Refusal {
  if (order.payment) return refusal("ORDERPAID");
  if (order.closedAt) return refusal("ORDER_CLOSED");
  const failed = { ...order, lastFailure: reason };
  if (!order.code) return { order: failed, happened: [] };
  return { order: { ...failed, closedAt: now }, happened: [{ kind: "closed" }] };
}

/** The merchant closes; closing what is closed changes nothing. */
export function closeOrder(order: Order, now: Date): Step | Refusal {
  if (order.payment) return refusal("ORDERPAID");
  if (order.closedAt) return { order, happened: [] };
  return { order: { ...order, closedAt: now }, happened: [{ kind: "closed" }] };
}
