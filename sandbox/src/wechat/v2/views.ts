import { formatBeijing } from "../../china/beijing.ts";
import type { Order } from "../model.ts";
import { tradeTypeOf } from "../views.ts";
import type { V2Fields } from "./xml.ts";

/** A paid order as API v2 tells it; an unpaid one has nothing of this. */
export function paidFields(order: Order): V2Fields {
  const { payment, attach, deviceId } = order;
  if (!payment) return {};
  return {
    ...(deviceId !== null && { device_info: deviceId }),
    ...(order.payerField === "sub_openid" ? { sub_openid: payment.openid } : { openid: payment.openid }),
    is_subscribe: "N",
    trade_type: tradeTypeOf(order),
    bank_type: payment.bankType,
    fee_type: "CNY",
    total_fee: String(payment.total),
    ...(payment.coupon > 0n && {
      settlement_total_fee: String(payment.settlement),
      coupon_fee: String(payment.coupon),
    }),
    cash_fee_type: "CNY",
    cash_fee: String(payment.settlement),
    transaction_id: payment.transactionId,
    out_trade_no: order.outTradeNo,
    ...(attach !== null && { attach }),
    time_end: formatBeijing(payment.paidAt).replace(/\D/g, ""),
  };
}
