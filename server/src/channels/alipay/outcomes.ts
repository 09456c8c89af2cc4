import { maskMiddle } from "../masking.ts";
import type {
  CallEnd,
  NewOrder,
  NextAction,
  Order,
  RefundOrder,
  RefundOutcome,
  ReversalOutcome,
  TradeFacts,
  TradeOutcome,
} from "../port.ts";
import { fenOf } from "./amount.ts";
import type { Answer } from "./answer.ts";
import { sideOf } from "./sides.ts";
import { beijingDate, parseBeijingTime } from "./time.ts";

// Pure: what a verified answer or notification says of an order or a refund. `at` is when it arrived.
//
// WAIT_BUYER_PAY   open
// TRADE_SUCCESS    paid, refundable
// TRADE_FINISHED   paid, no longer refundable
// TRADE_CLOSED     unpaid and over, or fully refunded: whether a payment is recorded decides
// fund_change      Y: this call moved money · N: a repeat, or nothing moved; asking decides

export type Fields = Readonly<Record<string, unknown>>;

/** The trade is in another state than the call supposes: only asking tells which. */
const OTHER_STATE: ReadonlySet<string> = new Set([
  "ACQ.TRADE_HAS_SUCCESS",
  "ACQ.TRADE_HAS_CLOSE",
  "ACQ.TRADE_HAS_FINISHED",
  "ACQ.TRADE_STATUS_ERROR",
  "ACQ.REASON_TRADE_STATUS_INVALID",
]);

/** A receiver cannot give its part back: without it the refund is sent again under the same number. */
export const RETURN_REFUSALS: readonly string[] = [
  "ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST",
  "ACQ.ROYALTY_ACCOUNT_NOT_EXIST",
  "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR",
];

/** A refund that the money at Alipay does not cover: it may, later. */
const FUNDS: ReadonlySet<string> = new Set(["ACQ.SELLER_BALANCE_NOT_ENOUGH", ...RETURN_REFUSALS]);

/** What an answer's fields say of a trade, or why they cannot be understood. */
export function tradeOf(fields: Fields, at: Date): TradeOutcome | { readonly broken: string } {
  switch (fields.trade_status) {
    case "WAIT_BUYER_PAY":
      return { outcome: "pending", ...tradeNoOf(fields) };
    case "TRADE_SUCCESS":
    case "TRADE_FINISHED":
      return paidOrRefunded(fields, fenOf(fields.refund_fee) ?? 0n, at);
    case "TRADE_CLOSED": {
      const refunded = fenOf(fields.refund_fee) ?? 0n;
      const wasPaid = refunded > 0n || fields.send_pay_date || fields.gmt_payment || fields.gmt_refund;
      if (!wasPaid) return { outcome: "closed" };
      return paidOrRefunded(fields, refunded > 0n ? refunded : (fenOf(fields.total_amount) ?? 0n), at);
    }
    default:
      return { broken: `the trade status ${JSON.stringify(fields.trade_status)} is not known` };
  }
}

/** Of `alipay.trade.query`. Its amount is the truth, even where it is not what was asked. */
export function tradeOfQuery(answer: Answer, order: Order, at: Date): CallEnd<TradeOutcome> {
  if (answer.code === "40004") return notFoundOrRefused(answer);
  if (answer.code !== "10000") return unexpected(answer);
  const stranger = otherOrder(answer.body, order.channelOrderNo);
  if (stranger !== null) return { end: "unknown", reason: stranger };
  const trade = tradeOf(answer.body, at);
  if ("broken" in trade) return { end: "unknown", reason: trade.broken };
  return { end: "answered", value: trade.outcome === "pending" ? withJsapi(trade, order) : trade };
}

/** Where the answer that placed it was lost, the open trade is all that the buyer's page needs. */
function withJsapi(
  trade: Extract<TradeOutcome, { outcome: "pending" }>,
  order: Order,
): Extract<TradeOutcome, { outcome: "pending" }> {
  const { channelTradeNo } = trade;
  if (order.method !== "alipay.jsapi" || channelTradeNo === undefined) return trade;
  return { ...trade, nextAction: jsapiAction(channelTradeNo) };
}

/** What a page inside the wallet hands to `AlipayJSBridge.call("tradePay", …)`. */
function jsapiAction(tradeNo: string): NextAction {
  return { type: "jsapi_params", params: { tradeNO: tradeNo } };
}

/** Of `alipay.trade.pay`, the buyer's payment code. */
export function tradeOfPay(answer: Answer, order: NewOrder, at: Date): CallEnd<TradeOutcome> {
  if (answer.code === "40004") {
    if (isOtherState(answer)) return asking(answer);
    return {
      end: "answered",
      value: { outcome: "failed", code: answer.subCode ?? answer.code, message: answer.message },
    };
  }
  const stranger = otherOrder(answer.body, order.channelOrderNo);
  if (stranger !== null) return { end: "unknown", reason: stranger };
  if (answer.code === "10003") {
    return { end: "answered", value: { outcome: "pending", ...tradeNoOf(answer.body) } };
  }
  const facts = factsOf(answer.body, at);
  if ("broken" in facts) return { end: "unknown", reason: facts.broken };
  if (facts.amount !== order.amount) {
    return { end: "unknown", reason: `the answer's amount is ${facts.amount}, asked was ${order.amount}` };
  }
  return { end: "answered", value: { outcome: "paid", ...facts } };
}

/** Of `alipay.trade.precreate` and `alipay.trade.create`, which only place an order. */
export function tradeOfPlacing(answer: Answer, order: NewOrder): CallEnd<TradeOutcome> {
  if (answer.code === "40004") return isOtherState(answer) ? asking(answer) : refused(answer);
  if (answer.code !== "10000") return unexpected(answer);
  const { body } = answer;
  const stranger = otherOrder(body, order.channelOrderNo);
  if (stranger !== null) return { end: "unknown", reason: stranger };
  const nextAction: NextAction | null =
    typeof body.qr_code === "string"
      ? { type: "qr_code", qrCode: body.qr_code }
      : typeof body.trade_no === "string"
        ? jsapiAction(body.trade_no)
        : null;
  if (nextAction === null) return { end: "unknown", reason: "the answer names neither a code nor a trade" };
  return { end: "answered", value: { outcome: "pending", nextAction, ...tradeNoOf(body) } };
}

/** Of `alipay.trade.close`; `ask` when it was too late, so that a query must tell what the order became. */
export function tradeOfClose(answer: Answer, order: Order): CallEnd<TradeOutcome> | "ask" {
  if (answer.code === "40004") return isOtherState(answer) ? "ask" : notFoundOrRefused(answer);
  if (answer.code !== "10000") return unexpected(answer);
  const stranger = otherOrder(answer.body, order.channelOrderNo);
  if (stranger !== null) return { end: "unknown", reason: stranger };
  return { end: "answered", value: { outcome: "closed" } };
}

/**
 * Of `alipay.trade.cancel`; `ask` when a trade was ended and the answer does not say that money went back:
 * what a repeat says of a refund by the first call is not documented.
 */
export function reversalOf(answer: Answer, order: Order, at: Date): CallEnd<ReversalOutcome> | "ask" {
  const { code, subCode, body } = answer;
  if (code === "40004" && subCode !== "ACQ.TRADE_NOT_EXIST") return refused(answer);
  if (code !== "10000" && code !== "40004") return unexpected(answer);
  const stranger = code === "10000" ? otherOrder(body, order.channelOrderNo) : null;
  if (stranger !== null) return { end: "unknown", reason: stranger };
  if (body.retry_flag === "Y") return { end: "answered", value: { outcome: "again" } };
  const tradeNo = textOr(body.trade_no, null);
  if (tradeNo !== null && body.action !== "refund") return "ask";
  return {
    end: "answered",
    value: {
      outcome: "reversed",
      moneyReturned: body.action === "refund",
      channelTradeNo: tradeNo,
      channelDate: dateOf(body.gmt_refund_payment, at),
    },
  };
}

/** What a cancelled order's query says of the money. */
export function reversalOfTrade(trade: TradeOutcome, order: Order, at: Date): CallEnd<ReversalOutcome> {
  const ended = trade.outcome === "refunded" || trade.outcome === "closed" || trade.outcome === "not_found";
  if (!ended) return { end: "unknown", reason: `cancelled, yet the query says ${trade.outcome}` };
  const channelDate = beijingDate(at);
  if (trade.outcome !== "refunded") {
    const { channelTradeNo } = order;
    const value = { outcome: "reversed", moneyReturned: false, channelTradeNo, channelDate } as const;
    return { end: "answered", value };
  }
  const { outcome: _, refundedAmount: _all, ...paid } = trade;
  const { channelTradeNo } = trade;
  const value = { outcome: "reversed", moneyReturned: true, channelTradeNo, channelDate, paid } as const;
  return { end: "answered", value };
}

/** Of `alipay.trade.refund`. */
export function refundOf(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  const { code, subCode, body } = answer;
  if (code === "40004") {
    if (subCode !== null && FUNDS.has(subCode)) return { ...refused(answer), retryable: true };
    // Under this number the channel knows a refund of another amount: this call did nothing, that one may
    // have.
    if (subCode === "ACQ.DISCORDANT_REPEAT_REQUEST") return refused(answer);
    return { end: "answered", value: { outcome: "failed", code: subCode ?? code, message: answer.message } };
  }
  if (code !== "10000") return unexpected(answer);
  const stranger = otherOrder(body, refund.order.channelOrderNo);
  if (stranger !== null) return { end: "unknown", reason: stranger };
  if (body.fund_change !== "Y") return { end: "answered", value: { outcome: "pending" } };
  return {
    end: "answered",
    value: {
      outcome: "accepted",
      settleAmount: fenOf(body.send_back_fee),
      channelRefundNo: null,
      channelDate: dateOf(body.gmt_refund_pay, at),
      refundedInAll: fenOf(body.refund_fee),
    },
  };
}

/**
 * Of `alipay.trade.fastpay.refund.query`: without `refund_status` Alipay never took the refund, or it failed.
 */
export function refundOfQuery(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  const { code, body } = answer;
  if (code === "40004") return notFoundOrRefused(answer);
  if (code !== "10000") return unexpected(answer);
  if (body.refund_status === undefined || body.refund_status === "") {
    return { end: "answered", value: { outcome: "not_found" } };
  }
  const stranger =
    otherOrder(body, refund.order.channelOrderNo) ??
    (body.out_request_no === refund.channelRefundNo ? null : "the answer is about another refund");
  if (stranger !== null) return { end: "unknown", reason: stranger };
  if (body.refund_status !== "REFUND_SUCCESS") return { end: "answered", value: { outcome: "pending" } };
  const amount = fenOf(body.refund_amount);
  if (amount !== refund.amount) {
    return { end: "unknown", reason: `the channel refunded ${amount}, asked was ${refund.amount}` };
  }
  return { end: "answered", value: arrival(body, depositBackOf(body), at) };
}

/** Of a notification about a refund, whose fields stand flat. */
export function refundOfNotification(fields: Fields, at: Date): RefundOutcome {
  const { gmt_refund: gmtRefund, refund_fee: refundFee } = fields;
  const body = { gmt_refund_pay: gmtRefund, refund_fee: refundFee };
  const outcome = arrival(body, { ...fields, has_deposit_back: "true" }, at);
  // Without word of the bank, a notification says that the refund was taken, not that it arrived.
  return fields.dback_status === undefined && outcome.outcome === "arrived"
    ? { ...outcome, outcome: "accepted" }
    : outcome;
}

/** The way back to a bank card goes on after Alipay is done: P on its way, S there, F came back. */
function arrival(body: Fields, depositBack: Fields, at: Date): RefundOutcome {
  const toBank = String(depositBack.has_deposit_back) === "true";
  if (toBank && depositBack.dback_status === "F") {
    return {
      outcome: "returned",
      channelDate: dateOf(depositBack.bank_ack_time, at),
      message: "The buyer's bank sent the refund back.",
    };
  }
  return {
    outcome: toBank && depositBack.dback_status === "P" ? "accepted" : "arrived",
    settleAmount: fenOf(body.send_back_fee),
    channelRefundNo: null,
    channelDate: dateOf(body.gmt_refund_pay, at),
    // Notifications carry it, answers about one refund do not.
    refundedInAll: fenOf(body.refund_fee),
  };
}

function depositBackOf(body: Fields): Fields {
  const info = body.deposit_back_info;
  return typeof info === "object" && info !== null ? (info as Fields) : {};
}

function paidOrRefunded(
  fields: Fields,
  refunded: bigint,
  at: Date,
): TradeOutcome | { readonly broken: string } {
  const facts = factsOf(fields, at);
  if ("broken" in facts) return facts;
  return refunded > 0n
    ? { outcome: "refunded", refundedAmount: refunded, ...facts }
    : { outcome: "paid", ...facts };
}

function factsOf(fields: Fields, at: Date): TradeFacts | { readonly broken: string } {
  const amount = fenOf(fields.total_amount);
  const tradeNo = textOr(fields.trade_no, null);
  if (amount === null || amount <= 0n) return { broken: "a paid trade without a readable total_amount" };
  if (tradeNo === null) return { broken: "a paid trade without a trade_no" };
  // Money that moved is booked even where Alipay leaves its time out; the statement puts the day right.
  const paidAt = parseBeijingTime(fields.send_pay_date) ?? parseBeijingTime(fields.gmt_payment) ?? at;
  const buyer = textOr(fields.buyer_logon_id ?? fields.buyer_user_id ?? fields.buyer_id, null);
  return {
    amount,
    currency: "CNY",
    settleAmount: fenOf(fields.receipt_amount),
    channelTradeNo: tradeNo,
    paidAt,
    channelDate: beijingDate(paidAt),
    buyer: buyer === null ? null : maskMiddle(buyer),
  };
}

function otherOrder(body: Fields, channelOrderNo: string): string | null {
  return body.out_trade_no === channelOrderNo ? null : "the answer is about another order";
}

function isOtherState(answer: Answer): boolean {
  return answer.subCode !== null && OTHER_STATE.has(answer.subCode);
}

function asking(answer: Answer): CallEnd<never> {
  return { end: "unknown", reason: `${answer.subCode}: the order is in another state; a query tells which` };
}

/** A "no" after which nothing happened. */
export function refused(answer: Answer): Extract<CallEnd<never>, { end: "refused" }> {
  return {
    end: "refused",
    code: answer.subCode ?? answer.code,
    message: answer.message,
    retryable: false,
    ...sideOf(answer.code, answer.subCode),
  };
}

function notFoundOrRefused(answer: Answer): CallEnd<{ readonly outcome: "not_found" }> {
  if (answer.subCode === "ACQ.TRADE_NOT_EXIST") return { end: "answered", value: { outcome: "not_found" } };
  return refused(answer);
}

function unexpected(answer: Answer): CallEnd<never> {
  return { end: "unknown", reason: `the code ${answer.code} is not one of this method's` };
}

function tradeNoOf(fields: Fields): { channelTradeNo?: string } {
  return typeof fields.trade_no === "string" && fields.trade_no !== ""
    ? { channelTradeNo: fields.trade_no }
    : {};
}

function dateOf(time: unknown, at: Date): string {
  return beijingDate(parseBeijingTime(time) ?? at);
}

function textOr<T>(value: unknown, missing: T): string | T {
  return typeof value === "string" && value !== "" ? value : missing;
}
