import { DAY } from "../../kernel/clock.ts";
import { walletOf } from "../payment-codes.ts";
import type { ChannelContext, NewOrder } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN, yuanText } from "./amount.ts";
import type { WechatCredentials } from "./credentials.ts";
import { SUBJECT_CHARACTERS_MAX } from "./requests.ts";
import { CODE_METHOD, WECHAT_TRAITS } from "./traits.ts";

/** An unpaid order closes by itself after this long, whatever `time_expire` says. */
const LIFETIME_MAX_MS = 7 * DAY;

/** `openid` and its kin. */
const OPENID_CHARACTERS_MAX = 128;

type Fault = { readonly field: string; readonly detail: string };

/**
 * Why WeChat Pay would not take this order, found without asking it: the first fault, in this order; null
 * when there is none. What the account lacks is found only where its context is given.
 */
export function refuseOrder(order: NewOrder, context?: ChannelContext): Fault | null {
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
  const badCode = refusePaymentCode(order);
  if (badCode !== null) return badCode;
  if (order.expiresAt.getTime() - order.createdAt.getTime() > LIFETIME_MAX_MS) {
    return { field: "expires_in", detail: "WeChat Pay keeps an unpaid order for at most 7 days." };
  }
  return order.method === CODE_METHOD && context !== undefined ? refuseAccount(context) : null;
}

/**
 * What an account lacks to charge payment codes; null: nothing. Without its certificate it could charge at
 * WeChat Pay's own host and never reverse, so it may not charge.
 */
export function refuseAccount(context: ChannelContext): Fault | null {
  const { apiV2Key, clientCertificate } = context.credentials as WechatCredentials;
  const lacks = (field: string, what: string): Fault => ({
    field: "method",
    detail: `${CODE_METHOD} needs ${what}: enter it as ${field} into the channel account's credentials.`,
  });
  if (apiV2Key === null) return lacks("api_v2_key", "the APIv2 key of the merchant platform");
  if (context.gatewayUrl.startsWith("https:") && clientCertificate === null) {
    return lacks("merchant_certificate", "the merchant's API certificate (apiclient_cert.pem)");
  }
  return null;
}

function refusePaymentCode({ method, paymentCode }: NewOrder): Fault | null {
  const refuse = (detail: string): Fault => ({ field: "payment_code", detail });
  if (method !== CODE_METHOD) {
    return paymentCode === null ? null : refuse(`${method} takes no payment code; leave it out.`);
  }
  if (paymentCode === null) return refuse(`${method} needs the buyer's payment code.`);
  if (walletOf(paymentCode)?.channel === "wechat") return null;
  return refuse("A payment code of WeChat Pay has 18 digits and begins with 10 to 15.");
}
