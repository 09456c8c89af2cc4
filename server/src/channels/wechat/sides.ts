import type { RefusalSide } from "../port.ts";

/**
 * WeChat Pay's own fault, or that of our merchant number there: the order may go through another account.
 * Codes of placing an order by API v3.
 */
const CHANNEL: ReadonlySet<string> = new Set([
  "SIGN_ERROR",
  "NO_AUTH",
  "APPID_MCHID_NOT_MATCH",
  "MCH_NOT_EXISTS",
]);

/** The buyer, his wallet or his bank: no other account would change it. */
const BUYER: ReadonlySet<string> = new Set([
  "ACCOUNT_ERROR",
  "ACCOUNTERROR",
  "USER_ACCOUNT_ABNORMAL",
  "OPENID_MISMATCH",
]);

/** Whose fault a refusal is; nothing where it is the order's. */
export function sideOf(code: string | null): { readonly side?: RefusalSide } {
  if (code === null) return {};
  if (CHANNEL.has(code)) return { side: "channel" };
  return BUYER.has(code) ? { side: "buyer" } : {};
}
