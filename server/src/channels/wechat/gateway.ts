import type { Called } from "../exchanges.ts";
import type { ChannelContext, ChannelDeps, ExchangeRecord, Operation } from "../port.ts";
import { type Answer, channelCodeOf, readAnswer } from "./answer.ts";
import type { PlatformCertificates } from "./certificates.ts";
import type { WechatCredentials } from "./credentials.ts";
import { record } from "./masking.ts";
import type { ApiRequest } from "./requests.ts";
import { authorization, signatureHeaders } from "./signing.ts";

/** An answer is some hundred bytes; a list of vouchers makes a few kilobytes. */
export const ANSWER_BYTES_MAX = 256 * 1_024;

/** What a call of this folder is given. */
export type WechatDeps = ChannelDeps & { readonly certificates: PlatformCertificates };

export type GatewayCall = Called<Answer>;

/** The credentials in a context; `parseCredentials` of this channel made them. */
export function credentialsOf(context: ChannelContext): WechatCredentials {
  return context.credentials as WechatCredentials;
}

/** What makes one signature unlike any other. */
export function onceOf(deps: ChannelDeps): { readonly nonce: string; readonly at: Date } {
  return { nonce: deps.random.bytes(16).toString("hex").toUpperCase(), at: deps.clock.now() };
}

/**
 * One call of the API: sign, send, verify, classify. Never throws for what WeChat Pay or the network does.
 */
export async function callGateway(
  deps: WechatDeps,
  context: ChannelContext,
  operation: Operation,
  request: ApiRequest,
  /** The key that parts of the request are encrypted with, by its name. */
  sealedFor?: string,
): Promise<GatewayCall> {
  const startedAt = deps.clock.now();
  await deps.certificates.keepFresh(context);
  const url = `${context.gatewayUrl.replace(/\/+$/, "")}${request.target}`;
  const signed = signedRequest(deps, context, url, request);
  const sent = await deps.http.request({
    ...signed,
    ...(sealedFor === undefined ? {} : { headers: { ...signed.headers, "wechatpay-serial": sealedFor } }),
    timeoutMs: context.timeoutMs,
    network: context.network,
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  const exchange = (response: string | null, channelCode: string | null): ExchangeRecord => ({
    operation,
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode,
    request: recordOfRequest(request),
    response,
  });

  if (sent.end !== "response") return { ...sent, exchange: exchange(null, null) };
  const serial = signatureHeaders(sent.headers)?.serial;
  // Signed with a key that nobody has seen: it may be WeChat Pay's next.
  if (serial !== undefined) await deps.certificates.learn(context, serial);
  const { result, read } = readAnswer(sent, deps.certificates.keysOf(context), deps.clock.now());
  const shown = read === null ? `${sent.body.length} bytes that are no JSON object` : record(read);
  return { ...result, exchange: exchange(shown, channelCodeOf(sent.status, read)) };
}

/** Address, headers and body of a request, signed over exactly what is sent. */
export function signedRequest(
  deps: ChannelDeps,
  context: ChannelContext,
  url: string,
  request: Pick<ApiRequest, "method" | "body">,
) {
  const credentials = credentialsOf(context);
  const body = request.body === null ? null : JSON.stringify(request.body);
  const signed = { method: request.method, target: targetOf(url), body: body ?? "" };
  return {
    url,
    method: request.method,
    headers: {
      accept: "application/json",
      "user-agent": "Tributary",
      authorization: authorization(signed, credentials, onceOf(deps)),
      // Asks for an answer that is signed with this key. Of certificates WeChat Pay takes the present one.
      ...(isPublicKey(credentials.wantedSerial) ? { "wechatpay-serial": credentials.wantedSerial } : {}),
      ...(body === null ? {} : { "content-type": "application/json" }),
    },
    body,
  };
}

function isPublicKey(serial: string): boolean {
  return serial.startsWith("PUB_KEY_ID_");
}

/** What follows the host on the wire. An address that is none is never sent, so its signature is nobody's. */
function targetOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "" : `${parsed.pathname}${parsed.search}`;
}

function recordOfRequest(request: ApiRequest): string {
  const line = `${request.method} ${request.target}`;
  return request.body === null ? line : `${line} ${record(request.body)}`;
}
