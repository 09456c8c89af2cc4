import {
  abandonWithWechat,
  failWithWechat,
  isWechatCode,
  openInWallet,
  payWithWechat,
  tradeStateOf,
  type WechatDeps,
  type WechatOrder,
  wechatAsOfNow,
  wechatOrderOfToken,
  wechatOrders,
  wechatRefundedOf,
  wechatReturnUrl,
} from "../wechat/index.ts";
import { type TradeView, tokenIn, type WalletChannel } from "./channel.ts";

/** WeChat Pay in the wallet. */
export function wechatInWallet(deps: WechatDeps): WalletChannel {
  return {
    name: "wechat",
    recognises: async (code) =>
      isWechatCode(code) || (await wechatOrderOfToken(deps, tokenIn(code))) !== undefined,
    scan: async ({ code, buyer }) => viewOrder(await openInWallet(deps, code, buyer)),
    pay: async ({ voucher: coupon, ...asked }) => {
      const { order, redirectUrl } = await payWithWechat(deps, { ...asked, coupon });
      return { trade: viewOrder(order), redirectUrl };
    },
    fail: async (held, reason) => viewOrder(await failWithWechat(deps, held, reason ?? "余额不足")),
    abandon: async (code) => viewOrder(await abandonWithWechat(deps, code)),
    ofToken: async (token) => {
      const order = await wechatOrderOfToken(deps, token);
      return order && { trade: viewOrder(order), redirectUrl: wechatReturnUrl(order) };
    },
    list: async (limit, cursor) => {
      const page = await deps.store.list(wechatOrders, { limit, cursor });
      const trades = page.records.map((order) => ({
        placedAt: order.placedAt,
        view: viewOrder(wechatAsOfNow(deps, order)),
      }));
      return { trades, cursor: page.cursor };
    },
  };
}

/** An order as the wallet shows it; `status` is WeChat Pay's trade_state. */
function viewOrder(order: WechatOrder): TradeView {
  const { payment, handle } = order;
  const payableUntil = order.openedAt ? order.expiresAt : (handle.h5ExpiresAt ?? handle.expiresAt);
  return {
    channel: "wechat",
    token: order.token,
    scene: order.scene,
    out_trade_no: order.outTradeNo,
    trade_no: payment?.transactionId ?? null,
    subject: order.description,
    merchant: order.merchantName,
    amount: Number(payment?.total ?? order.total),
    currency: "CNY",
    status: tradeStateOf(order),
    awaits_password: tradeStateOf(order) === "USERPAYING",
    abandoned: order.abandonedAt !== null,
    last_failure: order.lastFailure,
    buyer: payment ? { id: payment.openid, logon_id: payment.openid } : null,
    paid_amount: payment ? Number(payment.settlement) : null,
    voucher_amount: payment ? Number(payment.coupon) : null,
    amount_refunded: Number(wechatRefundedOf(order)),
    refunds: order.refunds.map((refund) => ({
      out_request_no: refund.outRefundNo,
      amount: Number(refund.amount),
      by: "merchant",
      status: refund.status,
      refunded_at: refund.settlesAt.toISOString(),
    })),
    created_at: order.placedAt.toISOString(),
    paid_at: payment?.paidAt.toISOString() ?? null,
    closed_at: order.closedAt?.toISOString() ?? null,
    expires_at: payableUntil.toISOString(),
    quit_url: null,
  };
}
