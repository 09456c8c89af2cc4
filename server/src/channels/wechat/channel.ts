import { afterwards, finish, unsent } from "../exchanges.ts";
import type {
  Acknowledgement,
  Call,
  Channel,
  ChannelContext,
  ChannelDeps,
  InboundRequest,
  NewOrder,
  Operation,
  Order,
  RefundOrder,
  RefundOutcome,
  ReversalOutcome,
  TradeOutcome,
} from "../port.ts";
import { withDownloads } from "../statement-download.ts";
import { createPlatformCertificates, type PlatformCertificates } from "./certificates.ts";
import { merchantOf, parseCredentials } from "./credentials.ts";
import { callGateway, credentialsOf, onceOf, type WechatDeps } from "./gateway.ts";
import { createIdentification } from "./identify.ts";
import { readNotification } from "./notification.ts";
import { proofOf, tradeOfClose, tradeOfPlacing, tradeOfQuery } from "./outcomes.ts";
import { payByCode, proveV2Key, queryByCode, reverseByCode } from "./payment-code.ts";
import { refundOf, refundOfQuery } from "./refund-outcomes.ts";
import { closeRequest, placeRequest, queryRequest, refundQueryRequest, refundRequest } from "./requests.ts";
import { createSharing } from "./sharing.ts";
import { signatureHeaders } from "./signing.ts";
import { fetchFundFlow, fetchStatement, readFundFlow, readPayouts, readStatement } from "./statement.ts";
import { CODE_METHOD, WECHAT_TRAITS } from "./traits.ts";
import { refuseOrder } from "./validation.ts";

/**
 * WeChat Pay's connector over API v3, and v2 for payment codes, for a merchant of its own and for a service
 * provider: wiring; what is asked and what an answer means is in the pure files beside it.
 */
export function createWechat(given: ChannelDeps): Channel {
  const certificates = createPlatformCertificates(given);
  const deps: WechatDeps = { ...given, certificates };
  return withDownloads({
    traits: WECHAT_TRAITS,
    parseCredentials,
    merchantOf,
    refuseOrder,
    prove: (context) => prove(deps, context),
    pay: (context, order) => pay(deps, context, order),
    query: (context, order) => query(deps, context, order, "query"),
    close: (context, order) => close(deps, context, order),
    reverse: async (context, order) =>
      order.method === CODE_METHOD ? reverseByCode(deps, context, order) : noReversal(deps, order),
    refund: (context, refund) => sendRefund(deps, context, refund),
    queryRefund: (context, refund) => queryRefund(deps, context, refund),
    readNotification: (contexts, request) => readNotification(contexts, request, certificates.keysOf),
    prepareNotification: (contexts, request) => prepare(certificates, contexts, request),
    acknowledge,
    fetchStatement: (context, channelDate) => fetchStatement(deps, context, channelDate),
    readStatement,
    fetchFundFlow: (context, channelDate, accountType) =>
      fetchFundFlow(deps, context, channelDate, accountType),
    readFundFlow,
    payouts: { toldIn: "fund", payer: "财付通支付科技有限公司", read: readPayouts },
    sharing: createSharing(deps),
    identify: createIdentification(deps),
  });
}

/**
 * A query for an order that cannot exist. That it does not is told to a merchant whose signature WeChat Pay
 * has checked, and it is proof only when that answer verifies: an unsigned one shows our key to be right, and
 * nothing of WeChat Pay's. An APIv2 key is proved by the same question once more.
 */
async function prove(deps: WechatDeps, context: ChannelContext): Promise<Call<{ proved: true }>> {
  const nobodys = `prove${deps.random.bytes(12).toString("hex")}`;
  const called = await callGateway(deps, context, "prove", queryRequest(nobodys, credentialsOf(context)));
  const proved = finish(called, proofOf);
  if (proved.end !== "answered" || credentialsOf(context).apiV2Key === null) return proved;
  return afterwards(called.exchange, await proveV2Key(deps, context, nobodys));
}

async function pay(deps: WechatDeps, context: ChannelContext, order: NewOrder): Promise<Call<TradeOutcome>> {
  if (order.method === CODE_METHOD) return payByCode(deps, context, order);
  const credentials = credentialsOf(context);
  const called = await callGateway(deps, context, "pay", placeRequest(order, credentials));
  return finish(called, (answer) => tradeOfPlacing(answer, order, credentials, onceOf(deps)));
}

async function query(
  deps: WechatDeps,
  context: ChannelContext,
  order: Order,
  operation: Operation,
): Promise<Call<TradeOutcome>> {
  if (order.method === CODE_METHOD) return queryByCode(deps, context, order, operation);
  const request = queryRequest(order.channelOrderNo, credentialsOf(context));
  const called = await callGateway(deps, context, operation, request);
  return finish(called, (answer) => tradeOfQuery(answer, order, deps.clock.now()));
}

async function close(deps: WechatDeps, context: ChannelContext, order: Order): Promise<Call<TradeOutcome>> {
  const called = await callGateway(deps, context, "close", closeRequest(order, credentialsOf(context)));
  if (called.end !== "answer") return called;
  const end = tradeOfClose(called.answer);
  if (end !== "ask") return { ...end, exchange: called.exchange };
  return afterwards(called.exchange, await query(deps, context, order, "close"));
}

/** Only a charged payment code is reversed. Of any other order nothing is sent. */
function noReversal(deps: ChannelDeps, order: Order): Call<ReversalOutcome> {
  const message = `${order.method} is ended by closing it.`;
  return {
    end: "refused",
    code: "no_reversal",
    message,
    retryable: false,
    exchange: unsent(deps.clock, "reverse"),
  };
}

async function sendRefund(
  deps: WechatDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const called = await callGateway(deps, context, "refund", refundRequest(refund, credentialsOf(context)));
  // Refused before it was looked at, for a clock or a certificate of ours: the merchant's refund is not over.
  if (called.end === "refused") return { ...called, retryable: true };
  return finish(called, (answer) => refundOf(answer, refund, deps.clock.now()));
}

async function queryRefund(
  deps: WechatDeps,
  context: ChannelContext,
  refund: RefundOrder,
): Promise<Call<RefundOutcome>> {
  const request = refundQueryRequest(refund, credentialsOf(context));
  const called = await callGateway(deps, context, "refund_query", request);
  return finish(called, (answer) => refundOfQuery(answer, refund, deps.clock.now()));
}

/** The newest credentials fetch the certificates: an older version's key may be at its end. */
async function prepare(
  certificates: PlatformCertificates,
  contexts: readonly ChannelContext[],
  request: InboundRequest,
): Promise<boolean> {
  const serial = signatureHeaders(request.headers)?.serial;
  const [newest] = contexts;
  if (serial === undefined || newest === undefined) return false;
  if (contexts.some((context) => certificates.keysOf(context).get(serial) !== undefined)) return false;
  return certificates.learn(newest, serial);
}

/** 204 is a yes; any 4xx or 5xx makes WeChat Pay send again, and is what it expects for its probes. */
function acknowledge(accepted: boolean): Acknowledgement {
  const contentType = "application/json; charset=utf-8";
  return accepted
    ? { status: 204, contentType, body: "" }
    : { status: 400, contentType, body: JSON.stringify({ code: "FAIL", message: "失败" }) };
}
