import { beijingDate, dayMs } from "../../china/beijing.ts";
import { proportion } from "../../china/yuan.ts";
import type { Buyer, Order, Payment, Trade } from "../model.ts";
import { refundedOf, refundRest } from "./refund.ts";
import { type Refusal, refusal } from "./refusals.ts";

/** What happened to an order that somebody may have to be told. */
export type Happening =
  | { kind: "paid" }
  | { kind: "closed" }
  | { kind: "finished" }
  | { kind: "refunded"; outRequestNo: string }
  | { kind: "deposit_back"; outRequestNo: string };

/** The order after a step, and what the step made happen (nothing, for a repeat). */
export type Step = { order: Order; happened: Happening[] };

/** A trade that was paid can be refunded for this long; then it is TRADE_FINISHED. */
export const refundWindowMs = 365 * dayMs;

/**
 * The order as it is at `now`: an unpaid trade past its time is closed, a paid one past its refund window
 * finished.
 */
export function settleTime(order: Order, now: Date): Step {
  const trade = order.trade;
  if (trade?.status === "WAIT_BUYER_PAY" && now >= order.expiresAt) {
    return closedWith(order, trade, "expiry", order.expiresAt);
  }
  if (
    trade?.status === "TRADE_SUCCESS" &&
    now.getTime() >= trade.payment!.paidAt.getTime() + refundWindowMs
  ) {
    return {
      order: withTrade(order, { ...trade, status: "TRADE_FINISHED" }),
      happened: [{ kind: "finished" }],
    };
  }
  return { order, happened: [] };
}

/** Makes the trade of an order that has none yet: a buyer opened it, or Alipay was asked to create it. */
export function openTrade(
  order: Order,
  tradeNo: string,
  now: Date,
  authCode: string | null = null,
): Step | Refusal {
  if (order.trade) return { order, happened: [] };
  const codeOver = order.qrExpiresAt !== null && now >= order.qrExpiresAt;
  if (codeOver || now >= order.expiresAt) return refusal("ACQ.TRADE_HAS_CLOSE", "the code is past its time");
  const trade: Trade = {
    tradeNo,
    status: "WAIT_BUYER_PAY",
    createdAt: now,
    authCode,
    awaitsPassword: false,
    lastFailure: null,
    closedAt: null,
    closedBy: null,
    payment: null,
  };
  return { order: withTrade({ ...order, abandonedAt: null }, trade), happened: [] };
}

export type Paying = {
  buyer: Buyer;
  now: Date;
  /** Fen of the total that the seller pays by voucher. */
  voucher: bigint;
  /** What the buyer really pays for; the order's total unless a fault says otherwise. */
  total: bigint;
};

/** The buyer pays an open trade. */
export function payTrade(order: Order, paying: Paying): Step | Refusal {
  const blocked = unpaidRefusal(order);
  if (blocked) return blocked;
  return paid(order, order.trade!, paying);
}

/**
 * The buyer's money arrives although the trade is closed: what a channel's races look like from outside.
 * Refused only where no trade exists or one is paid already.
 */
export function payClosedTrade(order: Order, paying: Paying): Step | Refusal {
  if (!order.trade) return refusal("ACQ.TRADE_NOT_EXIST");
  if (order.trade.payment) return refusal("ACQ.TRADE_HAS_SUCCESS");
  return paid(order, { ...order.trade, closedAt: null, closedBy: null }, paying);
}

/**
 * The buyer could not pay. A payment code is used up by it; any other trade can still be paid in another way.
 */
export function failTrade(order: Order, reason: string, now: Date): Step | Refusal {
  const blocked = unpaidRefusal(order);
  if (blocked) return blocked;
  const trade = { ...order.trade!, awaitsPassword: false, lastFailure: reason };
  if (order.scene === "code") return closedWith(order, trade, "refusal", now);
  return { order: withTrade(order, trade), happened: [] };
}

/** alipay.trade.close: only a trade that waits for its buyer can be closed. */
export function closeTrade(order: Order, now: Date): Step | Refusal {
  if (!order.trade) return refusal("ACQ.TRADE_NOT_EXIST");
  if (order.trade.status !== "WAIT_BUYER_PAY") return refusal("ACQ.TRADE_STATUS_ERROR");
  return closedWith(order, order.trade, "close", now);
}

export type CancelAction = "close" | "refund";

/**
 * alipay.trade.cancel: closes what is unpaid, gives back in full what is paid; repeating it repeats the
 * answer.
 * `action` is null where there is no trade. Only on the Beijing day on which the trade was created.
 */
export function cancelTrade(order: Order, now: Date): (Step & { action: CancelAction | null }) | Refusal {
  const trade = order.trade;
  if (!trade) return { order, happened: [], action: null };
  if (trade.status === "TRADE_CLOSED") {
    return { order, happened: [], action: trade.payment ? "refund" : "close" };
  }
  if (trade.status === "TRADE_FINISHED") return refusal("ACQ.TRADE_HAS_FINISHED");
  if (beijingDate(trade.createdAt) !== beijingDate(now)) return refusal("ACQ.TRADE_CANCEL_TIME_OUT");
  if (!trade.payment) return { ...closedWith(order, trade, "cancel", now), action: "close" };
  return { ...refundRest(order, "cancel", `cancel${order.outTradeNo}`, now), action: "refund" };
}

/** Why the trade cannot be paid now, if it cannot. */
function unpaidRefusal(order: Order): Refusal | undefined {
  if (!order.trade) return refusal("ACQ.TRADE_NOT_EXIST");
  if (order.trade.payment) {
    return refusal(refundedOf(order) > 0n ? "ACQ.TRADE_STATUS_ERROR" : "ACQ.TRADE_HAS_SUCCESS");
  }
  if (order.trade.status === "TRADE_CLOSED") return refusal("ACQ.TRADE_HAS_CLOSE");
  return undefined;
}

function paid(order: Order, trade: Trade, paying: Paying): Step | Refusal {
  if (paying.total <= 0n || paying.voucher < 0n || paying.voucher >= paying.total) {
    return refusal("ACQ.INVALID_PARAMETER", "a voucher covers less than the total");
  }
  const receipt = paying.total - paying.voucher;
  const payment: Payment = {
    paidAt: paying.now,
    buyer: paying.buyer,
    total: paying.total,
    voucher: paying.voucher,
    receipt,
    fee: proportion(receipt, order.feeRateMillionths, 1_000_000n),
  };
  const next: Trade = {
    ...trade,
    status: "TRADE_SUCCESS",
    awaitsPassword: false,
    lastFailure: null,
    payment,
  };
  return { order: withTrade({ ...order, abandonedAt: null }, next), happened: [{ kind: "paid" }] };
}

function closedWith(order: Order, trade: Trade, closedBy: Trade["closedBy"], now: Date): Step {
  const closed: Trade = { ...trade, status: "TRADE_CLOSED", awaitsPassword: false, closedAt: now, closedBy };
  return { order: withTrade(order, closed), happened: [{ kind: "closed" }] };
}

function withTrade(order: Order, trade: Trade): Order {
  return { ...order, trade };
}
