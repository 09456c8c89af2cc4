import { maskMiddle } from "../masking.ts";
import type { CallEnd, NewOrder, NextAction, Order, TradeFacts, TradeOutcome } from "../port.ts";
import { fenOf } from "./amount.ts";
import { type Answer, refused } from "./answer.ts";
import type { WechatCredentials } from "./credentials.ts";
import { clientIdsOf } from "./requests.ts";
import { appParameters, jsapiParameters } from "./signing.ts";
import { beijingDate, parseRfc3339 } from "./time.ts";

// Pure: what a believed answer or notification says of an order. `at` is when it arrived.
//
// NOTPAY, USERPAYING   open
// SUCCESS              paid
// REFUND               paid, and something of it was given back: how much, a transaction does not say, so it
//                      is `paid`; each refund's own answer tells its sum
// CLOSED               unpaid and over
// REVOKED              ended by a reversal, PAYERROR refused by the bank: payment codes alone

export type Fields = Readonly<Record<string, unknown>>;

/** The order is in another state than the call supposes: only asking tells which. */
export const OTHER_STATE: ReadonlySet<string> = new Set([
  "ORDERPAID",
  "ORDER_PAID",
  "ORDERCLOSED",
  "ORDER_CLOSED",
  "ORDERREVERSED",
  "OUT_TRADE_NO_USED",
]);

/** Said of closing besides: a state that does not allow it. A question costs nothing and tells which. */
const NOT_TO_BE_CLOSED: ReadonlySet<string> = new Set([
  "INVALID_REQUEST",
  "TRADE_ERROR",
  "TRADE_STATE_ERROR",
]);

const NOT_FOUND: ReadonlySet<string> = new Set(["ORDER_NOT_EXIST", "ORDERNOTEXIST"]);

/** The number was used before, said in words under the code of every wrong request. */
export const USED_BEFORE = /重复|重入|已支付|已关闭/;

/** What a transaction says of its order, or why it cannot be understood. */
export function tradeOf(fields: Fields, at: Date): TradeOutcome | { readonly broken: string } {
  switch (fields.trade_state) {
    case "NOTPAY":
    case "USERPAYING":
      return { outcome: "pending" };
    case "SUCCESS":
    case "REFUND": {
      const facts = factsOf(fields, at);
      return "broken" in facts ? facts : { outcome: "paid", ...facts };
    }
    case "CLOSED":
    case "REVOKED":
      return { outcome: "closed" };
    case "PAYERROR":
      return { outcome: "failed", code: "PAYERROR", message: textOr(fields.trade_state_desc, "") };
    default:
      return { broken: `the trade state ${JSON.stringify(fields.trade_state)} is not known` };
  }
}

/** Of a query. Its amount is the truth, even where it is not what was asked. */
export function tradeOfQuery(answer: Answer, order: Order, at: Date): CallEnd<TradeOutcome> {
  if (answer.code !== null) return notFoundOrRefused(answer);
  if (answer.body.out_trade_no !== order.channelOrderNo) {
    return { end: "unknown", reason: "the answer is about another order" };
  }
  const trade = tradeOf(answer.body, at);
  return "broken" in trade ? { end: "unknown", reason: trade.broken } : { end: "answered", value: trade };
}

/**
 * Of the call that placed an order: what the buyer needs, signed with our key where his device carries it to
 * WeChat.
 */
export function tradeOfPlacing(
  answer: Answer,
  order: NewOrder,
  credentials: WechatCredentials,
  once: { readonly nonce: string; readonly at: Date },
): CallEnd<TradeOutcome> {
  const { code, message, body } = answer;
  if (code !== null) {
    const usedBefore = OTHER_STATE.has(code) || (code === "INVALID_REQUEST" && USED_BEFORE.test(message));
    if (!usedBefore) return refused(answer);
    const reason = `${code} ${message}: the order is in another state; a query tells which`;
    return { end: "unknown", reason };
  }
  const nextAction = nextActionOf(body, order, credentials, once);
  if (nextAction === null) return { end: "unknown", reason: "the answer has nothing that the buyer can use" };
  return { end: "answered", value: { outcome: "pending", nextAction } };
}

/** Of a close; `ask` when it was too late, so that a query must tell what the order became. */
export function tradeOfClose(answer: Answer): CallEnd<TradeOutcome> | "ask" {
  const { code } = answer;
  if (code === null) return { end: "answered", value: { outcome: "closed" } };
  return OTHER_STATE.has(code) || NOT_TO_BE_CLOSED.has(code) ? "ask" : notFoundOrRefused(answer);
}

/**
 * Of the query for an order that cannot exist: only a known merchant is told so, only WeChat Pay signs it.
 */
export function proofOf(answer: Answer): CallEnd<{ proved: true }> {
  if (answer.code !== null && NOT_FOUND.has(answer.code)) return { end: "answered", value: { proved: true } };
  return answer.code === null
    ? { end: "unknown", reason: "an order that nobody placed is there" }
    : refused(answer);
}

function nextActionOf(
  body: Fields,
  order: NewOrder,
  credentials: WechatCredentials,
  once: { readonly nonce: string; readonly at: Date },
): NextAction | null {
  const [codeUrl, h5Url, prepayId] = [body.code_url, body.h5_url, body.prepay_id].map((value) =>
    textOr(value, null),
  );
  const ids = clientIdsOf(credentials);
  switch (order.method) {
    case "wechat.native":
      return codeUrl ? { type: "qr_code", qrCode: codeUrl } : null;
    case "wechat.h5":
      return h5Url ? { type: "redirect", url: withReturn(h5Url, order.returnUrl) } : null;
    case "wechat.jsapi":
      if (!prepayId) return null;
      return {
        type: "jsapi_params",
        params: jsapiParameters(prepayId, ids.appId, credentials.privateKey, once),
      };
    case "wechat.app": {
      if (!prepayId) return null;
      const signed = appParameters(prepayId, ids, credentials.privateKey, once);
      return { type: "app_params", params: JSON.stringify(signed) };
    }
    default:
      return null;
  }
}

/** WeChat leads the buyer back to `redirect_url`, which is not signed. */
function withReturn(h5Url: string, returnUrl: string | null): string {
  if (returnUrl === null) return h5Url;
  return `${h5Url}${h5Url.includes("?") ? "&" : "?"}redirect_url=${encodeURIComponent(returnUrl)}`;
}

function factsOf(fields: Fields, at: Date): TradeFacts | { readonly broken: string } {
  const money = objectOf(fields.amount);
  const amount = fenOf(money.total);
  const tradeNo = textOr(fields.transaction_id, null);
  if (amount === null || amount <= 0n)
    return { broken: "a paid transaction without a readable amount.total" };
  if ((money.currency ?? "CNY") !== "CNY") return { broken: "a paid transaction of another currency" };
  if (tradeNo === null) return { broken: "a paid transaction without a transaction_id" };
  // Money that moved is booked even where its time is left out; the statement puts the day right.
  const paidAt = parseRfc3339(fields.success_time) ?? at;
  return {
    amount,
    currency: "CNY",
    settleAmount: settledOf(fields.promotion_detail, amount),
    channelTradeNo: tradeNo,
    paidAt,
    channelDate: beijingDate(paidAt),
    buyer: buyerOf(objectOf(fields.payer)),
  };
}

/**
 * A voucher of type CASH was bought beforehand and settles whole; one of type NOCASH is the merchant's own
 * discount and settles nothing. Null when a voucher tells no figure.
 */
function settledOf(promotions: unknown, amount: bigint): bigint | null {
  if (promotions === undefined || promotions === null) return amount;
  if (!Array.isArray(promotions)) return null;
  let settled = amount;
  for (const promotion of promotions.map(objectOf)) {
    if (promotion.type !== "NOCASH") continue;
    const part = fenOf(promotion.amount);
    if (part === null) return null;
    settled -= part;
  }
  return settled >= 0n ? settled : null;
}

function buyerOf(payer: Fields): string | null {
  const openid = textOr(payer.sub_openid ?? payer.openid ?? payer.sp_openid, null);
  return openid === null ? null : maskMiddle(openid);
}

function notFoundOrRefused(answer: Answer): CallEnd<{ readonly outcome: "not_found" }> {
  if (answer.code !== null && NOT_FOUND.has(answer.code)) {
    return { end: "answered", value: { outcome: "not_found" } };
  }
  return refused(answer);
}

export function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function textOr<T>(value: unknown, missing: T): string | T {
  return typeof value === "string" && value !== "" ? value : missing;
}
