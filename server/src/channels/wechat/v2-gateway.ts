import type { ChannelContext, ChannelDeps, ExchangeRecord, Operation } from "../port.ts";
import { ANSWER_BYTES_MAX, credentialsOf, type GatewayCall, onceOf } from "./gateway.ts";
import { record } from "./masking.ts";
import { readV2Answer, v2ChannelCodeOf } from "./v2-answer.ts";
import type { V2Request } from "./v2-requests.ts";
import { V2_SIGN_TYPE, v2Signature } from "./v2-signing.ts";
import { writeXml } from "./v2-xml.ts";

/**
 * One call of API v2: sign, send, verify, classify. Never throws for what WeChat Pay or the network does.
 * Without an APIv2 key nothing is sent, and nothing is known.
 */
export async function callV2(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  request: V2Request,
): Promise<GatewayCall> {
  const startedAt = deps.clock.now();
  const { apiV2Key, clientCertificate } = credentialsOf(context);
  const exchange = (response: string | null, channelCode: string | null): ExchangeRecord => ({
    operation,
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode,
    request: `POST ${request.path} ${record(request.fields)}`,
    response,
  });
  if (apiV2Key === null) {
    const reason = "the channel account's credentials have no api_v2_key; enter it";
    return { end: "not_sent", reason, exchange: exchange(null, null) };
  }

  const fields = { ...request.fields, nonce_str: onceOf(deps).nonce, sign_type: V2_SIGN_TYPE };
  const needsCertificate = request.path.startsWith("/secapi/");
  const sent = await deps.http.request({
    url: `${context.gatewayUrl.replace(/\/+$/, "")}${request.path}`,
    method: "POST",
    headers: { accept: "text/xml", "user-agent": "Tributary", "content-type": "text/xml; charset=utf-8" },
    body: writeXml({ ...fields, sign: v2Signature(fields, apiV2Key) }),
    timeoutMs: context.timeoutMs,
    network: context.network,
    responseBytesMax: ANSWER_BYTES_MAX,
    ...(needsCertificate && clientCertificate !== null ? { clientCertificate } : {}),
  });
  if (sent.end !== "response") return { ...sent, exchange: exchange(null, null) };
  const { result, read } = readV2Answer(sent, apiV2Key);
  const shown = read === null ? `HTTP status ${sent.status}, no flat XML document` : record(read);
  return { ...result, exchange: exchange(shown, v2ChannelCodeOf(read) ?? String(sent.status)) };
}
