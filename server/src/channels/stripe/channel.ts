import { HOUR } from "../../kernel/clock.ts";
import { afterwards, finish, joinExchanges, unsent } from "../exchanges.ts";
import type {
  Acknowledgement,
  Call,
  CallEnd,
  Channel,
  ChannelContext,
  ChannelDeps,
  ExchangeRecord,
  NewOrder,
  Operation,
  Order,
  RefundOrder,
  RefundOutcome,
  ReversalOutcome,
  TradeOutcome,
} from "../port.ts";
import { withDownloads } from "../statement-download.ts";
import { type Fields, type NoAnswer, textOr } from "./answer.ts";
import { merchantOf, parseCredentials } from "./credentials.ts";
import { disputeOfQuery } from "./dispute-outcomes.ts";
import { type Found, findOrder, seek } from "./finding.ts";
import { begun, callGateway, credentialsOf } from "./gateway.ts";
import { readStatement } from "./movements.ts";
import { readNotification } from "./notification.ts";
import { proofOf, tradeOfClose, tradeOfPlacing, understood } from "./outcomes.ts";
import { readPayouts } from "./payouts.ts";
import {
  foreignRefundsIn,
  isRememberedLack,
  refundFound,
  refundNoOf,
  refundOf,
  refundOfUsedKey,
} from "./refund-outcomes.ts";
import {
  accountQuery,
  cancelRequest,
  disputeQuery,
  expireRequest,
  placeRequest,
  refundRequest,
  refundsOf,
} from "./requests.ts";
import { fetchStatement } from "./statement.ts";
import { STRIPE_TRAITS } from "./traits.ts";
import { refuseOrder } from "./validation.ts";

/** Stripe may have forgotten an idempotency key after a day: before that, what was done is looked for. */
const KEY_MEMORY_MS = 20 * HOUR;

const NOT_PAID = "order_not_paid";

/**
 * How often one refund is asked for anew after the money was not there: each turn that is over is gone
 * through again before the next, as a call of its own, for Stripe alone remembers how many there were.
 */
const TURNS_MAX = 40;

/**
 * Stripe's connector over API v1, for one account: wiring; what is asked and what an answer means is in the
 * pure files beside it.
 */
export function createStripe(deps: ChannelDeps): Channel {
  return withDownloads({
    traits: STRIPE_TRAITS,
    parseCredentials,
    merchantOf,
    refuseOrder,
    prove: (context) => prove(deps, begun(deps, context)),
    pay: (context, order) => pay(deps, begun(deps, context), order),
    query: (context, order) => query(deps, begun(deps, context), order, "query"),
    close: (context, order) => close(deps, begun(deps, context), order),
    reverse: async (_context, order) => noReversal(deps, order),
    refund: (context, refund) => sendRefund(deps, begun(deps, context), refund),
    queryRefund: (context, refund) => queryRefund(deps, begun(deps, context), refund, "refund_query"),
    queryDispute: (context, channelDisputeNo) => queryDispute(deps, begun(deps, context), channelDisputeNo),
    readNotification: (contexts, request) => readNotification(contexts, request, deps.clock.now()),
    acknowledge,
    fetchStatement: (context, channelDate) => fetchStatement(deps, context, channelDate),
    readStatement,
    payouts: { toldIn: "trade", payer: "STRIPE", read: readPayouts },
  });
}

/** The account that the secret key opens. An event's secret is proved by the first event alone. */
async function prove(deps: ChannelDeps, context: ChannelContext): ReturnType<Channel["prove"]> {
  const called = await callGateway(deps, context, "prove", accountQuery());
  return finish(called, (answer) => {
    const proof = proofOf(answer, credentialsOf(context));
    const id = textOr(answer.body.id, null);
    if (proof.end !== "answered" || id === null) return proof;
    return { end: "answered", value: { proved: true, merchant: { account_id: id } } };
  });
}

async function pay(deps: ChannelDeps, context: ChannelContext, order: NewOrder): Promise<Call<TradeOutcome>> {
  const called = await callGateway(deps, context, "pay", placeRequest(order));
  return finish(called, (answer) => tradeOfPlacing(answer, order, credentialsOf(context)));
}

async function query(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
  operation: Operation,
): Promise<Call<TradeOutcome>> {
  const found = await findOrder(deps, context, operation, order);
  if (found.end !== "answered") return found;
  const end: CallEnd<TradeOutcome> =
    found.value === null
      ? { end: "answered", value: { outcome: "not_found" } }
      : understood(found.value, order, deps.clock.now());
  if (end.end !== "answered" || end.value.outcome !== "refunded") return { ...end, exchange: found.exchange };
  return withForeignRefunds(deps, context, operation, end.value, found.exchange);
}

/** The sum that went back does not tell what others gave back: their refunds are asked for one by one. */
async function withForeignRefunds(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  trade: Extract<TradeOutcome, { outcome: "refunded" }>,
  exchange: ExchangeRecord,
): Promise<Call<TradeOutcome>> {
  const refunds: Fields[] = [];
  const all = (refund: Fields) => {
    refunds.push(refund);
    return false;
  };
  const pageAfter = (after: string | null) => refundsOf(trade.channelTradeNo, after);
  const listed = await seek(deps, context, operation, pageAfter, all);
  const joined = joinExchanges(exchange, listed.exchange);
  if (listed.end !== "answered") return { ...listed, exchange: joined };
  const others = foreignRefundsIn(refunds, deps.clock.now());
  if (others.end !== "answered") return { ...(others as NoAnswer), exchange: joined };
  return { end: "answered", value: { ...trade, foreignRefunds: others.value }, exchange: joined };
}

/** A session expires, a PaymentIntent is cancelled. What is over already is asked what it became. */
async function close(deps: ChannelDeps, context: ChannelContext, order: Order): Promise<Call<TradeOutcome>> {
  if (order.channelTradeNo !== null) return closeKnown(deps, context, order, order.channelTradeNo);
  const found = await findOrder(deps, context, "close", order);
  if (found.end !== "answered") return found;
  const { exchange } = found;
  if (found.value === null) return { end: "answered", value: { outcome: "not_found" }, exchange };
  const id = textOr(found.value.id, "");
  const closed = await closeKnown(deps, context, { ...order, channelTradeNo: id }, id);
  return { ...closed, exchange: joinExchanges(exchange, closed.exchange) };
}

async function closeKnown(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
  id: string,
): Promise<Call<TradeOutcome>> {
  const request = id.startsWith("cs_") ? expireRequest(id) : cancelRequest(id);
  const called = await callGateway(deps, context, "close", request);
  if (called.end !== "answer") return called;
  const end = tradeOfClose(called.answer);
  if (end !== "ask") return { ...end, exchange: called.exchange };
  const asked = afterwards(called.exchange, await query(deps, context, order, "close"));
  if (asked.end !== "answered" || asked.value.outcome !== "pending") return asked;
  // A bank that has not answered yet is waited for: the order can be neither closed nor paid anew.
  return { end: "unknown", reason: "Stripe does not end the order now", exchange: asked.exchange };
}

/** Only a charged payment code is reversed. Nothing is sent. */
function noReversal(deps: ChannelDeps, order: Order): Call<ReversalOutcome> {
  const message = `${order.method} is ended by closing it.`;
  const exchange = unsent(deps.clock, "reverse");
  return { end: "refused", code: "no_reversal", message, retryable: false, exchange };
}

/**
 * Stripe remembers under an idempotency key also that the money was not there. That refusal moved nothing, so
 * the next turn goes under a key of its own; the turns follow one another, so two processes that refund at
 * once walk the same way and meet in the same key.
 */
async function sendRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const now = deps.clock.now();
  if (now.getTime() - refund.createdAt.getTime() > KEY_MEMORY_MS) {
    const known = await queryRefund(deps, context, refund, "refund");
    // Nothing is said of the refund itself: it is not over.
    if (known.end === "refused") return { ...known, retryable: true };
    if (known.end !== "answered" || known.value.outcome !== "not_found") return known;
  }
  const intent = await intentOf(deps, context, "refund", refund.order);
  if (intent.end !== "answered") return notAskedFor(intent);
  let { exchange } = intent;
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const called = await callGateway(deps, context, "refund", refundRequest(refund, intent.value, turn));
    exchange = exchange === null ? called.exchange : joinExchanges(exchange, called.exchange);
    // Refused before it was looked at, for a key of ours: the merchant's refund is not over.
    if (called.end === "refused") return { ...called, retryable: true, exchange };
    if (called.end !== "answer") return { ...called, exchange };
    if (isRememberedLack(called.answer)) continue;
    const end = refundOf(called.answer, refund, now);
    if (end !== "ask") return { ...end, exchange };
    const found = await findRefund(deps, context, refund, "refund");
    if (found.end !== "answered") return afterwards(exchange, found);
    const told = refundOfUsedKey(called.answer, found.value, refund, now);
    return { ...told, exchange: joinExchanges(exchange, found.exchange) };
  }
  const reason = `the balance was too low ${TURNS_MAX} times`;
  return { end: "not_sent", reason, exchange: exchange ?? unsent(deps.clock, "refund") };
}

async function queryRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
  operation: Operation,
): Promise<Call<RefundOutcome>> {
  const found = await findRefund(deps, context, refund, operation);
  if (found.end !== "answered") return found;
  const end: CallEnd<RefundOutcome> =
    found.value === null
      ? { end: "answered", value: { outcome: "not_found" } }
      : refundFound(found.value, refund, deps.clock.now());
  return { ...end, exchange: found.exchange };
}

/** The refund with our number among those of its payment. */
async function findRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
  operation: Operation,
): Promise<Found> {
  const intent = await intentOf(deps, context, operation, refund.order);
  if (intent.end === "refused" && intent.code === NOT_PAID) {
    return { end: "answered", value: null, exchange: intent.exchange };
  }
  if (intent.end !== "answered") return intent;
  const byNumber = (object: Fields) => refundNoOf(object) === refund.channelRefundNo;
  const pageAfter = (after: string | null) => refundsOf(intent.value, after);
  const found = await seek(deps, context, operation, pageAfter, byNumber);
  if (intent.exchange === null) return found;
  return { ...found, exchange: joinExchanges(intent.exchange, found.exchange) };
}

type Intent =
  | { readonly end: "answered"; readonly value: string; readonly exchange: ExchangeRecord | null }
  | (Exclude<CallEnd<never>, { end: "answered" }> & { readonly exchange: ExchangeRecord });

/** The PaymentIntent that an order was paid by; a paid order carries its number. */
async function intentOf(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  order: Order,
): Promise<Intent> {
  const { channelTradeNo } = order;
  if (channelTradeNo?.startsWith("pi_")) return { end: "answered", value: channelTradeNo, exchange: null };
  const found = await findOrder(deps, context, operation, order);
  if (found.end !== "answered") return found;
  const { exchange } = found;
  if (found.value === null) {
    return { end: "not_sent", reason: "the order is not found at Stripe", exchange };
  }
  const id = intentIdOf(found.value);
  if (id !== null) return { end: "answered", value: id, exchange };
  const message = "The order is not paid.";
  return { end: "refused", code: NOT_PAID, message, retryable: false, exchange };
}

function intentIdOf(found: Fields): string | null {
  if (found.object === "payment_intent") return textOr(found.id, null);
  const intent = found.payment_intent;
  if (typeof intent === "string") return intent;
  return typeof intent === "object" && intent !== null ? textOr((intent as Fields).id, null) : null;
}

/** The look before the refund did not succeed, so the refund was not sent. */
function notAskedFor(intent: Exclude<Intent, { end: "answered" }>): Call<never> {
  if (intent.end === "refused") return { ...intent, retryable: intent.code !== NOT_PAID };
  const isRateRefusal = intent.end === "not_sent" && intent.isRateRefusal === true;
  const { reason, exchange } = intent;
  return { end: "not_sent", reason, exchange, ...(isRateRefusal ? { isRateRefusal } : {}) };
}

async function queryDispute(deps: ChannelDeps, context: ChannelContext, channelDisputeNo: string) {
  const called = await callGateway(deps, context, "dispute_query", disputeQuery(channelDisputeNo));
  return finish(called, (answer) => disputeOfQuery(answer, channelDisputeNo, deps.clock.now()));
}

/** Any 2xx is a yes; anything else makes Stripe send again. */
function acknowledge(accepted: boolean): Acknowledgement {
  const contentType = "application/json; charset=utf-8";
  return accepted
    ? { status: 200, contentType, body: '{"received":true}' }
    : { status: 400, contentType, body: '{"received":false}' };
}
