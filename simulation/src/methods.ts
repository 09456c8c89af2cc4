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
  USD: { card: {}, "card.app": {} },
};

/** The methods of a channel that a world's orders take. */
export function methodsOf(channel: string): readonly string[] {
  // Cards are cards, whoever charges them.
  const prefix = channel === "stripe" ? "card" : `${channel}.`;
  const all = Object.values(METHODS).flatMap((ways) => Object.keys(ways));
  return all.filter((method) => method.startsWith(prefix));
}

export function currencyOfMethod(method: string): WorldCurrency {
  return method in METHODS.USD ? "USD" : "CNY";
}

const KINDS: Readonly<Record<string, string>> = {
  qr: "qr",
  native: "qr",
  page: "redirect",
  wap: "redirect",
  h5: "redirect",
  card: "redirect",
  app: "app",
  jsapi: "jsapi",
};

/** How the buyer meets the channel: an account is in rotation or not for each kind apart. */
export function kindOf(method: string): string {
  return KINDS[method.split(".").at(-1) ?? ""] ?? "payment_code";
}

/** A method with what it needs. */
export function withNeeds(method: string): Record<string, string> {
  const needs = Object.values(METHODS).find((ways) => method in ways)?.[method];
  return { method, ...needs };
}

/** Those that the cashier offers on a desktop. */
export const AT_THE_CASHIER: Readonly<Record<WorldCurrency, readonly string[]>> = {
  CNY: ["alipay.qr", "alipay.page", "unionpay.qr", "unionpay.page", "wechat.native", "wechat.h5"],
  USD: ["card"],
};

/** One of the methods of a currency, with what it needs. */
export function pickMethod(luck: Chance, currency: WorldCurrency): Record<string, string> {
  return withNeeds(luck.pick(Object.keys(METHODS[currency])));
}
