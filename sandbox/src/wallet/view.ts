import { type Order, refundedOf } from "../alipay/index.ts";
import type { TradeView } from "./channel.ts";

/** A trade as the wallet shows it; amounts in fen. An order that nobody opened has the status NOT_OPENED. */
export function viewTrade(order: Order): TradeView {
  const { trade } = order;
  const payment = trade?.payment ?? null;
  return {
    channel: "alipay",
    token: order.token,
    scene: order.scene,
    out_trade_no: order.outTradeNo,
    trade_no: trade?.tradeNo ?? null,
    subject: order.subject,
    merchant: order.merchantName,
    amount: Number(payment?.total ?? order.total),
    currency: "CNY",
    status: trade?.status ?? "NOT_OPENED",
    awaits_password: trade?.awaitsPassword ?? false,
    abandoned: order.abandonedAt !== null,
    last_failure: trade?.lastFailure ?? null,
    buyer: payment ? { id: payment.buyer.userId, logon_id: payment.buyer.logonId } : null,
    paid_amount: payment ? Number(payment.receipt) : null,
    voucher_amount: payment ? Number(payment.voucher) : null,
    amount_refunded: Number(refundedOf(order)),
    refunds: order.refunds.map((refund) => ({
      out_request_no: refund.outRequestNo,
      amount: Number(refund.amount),
      by: refund.by,
      refunded_at: refund.refundedAt.toISOString(),
    })),
    created_at: (trade?.createdAt ?? order.placedAt).toISOString(),
    paid_at: payment?.paidAt.toISOString() ?? null,
    closed_at: trade?.closedAt?.toISOString() ?? null,
    expires_at: order.expiresAt.toISOString(),
    quit_url: order.quitUrl,
  };
}
