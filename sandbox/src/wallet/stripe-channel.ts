import { Refused } from "../refuse.ts";
import {
  abandonWithStripe,
  failWithStripe,
  isStripeCode,
  openWithStripe,
  payWithStripe,
  type StripeDeps,
  type StripeOrder,
  stripeOrderOfToken,
  stripeOrders,
  stripePaidCharge,
  stripeRefundedOf,
  stripeReturnUrl,
} from "../stripe/index.ts";
import { type TradeView, tokenIn, type WalletChannel } from "./channel.ts";

/** Cards, by way of Stripe, in the wallet. */
export function stripeInWallet(deps: StripeDeps): WalletChannel {
  return {
    name: "stripe",
    recognises: async (code) =>
      isStripeCode(code) || (await stripeOrderOfToken(deps, tokenIn(code))) !== undefined,
    scan: async ({ code }) => viewOrder(await openWithStripe(deps, code)),
    pay: async ({ code, amount, voucher, password, card }) => {
      if (voucher > 0n) throw new Refused(400, "voucher_unknown", "A card takes no shop's voucher.");
      const order = await payWithStripe(deps, { code, amount, passes: password, card });
      return { trade: viewOrder(order), redirectUrl: stripeReturnUrl(order) };
    },
    fail: async ({ code }, reason) =>
      viewOrder(await failWithStripe(deps, code, reason ?? "generic_decline")),
    abandon: async (code) => viewOrder(await abandonWithStripe(deps, code)),
    ofToken: async (token) => {
      const order = await stripeOrderOfToken(deps, token);
      return order && { trade: viewOrder(order), redirectUrl: stripeReturnUrl(order) };
    },
    list: async (limit, cursor) => {
      const page = await deps.store.list(stripeOrders, { limit, cursor });
      const trades = page.records.map((order) => ({ placedAt: order.placedAt, view: viewOrder(order) }));
      return { trades, cursor: page.cursor };
    },
  };
}

/** An order as the wallet shows it; `status` is the intent's, or `expired` where its session is. */
function viewOrder(order: StripeOrder): TradeView {
  const { session, intent } = order;
  const charge = stripePaidCharge(order);
  const status =
    session?.status === "expired" && !charge ? "expired" : (intent?.status ?? "requires_payment_method");
  const ended = status === "expired" ? session!.expiresAt : (intent?.canceledAt ?? null);
  return {
    channel: "stripe",
    token: order.token,
    scene: session ? "checkout" : "intent",
    out_trade_no: order.orderNo,
    trade_no: intent?.id ?? null,
    subject: order.description,
    merchant: order.merchantName,
    amount: Number(order.amount),
    currency: order.currency.toUpperCase(),
    status,
    awaits_password: status === "requires_action",
    abandoned: order.abandonedAt !== null,
    last_failure: intent?.lastError?.declineCode ?? intent?.lastError?.code ?? null,
    buyer: charge ? { id: charge.paymentMethodId, logon_id: `•••• ${charge.card}` } : null,
    paid_amount: charge ? Number(charge.amount) : null,
    voucher_amount: charge ? 0 : null,
    amount_refunded: Number(stripeRefundedOf(order)),
    refunds: order.refunds.map((refund) => ({
      out_request_no: refund.id,
      amount: Number(refund.amount),
      by: refund.by,
      status: refund.status,
      refunded_at: refund.createdAt.toISOString(),
    })),
    disputes: order.disputes.map(({ id, amount, status: state }) => ({
      id,
      amount: Number(amount),
      status: state,
    })),
    created_at: order.placedAt.toISOString(),
    paid_at: charge?.createdAt.toISOString() ?? null,
    closed_at: ended?.toISOString() ?? null,
    expires_at: (session?.expiresAt ?? new Date(order.placedAt.getTime() + intentDays)).toISOString(),
    quit_url: session?.cancelUrl ?? null,
  };
}

/** An intent by itself has no end; pages that count down are given a far one. */
const intentDays = 365 * 86_400_000;
