import { beijingDate } from "../../china/beijing.ts";
import { findRefund } from "../machine/refund.ts";
import type { Happening } from "../machine/trade.ts";
import type { BookEntry, Order } from "../model.ts";

/** The book's entry for what happened, where money moved; amounts are positive in both directions. */
export function bookEntryOf(order: Order, happening: Happening): BookEntry | undefined {
  if (happening.kind !== "paid" && happening.kind !== "refunded") return undefined;
  const trade = order.trade!;
  const payment = trade.payment!;
  const common = {
    sellerId: order.sellerId,
    appId: order.appId,
    tradeNo: trade.tradeNo,
    outTradeNo: order.outTradeNo,
    subject: order.subject,
    createdAt: trade.createdAt,
    storeId: order.storeId ?? "",
    operatorId: order.operatorId ?? "",
    terminalId: order.terminalId ?? "",
    buyer: payment.buyer.nameOnBill,
  };
  if (happening.kind === "paid") {
    return {
      ...common,
      id: `${order.id}/payment`,
      kind: "payment",
      date: beijingDate(payment.paidAt),
      outRequestNo: "",
      finishedAt: payment.paidAt,
      total: payment.total,
      receipt: payment.receipt,
      voucher: payment.voucher,
      fee: payment.fee,
    };
  }
  const refund = findRefund(order, happening.outRequestNo)!;
  return {
    ...common,
    id: `${order.id}/refund/${refund.outRequestNo}`,
    kind: "refund",
    date: beijingDate(refund.refundedAt),
    outRequestNo: refund.outRequestNo,
    finishedAt: refund.refundedAt,
    total: refund.amount,
    receipt: refund.receipt,
    voucher: refund.amount - refund.receipt,
    fee: refund.fee,
  };
}
