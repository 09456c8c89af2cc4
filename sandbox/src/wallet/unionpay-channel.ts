import {
  abandonWithUnionpay,
  failWithUnionpay,
  isUnionpayCode,
  openWithUnionpay,
  payWithUnionpay,
  type UnionpayDeps,
  type UnionpayOrder,
  unionpayOrderOfToken,
  unionpayOrders,
  unionpayRefundedOf,
  unionpayReturnUrl,
  unionpayStateOf,
} from "../unionpay/index.ts";
import { type TradeView, tokenIn, type WalletChannel } from "./channel.ts";

/** UnionPay in the wallet. */
export function unionpayInWallet(deps: UnionpayDeps): WalletChannel {
  const view = (order: UnionpayOrder): TradeView => viewOrder(order, deps.clock.now());
  return {
    name: "unionpay",
    recognises: async (code) =>
      isUnionpayCode(code) || (await unionpayOrderOfToken(deps, tokenIn(code))) !== undefined,
    scan: async ({ code }) => view(await openWithUnionpay(deps, code)),
    pay: async (asked) => {
      const order = await payWithUnionpay(deps, asked);
      return { trade: view(order), redirectUrl: unionpayReturnUrl(deps, order) };
    },
    fail: async ({ code }, reason) => view(await failWithUnionpay(deps, code, reason)),
    abandon: async (code) => view(await abandonWithUnionpay(deps, code)),
    ofToken: async (token) => {
      const order = await unionpayOrderOfToken(deps, token);
      return order && { trade: view(order), redirectUrl: unionpayReturnUrl(deps, order) };
    },
    list: async (limit, cursor) => {
      const page = await deps.store.list(unionpayOrders, { limit, cursor });
      const trades = page.records.map((order) => ({ placedAt: order.placedAt, view: view(order) }));
      return { trades, cursor: page.cursor };
    },
  };
}

/** An order as the wallet shows it. */
function viewOrder(order: UnionpayOrder, now: Date): TradeView {
  const { payment } = order;
  const status = unionpayStateOf(order, now);
  const closedAt = order.reversedAt ?? order.failedAt;
  return {
    channel: "unionpay",
    token: order.token,
    scene: order.scene,
    out_trade_no: order.orderId,
    trade_no: order.marks?.queryId ?? null,
    subject: order.subject,
    merchant: order.merchantName,
    amount: Number(payment?.total ?? order.total),
    currency: "CNY",
    status,
    awaits_password: status === "AWAITS_PASSWORD",
    abandoned: order.abandonedAt !== null,
    last_failure: order.lastFailure?.sentence ?? null,
    buyer: payment ? { id: payment.accNo, logon_id: payment.accNo } : null,
    paid_amount: payment ? Number(payment.total) : null,
    voucher_amount: payment ? 0 : null,
    amount_refunded: Number(unionpayRefundedOf(order, now)),
    refunds: order.followUps.map((followUp) => ({
      out_request_no: followUp.orderId,
      amount: Number(followUp.amount),
      by: "merchant",
      kind: followUp.kind,
      refunded_at: followUp.marks.at.toISOString(),
    })),
    created_at: order.placedAt.toISOString(),
    paid_at: payment?.paidAt.toISOString() ?? null,
    closed_at: closedAt?.toISOString() ?? null,
    expires_at: order.expiresAt.toISOString(),
    quit_url: null,
  };
}
