/** The ways to pay that a world's orders take, and what each needs. */
import type { Chance } from "./chance.ts";

export type WorldCurrency = "CNY" | "USD";

type Methods = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** By currency; with what each needs beside the order. */
const METHODS: Readonly<Record<WorldCurrency, Methods>> = {
  CNY: {
    "alipay.qr": {},
    "alipay.page": {},
    "alipay.wap": {},
    "alipay.app": {},
    "alipay.jsapi": { buyer: "2088000000000002" },
    "unionpay.page": {},
    "unionpay.qr": {},
    "unionpay.app": {},
    "wechat.native": {},
    "wechat.h5": { buyer_ip: "203.0.113.7" },
    "wechat.app": {},
    "wechat.jsapi": { buyer: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
  },
  USD: { "stripe.card": {}, "stripe.card_app": {} },
};

/** Those that the cashier offers on a desktop. */
export const AT_THE_CASHIER: Readonly<Record<WorldCurrency, readonly string[]>> = {
  CNY: ["alipay.qr", "alipay.page", "unionpay.qr", "unionpay.page", "wechat.native", "wechat.h5"],
  USD: ["stripe.card"],
};

/** A method with what it needs. */
export function pickMethod(luck: Chance, currency: WorldCurrency): Record<string, string> {
  const method = luck.pick(Object.keys(METHODS[currency]));
  return { method, ...METHODS[currency][method] };
}
