import { DAY } from "../../kernel/clock.ts";
import type { NewOrder } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN, yuanText } from "./amount.ts";
import { SUBJECT_CHARACTERS_MAX } from "./requests.ts";
import { ALIPAY_TRAITS } from "./traits.ts";

/**
 * Alipay's payment codes begin with 25 to 30 and have 16 to 24 digits (Alipay: alipay.trade.pay, auth_code).
 */
const PAYMENT_CODE = /^(2[5-9]|30)\d{14,22}$/;

/** `time_expire` lies at most this far ahead. */
const LIFETIME_MAX_MS = 15 * DAY;

/** `store_id` and `terminal_id`. */
const PLACE_CHARACTERS_MAX = 32;

/**
 * Why Alipay would not take this order, found without asking it: the first fault, in this order; null when
 * there is none.
 */
export function refuseOrder(order: NewOrder): { field: string; detail: string } | null {
  const scene = ALIPAY_TRAITS.scenes[order.method];
  if (scene === undefined) {
    return { field: "method", detail: `Alipay has no ${order.method}; use ${methods()}.` };
  }
  if (order.currency !== "CNY") {
    return { field: "currency", detail: `Alipay takes CNY, not ${order.currency}.` };
  }
  if (order.amount < AMOUNT_MIN_FEN || order.amount > AMOUNT_MAX_FEN) {
    const range = `${yuanText(AMOUNT_MIN_FEN)} to ${yuanText(AMOUNT_MAX_FEN)} yuan`;
    return { field: "amount", detail: `Alipay takes ${range}, not ${yuanText(order.amount)}.` };
  }
  if (order.subject.trim() === "" || order.subject.length > SUBJECT_CHARACTERS_MAX) {
    return { field: "subject", detail: `Alipay takes 1 to ${SUBJECT_CHARACTERS_MAX} characters.` };
  }
  if (scene.requiresBuyer && order.buyer === null) {
    return { field: "buyer", detail: `${order.method} needs the buyer's Alipay user id or open id.` };
  }
  if (scene.requiresPaymentCode && order.paymentCode === null) {
    return { field: "payment_code", detail: `${order.method} needs the buyer's payment code.` };
  }
  if (order.paymentCode !== null && !PAYMENT_CODE.test(order.paymentCode)) {
    return { field: "payment_code", detail: "Alipay's codes begin with 25 to 30 and have 16 to 24 digits." };
  }
  if (order.expiresAt.getTime() - order.createdAt.getTime() > LIFETIME_MAX_MS) {
    return { field: "expires_in", detail: "Alipay keeps an unpaid order for at most 15 days." };
  }
  for (const [field, place] of [
    ["store", order.storeNo],
    ["terminal", order.terminalNo],
  ] as const) {
    if (place !== null && place.length > PLACE_CHARACTERS_MAX) {
      return { field, detail: `Alipay takes at most ${PLACE_CHARACTERS_MAX} characters.` };
    }
  }
  return null;
}

function methods(): string {
  return Object.keys(ALIPAY_TRAITS.scenes).join(", ");
}
