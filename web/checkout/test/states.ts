// The states a server can answer, one per token, as the cashier's API has them.

import type { Device, Inside, Method, NextAction, Payment, State } from "../src/api.ts";

const ONLY_ON: Readonly<Record<string, readonly Device[]>> = {
  ".page": ["desktop"],
  ".wap": ["phone"],
  ".h5": ["phone"],
};

const METHODS: readonly Method[] = [method("alipay.qr"), method("alipay.page"), method("alipay.wap")];

/** A way to pay as the server offers it, known by its name. */
export function method(name: string, changes: Partial<Method> = {}): Method {
  const isCode = /\.(qr|native)$/.test(name);
  const kind = isCode ? "qr" : "redirect";
  const devices = ONLY_ON[name.slice(name.lastIndexOf("."))] ?? ["desktop", "phone"];
  return { method: name, kind, devices, order: null, label: name, hint: "", ...changes };
}

/** Places as the server tells them. */
export const INSIDE = {
  wechat: {
    name: { en: "WeChat", zh: "微信" },
    channel: "wechat",
    blocked: ["wechat.h5", "alipay.page", "alipay.wap", "unionpay.page"],
  },
  alipay: {
    name: { en: "Alipay", zh: "支付宝" },
    channel: "alipay",
    blocked: ["wechat.h5", "alipay.page", "unionpay.page"],
  },
  unionpay: {
    name: { en: "UnionPay", zh: "云闪付" },
    channel: "unionpay",
    blocked: ["wechat.h5", "alipay.page", "alipay.wap"],
  },
  wecom: {
    name: { en: "WeCom", zh: "企业微信" },
    channel: null,
    blocked: ["wechat.h5", "alipay.page", "alipay.wap", "unionpay.page"],
  },
} as const satisfies Readonly<Record<string, Inside>>;

export const CODE: NextAction = {
  type: "qr_code",
  qr_code: "https://qr.alipay.com/bax03206dk9jyzrfr5gl2599",
};

export function payment(changes: Partial<Payment> = {}): Payment {
  return {
    subject: "Two jasmine teas and a slice of lemon cake",
    amount: 2850,
    currency: "CNY",
    status: "processing",
    status_final: false,
    expires_at: new Date(Date.now() + 876_000).toISOString(),
    merchant_name: "Corner Teahouse 街角茶馆",
    return_url: null,
    ...changes,
  };
}

function methodOf(action: NextAction | null | undefined): string {
  return action?.type === "redirect" ? "alipay.page" : "alipay.qr";
}

/** A state of the server; polls fast, so that a test need not wait. */
export function state(view: State["view"], changes: Partial<State> = {}): State {
  return {
    payment: payment(),
    brand: { colour: null, logo: null },
    view,
    methods: METHODS,
    method: view === "pay" ? methodOf(changes.next_action) : null,
    next_action: null,
    attempt: view === "pay" ? 1 : null,
    renew_at: null,
    poll_after_ms: 500,
    server_time: new Date().toISOString(),
    ...changes,
  };
}
