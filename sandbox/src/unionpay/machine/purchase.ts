import { proportion } from "../../china/yuan.ts";
import type { Failure, Marks, Order, Payment } from "../model.ts";
import { type Refusal, type RespCode, refusal } from "../wire/resp-codes.ts";
import { clearingDate } from "../wire/time.ts";
import { voidOf } from "./follow-up.ts";

/** What happened to an order that the book or the merchant may have to be told. */
export type Happening = { kind: "paid" } | { kind: "reversed" } | { kind: "followed"; queryId: string };

/** The order after a step, and what the step made happen (nothing, for a repeat). */
export type Step = { order: Order; happened: Happening[] };

/** Why a buyer can do no more about an order; in the words of the wallet. */
export type Blocked = { blocked: "ORDERPAID" | "ORDER_CLOSED"; because: string };

export type OrderState =
  | "NOT_OPENED"
  | "UNPAID"
  | "AWAITS_PASSWORD"
  | "SUCCESS"
  | "FAILED"
  | "EXPIRED"
  | "REVERSED";

/** Where an order stands at an instant, in one word. */
export function stateOf(order: Order, now: Date): OrderState {
  if (order.reversedAt) return "REVERSED";
  if (order.payment) return "SUCCESS";
  if (order.failedAt) return "FAILED";
  if (now >= order.expiresAt) return "EXPIRED";
  if (order.code?.awaitsPassword) return "AWAITS_PASSWORD";
  return order.openedAt ? "UNPAID" : "NOT_OPENED";
}

/**
 * What a query says of the order; undefined where UnionPay knows of no transaction: nobody has tried to pay.
 */
export function queriedCode(order: Order, now: Date): RespCode | undefined {
  const state = stateOf(order, now);
  if (state === "SUCCESS") return "00";
  if (state === "REVERSED") return "01";
  if (state === "AWAITS_PASSWORD") return "05";
  if (!order.lastFailure) return order.code ? "01" : undefined;
  // A failed try does not end an order that the buyer can still pay in another way.
  return state === "FAILED" || state === "EXPIRED" ? (order.lastFailure.code as RespCode) : "05";
}

/** The buyer opens the order; what is paid is shown as it is. */
export function openOrder(order: Order, now: Date): Step | Blocked {
  if (order.payment && !order.reversedAt) return { order, happened: [] };
  const blocked = blockedBy(order, now);
  if (blocked) return blocked;
  return { order: { ...order, openedAt: order.openedAt ?? now, abandonedAt: null }, happened: [] };
}

export type Paying = {
  now: Date;
  total: bigint;
  accNo: string;
  marks: Marks;
  /** Whether what is over is paid all the same: what a channel's races look like from outside. */
  evenOver: boolean;
};

/** The buyer pays. */
export function payOrder(order: Order, paying: Paying): Step | Blocked {
  const blocked = blockedBy(order, paying.now);
  if (blocked && (order.payment || !paying.evenOver)) return blocked;
  const { total, accNo, now } = paying;
  const payment: Payment = {
    total,
    fee: proportion(total, order.feeRateMillionths, 1_000_000n),
    paidAt: now,
    accNo,
  };
  const paid: Order = {
    ...order,
    openedAt: order.openedAt ?? now,
    abandonedAt: null,
    lastFailure: null,
    failedAt: null,
    reversedAt: null,
    code: withoutPassword(order.code),
    marks: order.marks ?? paying.marks,
    payment,
  };
  return { order: paid, happened: [{ kind: "paid" }] };
}

/** The buyer could not pay. A payment code is used up by it; any other order can still be paid. */
export function failOrder(order: Order, failure: Failure, now: Date): Step | Blocked {
  const blocked = blockedBy(order, now);
  if (blocked) return blocked;
  const failed = { ...order, lastFailure: failure, openedAt: order.openedAt ?? now };
  if (!order.code) return { order: failed, happened: [] };
  return { order: { ...failed, failedAt: now, code: withoutPassword(order.code) }, happened: [] };
}

/**
 * 冲正: takes a payment code's order back, whatever became of it, on the clearing day on which it was placed.
 * A repeat answers the same.
 */
export function reverseOrder(order: Order, now: Date): Step | Refusal {
  if (order.scene !== "code") return refusal("39", "only a payment code is reversed");
  if (order.reversedAt) return { order, happened: [] };
  if (clearingDate(order.placedAt) !== clearingDate(now)) return refusal("39", "the clearing day is over");
  if (voidOf(order)) return refusal("35", "the order is void");
  return {
    order: { ...order, reversedAt: now, code: withoutPassword(order.code) },
    happened: order.payment ? [{ kind: "reversed" }] : [],
  };
}

function blockedBy(order: Order, now: Date): Blocked | undefined {
  const over = (because: string): Blocked => ({ blocked: "ORDER_CLOSED", because });
  switch (stateOf(order, now)) {
    case "SUCCESS":
      return { blocked: "ORDERPAID", because: "This order is already paid." };
    case "REVERSED":
      return over("The shop has taken this order back.");
    case "FAILED":
      return over("This payment code has failed and is used up.");
    case "EXPIRED":
      return over("The time to pay this order is over.");
    default:
      return undefined;
  }
}

function withoutPassword(code: Order["code"]): Order["code"] {
  return code && { ...code, awaitsPassword: false };
}
