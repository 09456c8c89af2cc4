import { beijingDate } from "../../china/beijing.ts";
import type { Happening } from "../machine/order.ts";
import { findRefund } from "../machine/refund.ts";
import type { BookEntry, Order } from "../model.ts";

/**
 * The book's entry for what happened: a payment, or a refund or reversal on the day on which it was asked
 * for.
 */
export function bookEntryOf(order: Order, happening: Happening): BookEntry | undefined {
  if (happening.kind === "paid") {
    const payment = order.payment!;
    return {
      ...bookCommon(order, payment.paidAt),
      id: `${order.id}/payment`,
      kind: "payment",
      total: payment.total,
      settlement: payment.settlement,
      fee: payment.fee,
      refundId: "",
      outRefundNo: "",
      refundStatus: null,
      refundedAt: null,
    };
  }
  if (happening.kind === "revoked") return reversalOf(order);
  if (happening.kind !== "refund_asked") return undefined;
  const refund = findRefund(order, happening.outRefundNo)!;
  return {
    ...bookCommon(order, refund.createdAt),
    id: `${order.id}/refund/${refund.outRefundNo}`,
    kind: "refund",
    total: refund.amount,
    settlement: refund.settlement,
    fee: refund.fee,
    refundId: refund.refundId,
    outRefundNo: refund.outRefundNo,
    refundStatus: refund.status,
    refundedAt: null,
  };
}

/** What a reversal gave back; of an unpaid order there is nothing to tell. */
function reversalOf(order: Order): BookEntry | undefined {
  const { payment, code } = order;
  const at = code?.revokedAt;
  if (!payment || !at) return undefined;
  return {
    ...bookCommon(order, at),
    id: `${order.id}/reversal`,
    kind: "refund",
    total: payment.total,
    settlement: payment.settlement,
    fee: payment.fee,
    refundId: "",
    outRefundNo: "",
    refundStatus: "SUCCESS",
    refundedAt: at,
    revoked: true,
  };
}

/** What an entry says of its order. */
export function bookCommon(order: Order, at: Date) {
  const payment = order.payment!;
  return {
    mchid: order.mchid,
    subMchid: order.subMchid,
    appid: order.appid,
    date: beijingDate(at),
    at,
    orderId: order.id,
    outTradeNo: order.outTradeNo,
    transactionId: payment.transactionId,
    openid: payment.openid,
    scene: order.scene,
    bankType: payment.bankType,
    deviceId: order.deviceId ?? "",
    description: order.description,
    attach: order.attach ?? "",
    feeRateMillionths: order.feeRateMillionths,
  };
}
