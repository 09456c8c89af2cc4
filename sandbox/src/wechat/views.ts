import { stateSentence, tradeStateOf } from "./machine/order.ts";
import type { Order, Payment, Refund } from "./model.ts";
import { formatRfc3339 } from "./wire/time.ts";

const tradeTypes = { native: "NATIVE", jsapi: "JSAPI", app: "APP", h5: "MWEB", code: "MICROPAY" } as const;

/** 交易类型 as queries, notifications and bills spell it. */
export function tradeTypeOf(order: Pick<Order, "scene">): string {
  return tradeTypes[order.scene];
}

/**
 * A transaction as a query answers it and a notification carries it. What is absent is left out, never null.
 */
export function viewTransaction(order: Order): Record<string, unknown> {
  const { payment } = order;
  const state = tradeStateOf(order);
  return {
    ...names(order),
    out_trade_no: order.outTradeNo,
    ...(payment && {
      transaction_id: payment.transactionId,
      trade_type: tradeTypeOf(order),
      bank_type: payment.bankType,
      success_time: formatRfc3339(payment.paidAt),
    }),
    trade_state: state,
    trade_state_desc: stateSentence(state),
    ...(order.attach !== null && { attach: order.attach }),
    ...(payment && { payer: { [order.payerField]: payment.openid } }),
    amount: payment
      ? {
          total: Number(payment.total),
          payer_total: Number(payment.settlement),
          currency: "CNY",
          payer_currency: "CNY",
        }
      : { total: Number(order.total), currency: "CNY" },
    ...(payment && payment.coupon > 0n && { promotion_detail: [couponOf(payment, Number(payment.coupon))] }),
  };
}

/** A refund as its creation and its query answer it. */
export function viewRefund(order: Order, refund: Refund): Record<string, unknown> {
  const payment = order.payment!;
  const discount = refund.amount - refund.settlement;
  return {
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    transaction_id: payment.transactionId,
    out_trade_no: order.outTradeNo,
    channel: "ORIGINAL",
    user_received_account: receivedAccount,
    ...(refund.status === "SUCCESS" && { success_time: formatRfc3339(refund.settlesAt) }),
    create_time: formatRfc3339(refund.createdAt),
    status: refund.status,
    funds_account: "AVAILABLE",
    amount: {
      total: Number(payment.total),
      refund: Number(refund.amount),
      from: [],
      payer_total: Number(payment.settlement),
      payer_refund: Number(refund.settlement),
      settlement_refund: Number(refund.settlement),
      settlement_total: Number(payment.settlement),
      discount_refund: Number(discount),
      currency: "CNY",
      refund_fee: Number(refund.fee),
    },
    promotion_detail: discount > 0n ? [refundedCouponOf(payment, Number(discount))] : [],
  };
}

/** A refund as a notification carries it. */
export function viewRefundTold(order: Order, refund: Refund): Record<string, unknown> {
  const payment = order.payment!;
  return {
    ...(order.subMchid === null
      ? { mchid: order.mchid }
      : { sp_mchid: order.mchid, sub_mchid: order.subMchid }),
    transaction_id: payment.transactionId,
    out_trade_no: order.outTradeNo,
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    refund_status: refund.status,
    ...(refund.status === "SUCCESS" && { success_time: formatRfc3339(refund.settlesAt) }),
    user_received_account: receivedAccount,
    amount: {
      total: Number(payment.total),
      refund: Number(refund.amount),
      payer_total: Number(payment.settlement),
      payer_refund: Number(refund.settlement),
    },
  };
}

const receivedAccount = "支付用户零钱";

function names(order: Order): Record<string, string> {
  if (order.subMchid === null) return { appid: order.appid, mchid: order.mchid };
  return {
    sp_appid: order.appid,
    sp_mchid: order.mchid,
    sub_mchid: order.subMchid,
    ...(order.subAppid !== null && { sub_appid: order.subAppid }),
  };
}

/** The coupon as the merchant's own: 免充值, so that it is settled neither. */
function couponOf(payment: Payment, value: number): Record<string, unknown> {
  return {
    coupon_id: payment.transactionId.slice(-12),
    name: "商家优惠券",
    scope: "GLOBAL",
    type: "NOCASH",
    amount: value,
    stock_id: payment.transactionId.slice(-8),
    wechatpay_contribute: 0,
    merchant_contribute: value,
    other_contribute: 0,
    currency: "CNY",
  };
}

function refundedCouponOf(payment: Payment, value: number): Record<string, unknown> {
  return {
    promotion_id: payment.transactionId.slice(-12),
    scope: "GLOBAL",
    type: "DISCOUNT",
    amount: Number(payment.coupon),
    refund_amount: value,
  };
}
