import { afterwards, finish, joinExchanges, unsent } from "../exchanges.ts";
import type {
  Acknowledgement,
  Call,
  CallEnd,
  Channel,
  ChannelContext,
  ChannelDeps,
  NewOrder,
  Operation,
  Order,
  RefundOrder,
  RefundOutcome,
  ReversalOutcome,
  TradeOutcome,
} from "../port.ts";
import { withDownloads } from "../statement-download.ts";
import { refundWayOf } from "./clearing-day.ts";
import { merchantOf, parseCredentials } from "./credentials.ts";
import { addressOf, callGateway, credentialsOf } from "./gateway.ts";
import { record } from "./masking.ts";
import { readNotification } from "./notification.ts";
import {
  proofOf,
  reversalOf,
  reversalOfQuery,
  tradeOfAccepted,
  tradeOfCharge,
  tradeOfDuplicate,
  tradeOfPlacing,
  tradeOfQuery,
} from "./outcomes.ts";
import { refundOf, refundOfDuplicate, refundOfQuery } from "./refund-outcomes.ts";
import {
  placeRequest,
  queryRequest,
  refundQueryRequest,
  refundRequest,
  reverseRequest,
  type UnionpayRequest,
} from "./requests.ts";
import { signedFields } from "./signing.ts";
import { fetchStatement, readStatement } from "./statement.ts";
import { CODE_METHOD, UNIONPAY_TRAITS } from "./traits.ts";
import { refuseOrder } from "./validation.ts";

/**
 * UnionPay's connector over full channel 5.1.0: wiring; what is asked and what an answer means is in the pure
 * files beside it.
 */
export function createUnionpay(deps: ChannelDeps): Channel {
  return withDownloads({
    traits: UNIONPAY_TRAITS,
    parseCredentials,
    merchantOf,
    refuseOrder,
    prove: (context) => prove(deps, context),
    pay: (context, order) => pay(deps, context, order),
    query: (context, order) => query(deps, context, order, "query"),
    // UnionPay closes no order: what has become of it is all that can be told.
    close: (context, order) => query(deps, context, order, "close"),
    reverse: (context, order) => reverse(deps, context, order),
    refund: (context, refund) => sendRefund(deps, context, refund),
    queryRefund: (context, refund) => queryRefund(deps, context, refund),
    readNotification: (contexts, request) => readNotification(contexts, request),
    acknowledge,
    fetchStatement: (context, channelDate) => fetchStatement(deps, context, channelDate),
    readStatement,
  });
}

/** A query for an order that cannot exist. */
async function prove(deps: ChannelDeps, context: ChannelContext): Promise<Call<{ proved: true }>> {
  const nobodys = {
    channelOrderNo: `prove${deps.random.bytes(12).toString("hex")}`,
    createdAt: deps.clock.now(),
  };
  const called = await callGateway(deps, context, "prove", queryRequest(nobodys, credentialsOf(context)));
  return finish(called, (answer) => proofOf(answer, deps.clock.now()));
}

async function pay(deps: ChannelDeps, context: ChannelContext, order: NewOrder): Promise<Call<TradeOutcome>> {
  const request = placeRequest(order, credentialsOf(context));
  if (request.endpoint === "frontTransReq") return handToBuyer(deps, context, request);
  const called = await callGateway(deps, context, "pay", request);
  if (called.end !== "answer") return called;
  const charges = order.method === CODE_METHOD;
  const end = charges ? tradeOfCharge(called.answer) : tradeOfPlacing(called.answer, order);
  if (end !== "ask") return { ...end, exchange: called.exchange };
  const asked = await query(deps, context, order, "pay");
  const exchange = joinExchanges(called.exchange, asked.exchange);
  if (charges) return { ...tradeOfAccepted(asked, order), exchange };
  return asked.end === "answered"
    ? { ...tradeOfDuplicate(asked.value), exchange }
    : afterwards(called.exchange, asked);
}

/** Nothing is sent: the buyer's browser takes the signed order to UnionPay. Made again, it names the same. */
function handToBuyer(
  deps: ChannelDeps,
  context: ChannelContext,
  request: UnionpayRequest,
): Call<TradeOutcome> {
  const form = signedFields(request.fields, credentialsOf(context).privateKey);
  const url = addressOf(context.gatewayUrl, request.endpoint);
  return {
    end: "answered",
    value: { outcome: "pending", nextAction: { type: "redirect", url, form } },
    exchange: unsent(deps.clock, "pay", record(request.fields)),
  };
}

async function query(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
  operation: Operation,
): Promise<Call<TradeOutcome>> {
  const called = await callGateway(deps, context, operation, queryRequest(order, credentialsOf(context)));
  return finish(called, (answer) => tradeOfQuery(answer, deps.clock.now()));
}

/** Undoes a charged code, and asks what became of the money. Of any other order nothing is sent. */
async function reverse(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
): Promise<Call<ReversalOutcome>> {
  if (order.method !== CODE_METHOD) {
    const message = `${order.method} is not reversed; it ends at its expiry.`;
    return { ...refusal("no_reversal", message), exchange: unsent(deps.clock, "reverse") };
  }
  const request = reverseRequest(order, credentialsOf(context));
  const called = await callGateway(deps, context, "reverse", request);
  if (called.end !== "answer") return called;
  const end = reversalOf(called.answer);
  if (!("ask" in end)) return { ...end, exchange: called.exchange };
  const asked = await callGateway(deps, context, "reverse", queryRequest(order, credentialsOf(context)));
  const told = finish(asked, (answer) => reversalOfQuery(answer, order, end, deps.clock.now()));
  if (told.end === "refused") return { ...told, exchange: joinExchanges(called.exchange, told.exchange) };
  return afterwards(called.exchange, told);
}

async function sendRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const { channelTradeNo, channelOrderNo } = refund.order;
  if (channelTradeNo === null) {
    const message = `UnionPay has told no queryId of ${channelOrderNo}: it is not paid.`;
    return { ...refusal("not_paid", message), exchange: unsent(deps.clock, "refund") };
  }
  const now = deps.clock.now();
  const way = refundWayOf(refund, now);
  if (way.way === "wait") {
    const reason = "UnionPay gives back a part, or anything around 23:00, only in the next clearing day";
    return { end: "not_sent", reason, notBefore: way.until, exchange: unsent(deps.clock, "refund") };
  }
  const request = refundRequest(refund, way.way, channelTradeNo, credentialsOf(context));
  const called = await callGateway(deps, context, "refund", request);
  if (called.end !== "answer") return called;
  const first = called.answer;
  const end = refundOf(first, refund, now);
  if (end !== "ask") return { ...end, exchange: called.exchange };
  const question = refundQueryRequest(refund, credentialsOf(context));
  const asked = await callGateway(deps, context, "refund", question);
  const told = finish(asked, (answer) => refundOfDuplicate(first, answer, refund, deps.clock.now()));
  if (told.end === "refused") return { ...told, exchange: joinExchanges(called.exchange, told.exchange) };
  return afterwards(called.exchange, told);
}

async function queryRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const request = refundQueryRequest(refund, credentialsOf(context));
  const called = await callGateway(deps, context, "refund_query", request);
  return finish(called, (answer) => refundOfQuery(answer, refund, deps.clock.now()));
}

/** HTTP 200 is a yes whatever the body; anything else makes UnionPay send again. */
function acknowledge(accepted: boolean): Acknowledgement {
  const contentType = "text/plain; charset=utf-8";
  return accepted ? { status: 200, contentType, body: "ok" } : { status: 400, contentType, body: "refused" };
}

function refusal(code: string, message: string): Extract<CallEnd<never>, { end: "refused" }> {
  return { end: "refused", code, message, retryable: false };
}
