import type { Called } from "../exchanges.ts";
import type { ChannelContext, ChannelDeps, ExchangeRecord, Operation } from "../port.ts";
import { type Answer, channelCodeOf, readEnvelope } from "./answer.ts";
import type { AlipayCredentials } from "./credentials.ts";
import { record } from "./masking.ts";
import { encodeParameters, type GatewayRequest, signedParameters } from "./requests.ts";
import type { Parameters } from "./signing.ts";

/** An envelope is some hundred bytes; a list of vouchers makes a few kilobytes. */
const ANSWER_BYTES_MAX = 256 * 1_024;

/** Operations that change nothing at Alipay. */
const READ_ONLY: ReadonlySet<Operation> = new Set([
  "query",
  "refund_query",
  "share_query",
  "statement",
  "prove",
  "identify",
]);

export type GatewayCall = Called<Answer>;

/** The credentials in a context; `parseCredentials` of this channel made them. */
export function credentialsOf(context: ChannelContext): AlipayCredentials {
  return context.credentials as AlipayCredentials;
}

/**
 * One call of `gateway.do`: build, sign, send, verify, classify. Never throws for what Alipay or the network
 * does.
 */
export async function callGateway(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  request: GatewayRequest,
): Promise<GatewayCall> {
  const startedAt = deps.clock.now();
  const credentials = credentialsOf(context);
  const { biz_content: content, ...publicParameters } = signedParameters(request, credentials, startedAt);
  // Like Alipay's own SDKs: the public parameters in the address, the business content in the body.
  const sent = await deps.http.request({
    url: withQuery(context.gatewayUrl, publicParameters),
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded;charset=utf-8",
      accept: "application/json",
    },
    body: content === undefined ? "" : encodeParameters({ biz_content: content }),
    timeoutMs: context.timeoutMs,
    network: context.network,
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  const exchange = (response: string | null, channelCode: string | null): ExchangeRecord => ({
    operation,
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode,
    request: recordOfRequest(request, publicParameters),
    response,
  });

  if (sent.end !== "response") return { ...sent, exchange: exchange(null, null) };
  if (sent.status !== 200) {
    const reason = `HTTP status ${sent.status}`;
    return { end: "unknown", reason, exchange: exchange(`${reason}, ${sent.body.length} bytes`, null) };
  }
  const text = sent.body.toString("utf8");
  const { result, read } = readEnvelope(text, request.method, credentials, READ_ONLY.has(operation));
  const shown = read === null ? `${sent.body.length} bytes that are no envelope` : record(read);
  return { ...result, exchange: exchange(shown, channelCodeOf(read)) };
}

/** A request as people may read it. */
export function recordOfRequest(request: GatewayRequest, parameters: Parameters): string {
  return record({ ...parameters, biz_content: request.content });
}

/** An address with parameters added to whatever query it has. */
export function withQuery(address: string, parameters: Parameters): string {
  return `${address}${address.includes("?") ? "&" : "?"}${encodeParameters(parameters)}`;
}
