// Where the page is open: which device, and inside which wallet's own browser.

import type { Device, Method } from "./api.ts";

export type Wallet = "alipay" | "wechat" | "unionpay";

export interface Place {
  readonly device: Device;
  /** The wallet whose built-in browser this is; null: a browser proper. */
  readonly inside: Wallet | null;
}

const PHONE = /Android|iPhone|iPod|HarmonyOS|Windows Phone|Mobile/i;

export function deviceOf(userAgent: string, coarsePointer: boolean, width: number): Device {
  return PHONE.test(userAgent) || (coarsePointer && width < 700) ? "phone" : "desktop";
}

// As each wallet names itself; banks' apps call themselves UnionPay too, and open its pages.
const INSIDE: readonly (readonly [RegExp, Wallet])[] = [
  [/MicroMessenger\/[\d.]+/, "wechat"],
  [/AlipayClient\/[\d.]+/, "alipay"],
  [/UnionPay\/[\d.]+/, "unionpay"],
];

export function insideOf(userAgent: string): Wallet | null {
  for (const [name, wallet] of INSIDE) if (name.test(userAgent)) return wallet;
  return null;
}

export function channelOf(method: string): string {
  return method.split(".", 1)[0] as string;
}

/**
 * Whether a wallet's browser keeps a way to pay from working: none opens another wallet, and WeChat's pages
 * for phones are for browsers outside of WeChat.
 */
export function isBlocked({ method, kind }: Method, { inside }: Place): boolean {
  if (inside === null || kind !== "redirect") return false;
  const channel = channelOf(method);
  if (inside === "wechat" && channel === "wechat") return true;
  return channel !== inside && INSIDE.some(([, wallet]) => wallet === channel);
}

/**
 * The methods that make sense here, the best first: a computer shows a code, a phone opens the wallet, and a
 * wallet's browser begins with its own. The merchant's order, where there is one, comes before what is usual.
 * All of them rather than none.
 */
export function methodsFor(methods: readonly Method[], place: Place): readonly Method[] {
  const usualFirst = place.device === "desktop" ? "qr" : "redirect";
  const rank = ({ method, kind, order }: Method) => {
    if (place.inside !== null && channelOf(method) === place.inside) return -1;
    if (order !== null) return order;
    return 1_000 + (kind === usualFirst ? 0 : 1);
  };
  const fitting = methods.filter((method) => method.devices.includes(place.device));
  const working = fitting.filter((method) => !isBlocked(method, place));
  const [some] = [working, fitting, methods].filter(({ length }) => length > 0);
  return [...(some ?? [])].sort((a, b) => rank(a) - rank(b));
}
