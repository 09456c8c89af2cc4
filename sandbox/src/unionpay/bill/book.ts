import { findFollowUp } from "../machine/follow-up.ts";
import type { Happening } from "../machine/purchase.ts";
import type { BookEntry, Order } from "../model.ts";
import { clearingDate } from "../wire/time.ts";

/** The id of an order's payment in the book; a reversal takes it out again. */
export function paymentEntryId(order: Order): string {
  return `${order.id}/payment`;
}

/** The book's entry for a payment, a refund or a void. */
export function bookEntryOf(order: Order, happening: Happening): BookEntry | undefined {
  if (happening.kind === "reversed") return undefined;
  const payment = order.payment!;
  const followUp = happening.kind === "followed" ? findFollowUp(order, happening.queryId)! : null;
  const moved = followUp ?? { ...order, kind: "payment" as const, amount: payment.total, fee: payment.fee };
  const marks = moved.marks!;
  return {
    id: followUp ? `${order.id}/${marks.queryId}` : paymentEntryId(order),
    merId: order.merId,
    date: clearingDate(marks.at),
    kind: moved.kind,
    marks,
    amount: moved.amount,
    fee: moved.fee,
    orderId: moved.orderId,
    txnTime: moved.txnTime,
    txnType: moved.txnType,
    txnSubType: moved.txnSubType,
    bizType: moved.bizType,
    accessType: moved.accessType,
    channelType: moved.channelType,
    backUrl: moved.backUrl,
    reqReserved: moved.reqReserved,
    accNo: payment.accNo,
    categoryCode: order.categoryCode,
    termId: order.termId,
    outTradeNo: order.orderId,
    original: followUp ? { ...order.marks!, orderId: order.orderId } : null,
  };
}
