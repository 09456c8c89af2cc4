import { maskMiddle } from "../masking.ts";
import type { CallEnd, NewOrder, Order, ReversalOutcome, TradeFacts, TradeOutcome } from "../port.ts";
import { type Answer, refused } from "./answer.ts";
import { type Fields, OTHER_STATE, textOr, USED_BEFORE } from "./outcomes.ts";
import { beijingDate, parseCompactBeijingTime } from "./time.ts";

// Pure: what a believed answer of API v2 says of an order by a payment code. `at` is when it arrived.
//
// USERPAYING        the buyer must enter his password
// NOTPAY            not paid so far. Asked about right after a call without an answer, it is no end: the
//                   reversal makes one
// SUCCESS, REFUND   paid; how much of it went back is told by each refund
// REVOKED           ended by a reversal. It was paid when the answer has the payment's facts
// CLOSED            unpaid and over
// PAYERROR          refused by the buyer's bank

/** The charge is refused for good, and no money moved. Any other code is asked about. */
const TERMINAL: ReadonlySet<string> = new Set([
  "AUTH_CODE_INVALID",
  "AUTHCODEEXPIRE",
  "AUTH_CODE_ERROR",
  "NOTENOUGH",
  "NOTSUPORTCARD",
  "BUYER_MISMATCH",
  "APPID_MCHID_NOT_MATCH",
  "APPID_NOT_EXIST",
  "MCHID_NOT_EXIST",
  "NOAUTH",
  "SIGNERROR",
  "LACK_PARAMS",
  "PARAM_ERROR",
  "XML_FORMAT_ERROR",
  "REQUIRE_POST_METHOD",
  "POST_DATA_EMPTY",
  "NOT_UTF8",
  "INVALID_REQUEST",
  "TRADE_ERROR",
]);

const NOT_FOUND: ReadonlySet<string> = new Set(["ORDERNOTEXIST", "ORDER_NOT_EXIST"]);

/** Of `micropay`. */
export function tradeOfMicropay(answer: Answer, order: NewOrder, at: Date): CallEnd<TradeOutcome> {
  const { code, message, body } = answer;
  if (code === "USERPAYING") return { end: "answered", value: { outcome: "pending" } };
  if (code !== null) {
    const usedBefore = OTHER_STATE.has(code) || (code === "INVALID_REQUEST" && USED_BEFORE.test(message));
    if (usedBefore || !TERMINAL.has(code)) {
      return { end: "unknown", reason: `${code} ${message}: a query tells what became of the order` };
    }
    return { end: "answered", value: { outcome: "failed", code, message } };
  }
  if (body.out_trade_no !== order.channelOrderNo) return ofAnother();
  const facts = factsOf(body, at);
  if ("broken" in facts) return { end: "unknown", reason: facts.broken };
  if (facts.amount !== order.amount) {
    return { end: "unknown", reason: `the answer's amount is ${facts.amount}, asked was ${order.amount}` };
  }
  return { end: "answered", value: { outcome: "paid", ...facts } };
}

/** Of `orderquery`. Its amount is the truth, even where it is not what was asked. */
export function tradeOfOrderQuery(answer: Answer, order: Order, at: Date): CallEnd<TradeOutcome> {
  const { code, body } = answer;
  if (code !== null && NOT_FOUND.has(code)) return { end: "answered", value: { outcome: "not_found" } };
  if (code !== null) return refused(answer);
  if (body.out_trade_no !== order.channelOrderNo) return ofAnother();
  const trade = tradeOf(body, at);
  return "broken" in trade ? { end: "unknown", reason: trade.broken } : { end: "answered", value: trade };
}

/**
 * Of `reverse`; `ask` when the order is ended or cannot be: whether the buyer had paid, the answer never
 * tells.
 */
export function reversalOf(answer: Answer): CallEnd<ReversalOutcome> | "ask" {
  const { code, body } = answer;
  // While the buyer enters his password it cannot be reversed yet.
  if (body.recall === "Y" || code === "USERPAYING") return { end: "answered", value: { outcome: "again" } };
  if (code === null || NOT_FOUND.has(code) || OTHER_STATE.has(code) || code === "TRADE_ERROR") return "ask";
  return refused(answer);
}

/** What a reversed order's query says of the money. */
export function reversalOfTrade(trade: TradeOutcome, order: Order, at: Date): CallEnd<ReversalOutcome> {
  if (trade.outcome === "paid" || trade.outcome === "pending") {
    return { end: "unknown", reason: `reversed, yet the query says ${trade.outcome}` };
  }
  const moneyReturned = trade.outcome === "refunded";
  const channelDate = beijingDate(at);
  if (!moneyReturned) {
    const { channelTradeNo } = order;
    return { end: "answered", value: { outcome: "reversed", moneyReturned, channelTradeNo, channelDate } };
  }
  const { outcome: _, refundedAmount: _all, ...paid } = trade;
  const { channelTradeNo } = trade;
  return {
    end: "answered",
    value: { outcome: "reversed", moneyReturned, channelTradeNo, channelDate, paid },
  };
}

/** Of the query for an order that cannot exist. */
export function v2ProofOf(answer: Answer): CallEnd<{ proved: true }> {
  const { code } = answer;
  if (code !== null && NOT_FOUND.has(code)) return { end: "answered", value: { proved: true } };
  return code === null ? { end: "unknown", reason: "an order that nobody placed is there" } : refused(answer);
}

function tradeOf(fields: Fields, at: Date): TradeOutcome | { readonly broken: string } {
  switch (fields.trade_state) {
    case "NOTPAY":
    case "USERPAYING":
    case "ACCEPT":
      return { outcome: "pending" };
    case "SUCCESS":
    case "REFUND": {
      const facts = factsOf(fields, at);
      return "broken" in facts ? facts : { outcome: "paid", ...facts };
    }
    case "REVOKED": {
      if (textOr(fields.transaction_id, null) === null) return { outcome: "closed" };
      const facts = factsOf(fields, at);
      return "broken" in facts ? facts : { outcome: "refunded", refundedAmount: facts.amount, ...facts };
    }
    case "CLOSED":
      return { outcome: "closed" };
    case "PAYERROR":
      return { outcome: "failed", code: "PAYERROR", message: textOr(fields.trade_state_desc, "") };
    default:
      return { broken: `the trade state ${JSON.stringify(fields.trade_state)} is not known` };
  }
}

function factsOf(fields: Fields, at: Date): TradeFacts | { readonly broken: string } {
  const amount = fenOfText(fields.total_fee);
  const tradeNo = textOr(fields.transaction_id, null);
  if (amount === null || amount <= 0n) return { broken: "a paid order without a readable total_fee" };
  if (textOr(fields.fee_type, "CNY") !== "CNY") return { broken: "a paid order of another currency" };
  if (tradeNo === null) return { broken: "a paid order without a transaction_id" };
  // Money that moved is booked even where its time is left out; the statement puts the day right.
  const paidAt = parseCompactBeijingTime(fields.time_end) ?? at;
  const openid = textOr(fields.sub_openid, null) ?? textOr(fields.openid, null);
  return {
    amount,
    currency: "CNY",
    // Told only where a voucher settles nothing.
    settleAmount: fields.settlement_total_fee === undefined ? amount : fenOfText(fields.settlement_total_fee),
    channelTradeNo: tradeNo,
    paidAt,
    channelDate: beijingDate(paidAt),
    buyer: openid === null ? null : maskMiddle(openid),
  };
}

function fenOfText(value: unknown): bigint | null {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? BigInt(value) : null;
}

function ofAnother(): CallEnd<never> {
  return { end: "unknown", reason: "the answer is about another order" };
}
