import type { CallEnd, NewOrder, NextAction, Order, TradeFacts, TradeOutcome } from "../port.ts";
import { currencyOf, minorUnitsOf } from "./amount.ts";
import { type Answer, type Fields, IDEMPOTENCY, isMissing, objectOf, refused, textOr } from "./answer.ts";
import type { StripeCredentials } from "./credentials.ts";
import { ORDER_NO } from "./requests.ts";
import { instantOf, utcDate } from "./time.ts";
import { APP_METHOD, PAGE_METHOD } from "./traits.ts";

// Pure: what an answer or an event says of an order. `at` is when it was said.
//
// A PaymentIntent
//   requires_payment_method   open; after a decline too, for the buyer may try another card
//   requires_confirmation     open
//   requires_action           open: the buyer's bank asks him
//   processing                open: the bank has not said yet
//   requires_capture          open: held, and not taken. Nothing here asks for that
//   succeeded                 paid; `refunded` where its charge says that some went back
//   canceled                  unpaid and over
//
// A Checkout Session
//   open                      open, whatever its PaymentIntent says meanwhile
//   complete                  what its PaymentIntent says; one that wants another means of payment failed: a
//                             page that is complete takes no other
//   expired                   unpaid and over, unless its PaymentIntent succeeded
//
// Refunds of a charge count from when they are made, also while they are under way, until they fail.

const OPEN_INTENT: ReadonlySet<string> = new Set([
  "requires_payment_method",
  "requires_confirmation",
  "requires_action",
  "processing",
  "requires_capture",
]);

type Told = TradeOutcome | { readonly broken: string };

/** What a PaymentIntent says; its charge is read where it came with it. */
export function tradeOfIntent(intent: Fields, at: Date): Told {
  const status = textOr(intent.status, "");
  if (OPEN_INTENT.has(status)) return { outcome: "pending", channelTradeNo: textOr(intent.id, "") };
  if (status === "canceled") return { outcome: "closed" };
  if (status !== "succeeded") return { broken: `the status ${JSON.stringify(intent.status)} is not known` };
  const charge = objectOf(intent.latest_charge);
  const paidAt = instantOf(objectOf(charge.balance_transaction).created) ?? instantOf(charge.created) ?? at;
  return taken(
    {
      amount: intent.amount_received,
      currency: intent.currency,
      tradeNo: intent.id,
      paidAt,
      buyer: cardOf(charge),
    },
    charge.amount_refunded,
  );
}

/** What a Checkout Session says; its PaymentIntent is read where it came with it. */
export function tradeOfSession(session: Fields, at: Date): Told {
  const intent = objectOf(session.payment_intent);
  const pending = { outcome: "pending", channelTradeNo: textOr(session.id, "") } as const;
  if (intent.status === "succeeded") return tradeOfIntent(intent, at);
  switch (session.status) {
    case "open":
      return pending;
    case "expired":
      return { outcome: "closed" };
    case "complete":
      break;
    default:
      return { broken: `the session's status ${JSON.stringify(session.status)} is not known` };
  }
  if (intent.status === "requires_payment_method") return failureOf(intent);
  const told = intent.status === undefined ? pending : tradeOfIntent(intent, at);
  return "broken" in told || told.outcome !== "pending" ? told : pending;
}

/** What a session told to be paid says by itself, without its PaymentIntent. */
export function tradeOfPaidSession(session: Fields, at: Date): Told {
  const { amount_total: amount, currency, payment_intent: tradeNo } = session;
  return taken({ amount, currency, tradeNo, paidAt: at, buyer: null }, undefined);
}

/** What a charge of which something was refunded says of its order. */
export function tradeOfRefundedCharge(charge: Fields, at: Date): Told {
  const { amount_captured: amount, currency, payment_intent: tradeNo } = charge;
  const paidAt = instantOf(objectOf(charge.balance_transaction).created) ?? instantOf(charge.created) ?? at;
  return taken({ amount, currency, tradeNo, paidAt, buyer: cardOf(charge) }, charge.amount_refunded);
}

/** Why a buyer's means of payment was not taken, at the end. */
export function failureOf(intent: Fields): TradeOutcome {
  const error = objectOf(intent.last_payment_error);
  const code = textOr(error.decline_code, textOr(error.code, "payment_failed"));
  return { outcome: "failed", code, message: textOr(error.message, "The payment was declined.") };
}

/** Of a query, by the object that came. Its amount is the truth, even where it is not what was asked. */
export function tradeOfQuery(answer: Answer, order: Order, at: Date): CallEnd<TradeOutcome> {
  if (answer.code !== null) return notFoundOrRefused(answer);
  return understood(answer.body, order, at);
}

/** Of an object that a list or a search found. */
export function understood(found: Fields, order: Order, at: Date): CallEnd<TradeOutcome> {
  if (orderNoOf(found) !== order.channelOrderNo) {
    return { end: "unknown", reason: "the answer is about another order" };
  }
  const told = found.object === "checkout.session" ? tradeOfSession(found, at) : tradeOfIntent(found, at);
  return "broken" in told ? { end: "unknown", reason: told.broken } : { end: "answered", value: told };
}

/**
 * Of the call that placed an order. Repeated, Stripe answers what it answered first, when nobody had paid
 * yet: the buyer gets the same page again, and a query tells what became of it.
 */
export function tradeOfPlacing(
  answer: Answer,
  order: NewOrder,
  { publishableKey }: Pick<StripeCredentials, "publishableKey">,
): CallEnd<TradeOutcome> {
  const { code, message, body } = answer;
  if (code === IDEMPOTENCY) {
    return { end: "unknown", reason: `${message} The number was used before; a query tells for what.` };
  }
  if (code !== null) return refused(answer);
  const [amount, currency] = [minorUnitsOf(body.amount_total ?? body.amount), currencyOf(body.currency)];
  if (orderNoOf(body) !== order.channelOrderNo || amount !== order.amount || currency !== order.currency) {
    return { end: "unknown", reason: "the answer is about another order, or another amount" };
  }
  const channelTradeNo = textOr(body.id, null);
  const nextAction = nextActionOf(body, order, publishableKey);
  if (channelTradeNo === null || nextAction === null) {
    return { end: "unknown", reason: "the answer has nothing that the buyer can use" };
  }
  return { end: "answered", value: { outcome: "pending", channelTradeNo, nextAction } };
}

/** Of a close; `ask` when it was too late, so that a query must tell what the order became. */
export function tradeOfClose(answer: Answer): CallEnd<TradeOutcome> | "ask" {
  if (answer.code !== null) return isMissing(answer) ? notFoundOrRefused(answer) : "ask";
  const { status } = answer.body;
  return status === "expired" || status === "canceled"
    ? { end: "answered", value: { outcome: "closed" } }
    : "ask";
}

/** The account that the key belongs to, where the credentials name it. */
export function proofOf(
  answer: Answer,
  { accountId }: Pick<StripeCredentials, "accountId">,
): CallEnd<{ proved: true }> {
  if (answer.code !== null) return refused(answer);
  if (answer.body.object !== "account") return { end: "unknown", reason: "the answer is no account" };
  if (accountId === null || answer.body.id === accountId) return { end: "answered", value: { proved: true } };
  const message = `secret_key belongs to ${textOr(answer.body.id, "another account")}, not to ${accountId}.`;
  return { end: "refused", code: "another_account", message, retryable: false, side: "channel" };
}

/** Our number of the order that an object of Stripe's belongs to; null where it is not ours. */
export function orderNoOf(object: Fields): string | null {
  return textOr(objectOf(object.metadata)[ORDER_NO], textOr(object.client_reference_id, null));
}

/**
 * Whether an object is about money in a currency that is not taken here, and names no order of ours: another
 * software's on the same account. An order of ours is in a currency that is taken, and says so.
 */
export function isForeignMoney(object: Fields): boolean {
  const { currency, metadata } = object;
  if (typeof currency !== "string" || currencyOf(currency) !== null) return false;
  // A page of others bears a reference too; the metadata alone is ours.
  return textOr(objectOf(metadata)[ORDER_NO], null) === null;
}

function nextActionOf(body: Fields, order: NewOrder, publishableKey: string): NextAction | null {
  const [url, clientSecret] = [textOr(body.url, null), textOr(body.client_secret, null)];
  if (order.method === PAGE_METHOD) return url === null ? null : { type: "redirect", url };
  if (order.method !== APP_METHOD || clientSecret === null) return null;
  const params = JSON.stringify({ client_secret: clientSecret, publishable_key: publishableKey });
  return { type: "app_params", params };
}

type Facts = {
  readonly amount: unknown;
  readonly currency: unknown;
  readonly tradeNo: unknown;
  readonly paidAt: Date;
  readonly buyer: string | null;
};

function taken(facts: Facts, refundedSum: unknown): Told {
  const amount = minorUnitsOf(facts.amount);
  const currency = currencyOf(facts.currency);
  const channelTradeNo = textOr(facts.tradeNo, null);
  if (amount === null || amount <= 0n) return { broken: "paid, without a readable amount" };
  if (currency === null) return { broken: "paid in a currency that is not known" };
  if (channelTradeNo === null) return { broken: "paid, without the number of a PaymentIntent" };
  const { paidAt, buyer } = facts;
  // Nothing is deducted by the buyer's side: Stripe's fee is told by the statement.
  const told: TradeFacts = {
    amount,
    currency,
    settleAmount: null,
    channelTradeNo,
    paidAt,
    channelDate: utcDate(paidAt),
    buyer,
  };
  const refundedAmount = minorUnitsOf(refundedSum) ?? 0n;
  return refundedAmount > 0n
    ? { outcome: "refunded", refundedAmount, foreignRefunds: null, ...told }
    : { outcome: "paid", ...told };
}

/** `visa ···4242`: the buyer is known by the end of his card. */
function cardOf(charge: Fields): string | null {
  const card = objectOf(objectOf(charge.payment_method_details).card);
  const last4 = textOr(card.last4, null);
  return last4 === null ? null : `${textOr(card.brand, "card")} ···${last4}`;
}

function notFoundOrRefused(answer: Answer): CallEnd<{ readonly outcome: "not_found" }> {
  return isMissing(answer) ? { end: "answered", value: { outcome: "not_found" } } : refused(answer);
}
