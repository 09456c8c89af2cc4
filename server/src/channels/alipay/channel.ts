import { afterwards, finish } from "../exchanges.ts";
import type {
  Acknowledgement,
  Call,
  Channel,
  ChannelContext,
  ChannelDeps,
  ExchangeRecord,
  NewOrder,
  NextAction,
  Operation,
  Order,
  RefundOrder,
  RefundOutcome,
  ReversalOutcome,
  TradeOutcome,
} from "../port.ts";
import { withDownloads } from "../statement-download.ts";
import { merchantOf, parseCredentials } from "./credentials.ts";
import { callGateway, credentialsOf, recordOfRequest, withQuery } from "./gateway.ts";
import { createIdentification } from "./identify.ts";
import { LARGE, readStatement } from "./large.ts";
import { readNotification } from "./notification.ts";
import {
  refundOf,
  refundOfQuery,
  reversalOf,
  reversalOfTrade,
  tradeOfClose,
  tradeOfPay,
  tradeOfPlacing,
  tradeOfQuery,
} from "./outcomes.ts";
import {
  cancelRequest,
  closeRequest,
  encodeParameters,
  type GatewayRequest,
  placeRequest,
  queryRequest,
  refundQueryRequest,
  refundRequest,
  signedParameters,
} from "./requests.ts";
import { createSharing } from "./sharing.ts";
import type { Parameters } from "./signing.ts";
import { fetchFundFlow, fetchStatement, readFundFlow, readPayouts } from "./statement.ts";
import { ALIPAY_TRAITS } from "./traits.ts";
import { refuseOrder } from "./validation.ts";

/**
 * Alipay's connector over `gateway.do` v2: wiring; what is asked and what an answer means is in the pure
 * files beside it.
 */
export function createAlipay(deps: ChannelDeps): Channel {
  return withDownloads({
    traits: ALIPAY_TRAITS,
    parseCredentials,
    merchantOf,
    refuseOrder,
    prove: (context) => prove(deps, context),
    pay: (context, order) => pay(deps, context, order),
    query: (context, order) => query(deps, context, order, "query"),
    close: (context, order) => close(deps, context, order),
    reverse: (context, order) => reverse(deps, context, order),
    refund: (context, refund) => sendRefund(deps, context, refund),
    queryRefund: (context, refund) => queryRefund(deps, context, refund),
    readNotification,
    acknowledge,
    fetchStatement: (context, channelDate) => fetchStatement(deps, context, channelDate),
    readStatement,
    large: LARGE,
    fetchFundFlow: (context, channelDate) => fetchFundFlow(deps, context, channelDate),
    readFundFlow,
    payouts: { toldIn: "fund", payer: "支付宝（中国）网络技术有限公司", read: readPayouts },
    sharing: createSharing(deps),
    identify: createIdentification(deps),
  });
}

/**
 * A query for an order that cannot exist: only an app whose key Alipay knows is told so, and only Alipay can
 * sign that.
 */
async function prove(deps: ChannelDeps, context: ChannelContext): Promise<Call<{ proved: true }>> {
  const nobodys = `prove${deps.random.bytes(12).toString("hex")}`;
  const called = await callGateway(deps, context, "prove", queryRequest(nobodys));
  return finish(called, () => ({ end: "answered", value: { proved: true } }));
}

async function pay(deps: ChannelDeps, context: ChannelContext, order: NewOrder): Promise<Call<TradeOutcome>> {
  const request = placeRequest(order);
  const { kind } = ALIPAY_TRAITS.scenes[order.method] ?? {};
  if (kind === "redirect" || kind === "app") return handToBuyer(deps, context, request, kind);
  const called = await callGateway(deps, context, "pay", request);
  return finish(called, (answer) =>
    kind === "payment_code" ? tradeOfPay(answer, order, deps.clock.now()) : tradeOfPlacing(answer, order),
  );
}

/**
 * Nothing is sent: the buyer's device takes the signed order to Alipay. Made again, it names the same order.
 */
function handToBuyer(
  deps: ChannelDeps,
  context: ChannelContext,
  request: GatewayRequest,
  kind: "redirect" | "app",
): Call<TradeOutcome> {
  const startedAt = deps.clock.now();
  const parameters: Parameters = signedParameters(request, credentialsOf(context), startedAt);
  const nextAction: NextAction =
    kind === "app"
      ? { type: "app_params", params: encodeParameters(parameters) }
      : { type: "redirect", url: withQuery(context.gatewayUrl, parameters) };
  const exchange: ExchangeRecord = {
    operation: "pay",
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode: null,
    request: recordOfRequest(request, parameters),
    response: null,
  };
  return { end: "answered", value: { outcome: "pending", nextAction }, exchange };
}

async function query(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
  operation: Operation,
): Promise<Call<TradeOutcome>> {
  const called = await callGateway(deps, context, operation, queryRequest(order.channelOrderNo));
  return finish(called, (answer) => tradeOfQuery(answer, order, deps.clock.now()));
}

async function close(deps: ChannelDeps, context: ChannelContext, order: Order): Promise<Call<TradeOutcome>> {
  const called = await callGateway(deps, context, "close", closeRequest(order));
  if (called.end !== "answer") return called;
  const end = tradeOfClose(called.answer, order);
  if (end !== "ask") return { ...end, exchange: called.exchange };
  return afterwards(called.exchange, await query(deps, context, order, "close"));
}

async function reverse(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
): Promise<Call<ReversalOutcome>> {
  const called = await callGateway(deps, context, "reverse", cancelRequest(order));
  if (called.end !== "answer") return called;
  const end = reversalOf(called.answer, order, deps.clock.now());
  if (end !== "ask") return { ...end, exchange: called.exchange };
  const asked = afterwards(called.exchange, await query(deps, context, order, "reverse"));
  if (asked.end !== "answered") return asked;
  return { ...reversalOfTrade(asked.value, order, deps.clock.now()), exchange: asked.exchange };
}

async function sendRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const called = await callGateway(deps, context, "refund", refundRequest(refund));
  return finish(called, (answer) => refundOf(answer, refund, deps.clock.now()));
}

async function queryRefund(
  deps: ChannelDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const called = await callGateway(deps, context, "refund_query", refundQueryRequest(refund));
  return finish(called, (answer) => refundOfQuery(answer, refund, deps.clock.now()));
}

/** Alipay takes exactly `success` for a yes; anything else makes it send again. */
function acknowledge(accepted: boolean): Acknowledgement {
  return { status: 200, contentType: "text/plain; charset=utf-8", body: accepted ? "success" : "failure" };
}
