import type { RefusalSide } from "../port.ts";

/**
 * Alipay's own fault, or that of our app or contract there: the order may go through another account. Codes
 * of the gateway (公共错误码) and of `alipay.trade.precreate`, `create` and `pay` (业务错误码).
 */
const CHANNEL: ReadonlySet<string> = new Set([
  "isv.invalid-signature",
  "isv.missing-signature",
  "isv.invalid-app-id",
  "isv.invalid-cloud-app-permission",
  "isv.app-call-limited",
  "isv.insufficient-isv-permissions",
  "isv.insufficient-user-permissions",
  "ACQ.ACCESS_FORBIDDEN",
  "ACQ.PARTNER_ERROR",
  "ACQ.MERCHANT_AGREEMENT_NOT_EXIST",
  "ACQ.MERCHANT_AGREEMENT_INVALID",
  "ACQ.MERCHANT_STATUS_NOT_NORMAL",
  "ACQ.SECONDARY_MERCHANT_STATUS_ERROR",
  "ACQ.SECONDARY_MERCHANT_NOT_MATCH",
  "ACQ.SELLER_NOT_EXIST",
  // What this merchant number may take is used up.
  "ACQ.BEYOND_PAY_RESTRICTION",
  "ACQ.BEYOND_PER_RECEIPT_RESTRICTION",
  "ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION",
  "ACQ.PRODUCT_AMOUNT_LIMIT_ERROR",
]);

/** The whole code: the app's authorisation has ended (20001), or it may not call this (40006). */
const CHANNEL_CODES: ReadonlySet<string> = new Set(["20001", "40006"]);

/** The buyer, his wallet or his bank: no other account would change it. */
const BUYER: ReadonlySet<string> = new Set([
  "ACQ.BUYER_BALANCE_NOT_ENOUGH",
  "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
  "ACQ.ERROR_BALANCE_PAYMENT_DISABLE",
  "ACQ.BUYER_SELLER_EQUAL",
  "ACQ.TRADE_BUYER_NOT_MATCH",
  "ACQ.BUYER_ENABLE_STATUS_FORBID",
  "ACQ.PULL_MOBILE_CASHIER_FAIL",
  "ACQ.MOBILE_PAYMENT_SWITCH_OFF",
  "ACQ.PAYMENT_FAIL",
  "ACQ.PAYMENT_AUTH_CODE_INVALID",
  "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
  "ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
  "ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT",
  "ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE",
  "ACQ.BUYER_NOT_EXIST",
]);

/** Whose fault a refusal is; nothing where it is the order's. */
export function sideOf(code: string, subCode: string | null): { readonly side?: RefusalSide } {
  if (CHANNEL_CODES.has(code) || (subCode !== null && CHANNEL.has(subCode))) return { side: "channel" };
  return subCode !== null && BUYER.has(subCode) ? { side: "buyer" } : {};
}
