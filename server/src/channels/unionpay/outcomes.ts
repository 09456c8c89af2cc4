import { maskMiddle } from "../masking.ts";
import type {
  CallEnd,
  NewOrder,
  NextAction,
  Order,
  ReversalOutcome,
  TradeFacts,
  TradeOutcome,
} from "../port.ts";
import { CNY, fenOf } from "./amount.ts";
import { type Answer, refused } from "./answer.ts";
import { clearingDateOf } from "./clearing-day.ts";
import { meaningOf, sideOf } from "./codes.ts";
import type { Fields } from "./signing.ts";
import { dateNear, parseCompactTime, timeNear } from "./time.ts";

// Pure: what a believed answer or notification says of an order. `at` is when it arrived.
//
// respCode is about the message; of a query origRespCode is about the transaction.
//
// 00, A6       paid
// 03, 04, 05   open
// 34           not found, which soon after submission is no end: whoever drives the channel waits
// 01, 10–89    refused for good
// 06, 90–99    not known
//
// That something was given back is told by the refund's own order, never by the payment's.

/** The code of an order that was reversed, and of many another failure. */
const REVERSED = "01";

/** What the transaction in a query's answer says of its order. */
export function tradeOfQuery(answer: Answer, at: Date): CallEnd<TradeOutcome> {
  const { code, fields } = answer;
  switch (meaningOf(code)) {
    case "success": {
      const told = tradeOf(fields.origRespCode, fields.origRespMsg, fields, at);
      if (told.end !== "answered" || told.value.outcome !== "failed") return told;
      const tookBefore = fields.origRespCode === REVERSED ? takenBefore(fields, at) : null;
      return tookBefore === null ? told : { end: "answered", value: { ...told.value, tookBefore } };
    }
    case "not_found":
      return { end: "answered", value: { outcome: "not_found" } };
    case "refused":
      return refused(answer);
    default:
      return unknown(answer);
  }
}

/**
 * What a transaction's own code says of its order.
 * @param fields of the answer or the notification around it
 */
export function tradeOf(
  code: string | undefined,
  message: string | undefined,
  fields: Fields,
  at: Date,
): CallEnd<TradeOutcome> {
  switch (meaningOf(code)) {
    case "success": {
      const facts = factsOf(fields, at);
      return "broken" in facts
        ? { end: "unknown", reason: facts.broken }
        : { end: "answered", value: { outcome: "paid", ...facts } };
    }
    case "open":
      return { end: "answered", value: { outcome: "pending", ...tradeNoOf(fields) } };
    case "not_found":
      return { end: "answered", value: { outcome: "not_found" } };
    case "refused":
    case "rate":
      return { end: "answered", value: { outcome: "failed", code: code ?? "", message: message ?? "" } };
    default:
      return { end: "unknown", reason: `the transaction's code is ${code ?? "missing"} ${message ?? ""}` };
  }
}

/**
 * Of the call that places an order for the buyer to pay: what he needs. `ask` where the order is there
 * already, so that a query must tell what became of it.
 */
export function tradeOfPlacing(answer: Answer, order: NewOrder): CallEnd<TradeOutcome> | "ask" {
  switch (meaningOf(answer.code)) {
    case "success": {
      const nextAction = nextActionOf(answer.fields, order);
      if (nextAction === null) {
        return { end: "unknown", reason: "the answer has nothing that the buyer can use" };
      }
      return { end: "answered", value: { outcome: "pending", nextAction } };
    }
    case "duplicate":
      return "ask";
    case "refused":
      return refused(answer);
    default:
      return unknown(answer);
  }
}

/**
 * Of a duplicate, asked about. UnionPay hands out what the buyer pays with only once: where that answer was
 * lost nobody has it, and the order cannot be paid. The contract's other ways, or another contract, can be.
 */
export function tradeOfDuplicate(trade: TradeOutcome): CallEnd<TradeOutcome> {
  if (trade.outcome !== "pending" && trade.outcome !== "not_found") return { end: "answered", value: trade };
  const message = "UnionPay has this order, and does not hand out again what the buyer pays it with.";
  return { end: "refused", code: "12", message, retryable: false, side: "channel" };
}

/** Of charging a payment code; `ask` where only a query tells what became of it. */
export function tradeOfCharge(answer: Answer): CallEnd<TradeOutcome> | "ask" {
  const { code, message } = answer;
  switch (meaningOf(code)) {
    // Accepted: of a back request that is all it says.
    case "success":
    case "duplicate":
      return "ask";
    case "open":
      return { end: "answered", value: { outcome: "pending", ...tradeNoOf(answer.fields) } };
    case "refused":
      return sideOf(code) === "channel"
        ? refused(answer)
        : { end: "answered", value: { outcome: "failed", code, message } };
    default:
      return unknown(answer);
  }
}

/** Of a charge that was accepted, or was sent before, asked about. */
export function tradeOfAccepted(asked: CallEnd<TradeOutcome>, order: Order): CallEnd<TradeOutcome> {
  // Taken in, and its result not to be had yet.
  if (asked.end !== "answered" || asked.value.outcome === "not_found") {
    return { end: "answered", value: { outcome: "pending" } };
  }
  const { value } = asked;
  if (value.outcome === "paid" && value.amount !== order.amount) {
    return { end: "unknown", reason: `the amount taken is ${value.amount}, asked was ${order.amount}` };
  }
  return asked;
}

/** What must be asked after a reversal, and what stands where it did not reverse. */
export type AfterReversal = { readonly ask: "reversed" } | { readonly ask: CallEnd<ReversalOutcome> };

/** Of a reversal. Whether the buyer had paid it never tells, so that a query must. */
export function reversalOf(answer: Answer): CallEnd<ReversalOutcome> | AfterReversal {
  switch (meaningOf(answer.code)) {
    case "success":
      return { ask: "reversed" };
    // The order may still be on its way there, and be paid when it arrives.
    case "not_found":
      return { ask: { end: "answered", value: { outcome: "again" } } };
    case "open":
      return { end: "answered", value: { outcome: "again" } };
    case "refused":
      return { ask: refused(answer) };
    default:
      return unknown(answer);
  }
}

/** What the query afterwards says of the money. */
export function reversalOfQuery(
  answer: Answer,
  order: Order,
  { ask }: AfterReversal,
  at: Date,
): CallEnd<ReversalOutcome> {
  const told = tradeOfQuery(answer, at);
  // The first call was answered: a query that is refused leaves the whole unknown, not undone.
  if (told.end !== "answered") return unknown(answer);
  const { outcome } = told.value;
  if (ask !== "reversed" && (outcome === "paid" || outcome === "pending")) return ask;
  // Still called so, or paid since: a reversal can be repeated, and takes back what is there by then.
  if (outcome === "paid") return { end: "answered", value: { outcome: "again" } };
  const channelDate = clearingDateOf(at);
  const paid = told.value.outcome === "failed" ? told.value.tookBefore : undefined;
  if (paid !== undefined) {
    const { channelTradeNo } = paid;
    return {
      end: "answered",
      value: { outcome: "reversed", moneyReturned: true, channelTradeNo, channelDate, paid },
    };
  }
  // What was reversed is there: a query that does not see it yet cannot tell whether it had been paid.
  if (ask === "reversed" && (outcome === "pending" || outcome === "not_found")) {
    return { end: "unknown", reason: `reversed, yet the query says ${outcome}` };
  }
  const { channelTradeNo } = order;
  return {
    end: "answered",
    value: { outcome: "reversed", moneyReturned: false, channelTradeNo, channelDate },
  };
}

/**
 * What a reversed order had taken. Its code is no success any more, but what cleared is still told of it:
 * a sum that settles and the clearing day. Whether it was reversed, its code does not tell.
 */
function takenBefore(fields: Fields, at: Date): TradeFacts | null {
  if (!fields.settleAmt || !fields.settleDate) return null;
  const facts = factsOf(fields, at);
  return "broken" in facts ? null : facts;
}

/** Of the query for an order that cannot exist: only a known merchant is told so, only UnionPay signs it. */
export function proofOf(answer: Answer, at: Date): CallEnd<{ proved: true }> {
  const told = tradeOfQuery(answer, at);
  if (told.end !== "answered") return told;
  return told.value.outcome === "not_found"
    ? { end: "answered", value: { proved: true } }
    : { end: "unknown", reason: "an order that nobody placed is there" };
}

/** A code that an operation has no meaning for. */
export function unknown({ code, message }: Answer): Extract<CallEnd<never>, { end: "unknown" }> {
  return { end: "unknown", reason: `${code} ${message}: a query tells what became of it`.trim() };
}

/** The clearing day in an answer, `settleDate`; without it the day of `at`. */
export function settleDateOf({ settleDate = "" }: Fields, at: Date): string {
  return dateNear(settleDate, at) ?? clearingDateOf(at);
}

function factsOf(fields: Fields, at: Date): TradeFacts | { readonly broken: string } {
  const amount = fenOf(fields.txnAmt);
  const { queryId, currencyCode = CNY, accNo } = fields;
  if (amount === null || amount <= 0n) return { broken: "a paid order without a readable txnAmt" };
  if (currencyCode !== CNY) return { broken: "a paid order of another currency" };
  if (!queryId) return { broken: "a paid order without a queryId" };
  // Money that moved is booked even where its time is left out; the statement puts the day right.
  const paidAt = timeNear(fields.traceTime ?? "", at) ?? parseCompactTime(queryId.slice(0, 14)) ?? at;
  return {
    amount,
    currency: "CNY",
    settleAmount: settledOf(fields, amount),
    channelTradeNo: queryId,
    paidAt,
    channelDate: settleDateOf(fields, paidAt),
    buyer: accNo ? maskMiddle(accNo) : null,
    ...cardTypeOf(fields),
  };
}

/** 01 debit, 02 and 03 credit; cards that are both, prepaid or not told are none of the two. */
function cardTypeOf({ payCardType }: Fields): Pick<TradeFacts, "cardType"> {
  if (payCardType === "01") return { cardType: "debit" };
  return payCardType === "02" || payCardType === "03" ? { cardType: "credit" } : {};
}

/** What settles, where it is told in the same currency and is a part of what was paid. */
function settledOf({ settleAmt, settleCurrencyCode = CNY }: Fields, amount: bigint): bigint | null {
  const settled = settleCurrencyCode === CNY ? fenOf(settleAmt) : null;
  return settled !== null && settled <= amount ? settled : null;
}

function nextActionOf({ qrCode, tn }: Fields, { method }: NewOrder): NextAction | null {
  if (method === "unionpay.qr") return qrCode ? { type: "qr_code", qrCode } : null;
  return tn ? { type: "app_params", params: tn } : null;
}

function tradeNoOf({ queryId }: Fields): { channelTradeNo?: string } {
  return queryId ? { channelTradeNo: queryId } : {};
}
