import {
  type AlipayDeps,
  abandonInWallet,
  asOfNow,
  failInWallet,
  orderOfToken,
  orders,
  payInWallet,
  returnUrl,
  scan,
} from "../alipay/index.ts";
import type { WalletChannel } from "./channel.ts";
import { viewTrade } from "./view.ts";

/** Alipay in the wallet. It takes whatever no other channel recognises, and says what is wrong with it. */
export function alipayInWallet(deps: AlipayDeps): WalletChannel {
  return {
    name: "alipay",
    recognises: async () => true,
    scan: async ({ code }) => viewTrade(await scan(deps, code)),
    pay: async (asked) => {
      const { order, redirectUrl } = await payInWallet(deps, asked);
      return { trade: viewTrade(order), redirectUrl };
    },
    fail: async ({ code }, reason) =>
      viewTrade(await failInWallet(deps, code, reason ?? "ACQ.BUYER_BALANCE_NOT_ENOUGH")),
    abandon: async (code) => viewTrade(await abandonInWallet(deps, code)),
    ofToken: async (token) => {
      const order = await orderOfToken(deps, token);
      return order && { trade: viewTrade(order), redirectUrl: await returnUrl(deps, order) };
    },
    list: async (limit, cursor) => {
      const page = await deps.store.list(orders, { limit, cursor });
      const trades = page.records.map((order) => ({
        placedAt: order.placedAt,
        view: viewTrade(asOfNow(deps, order)),
      }));
      return { trades, cursor: page.cursor };
    },
  };
}
