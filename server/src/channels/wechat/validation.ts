import { DAY } from "../../kernel/clock.ts";
import type { NewOrder } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN, yuanText } from "./amount.ts";
import { SUBJECT_CHARACTERS_MAX } from "./requests.ts";
import { WECHAT_TRAITS } from "./traits.ts";

/** An unpaid order closes by itself after this long, whatever `time_expire` says. */
const LIFETIME_MAX_MS = 7 * DAY;

/** `openid` and its kin. */
const OPENID_CHARACTERS_MAX = 128;

/**
 * Why WeChat Pay would not take this order, found without asking it: the first fault, in this order; null
 * when there is none.
 */
export function refuseOrder(order: NewOrder): { field: string; detail: string } | null {
  const scene = WECHAT_TRAITS.scenes[order.method];
  if (scene === undefined) {
    const methods = Object.keys(WECHAT_TRAITS.scenes).join(", ");
    return { field: "method", detail: `WeChat Pay has no ${order.method}; use ${methods}.` };
  }
  if (order.currency !== "CNY") {
    return { field: "currency", detail: `WeChat Pay takes CNY, not ${order.currency}.` };
  }
  if (order.amount < AMOUNT_MIN_FEN || order.amount > AMOUNT_MAX_FEN) {
    const range = `${yuanText(AMOUNT_MIN_FEN)} to ${yuanText(AMOUNT_MAX_FEN)} yuan`;
    return { field: "amount", detail: `WeChat Pay takes ${range}, not ${yuanText(order.amount)}.` };
  }
  if (order.subject.trim() === "" || [...order.subject].length > SUBJECT_CHARACTERS_MAX) {
    return { field: "subject", detail: `WeChat Pay takes 1 to ${SUBJECT_CHARACTERS_MAX} characters.` };
  }
  if (scene.requiresBuyer && order.buyer === null) {
    return { field: "buyer", detail: `${order.method} needs the buyer's openid at the app.` };
  }
  // WeChat Pay compares it with where the page is opened.
  if (scene.requiresBuyerIp && order.buyerIp === null) {
    return { field: "buyer_ip", detail: `${order.method} needs the address of the buyer's device.` };
  }
  if (order.buyer !== null && order.buyer.length > OPENID_CHARACTERS_MAX) {
    return { field: "buyer", detail: `An openid has at most ${OPENID_CHARACTERS_MAX} characters.` };
  }
  if (order.paymentCode !== null) {
    return { field: "payment_code", detail: `${order.method} takes no payment code; leave it out.` };
  }
  if (order.expiresAt.getTime() - order.createdAt.getTime() > LIFETIME_MAX_MS) {
    return { field: "expires_in", detail: "WeChat Pay keeps an unpaid order for at most 7 days." };
  }
  return null;
}
