import type { Called } from "../exchanges.ts";
import type { ChannelContext, ChannelDeps, ExchangeRecord, Operation } from "../port.ts";
import { type Answer, channelCodeOf, readAnswer } from "./answer.ts";
import type { UnionpayCredentials } from "./credentials.ts";
import { record } from "./masking.ts";
import type { Endpoint, UnionpayRequest } from "./requests.ts";
import { signedFields, type Trust } from "./signing.ts";

/** An answer is some hundred bytes and a certificate. */
const ANSWER_BYTES_MAX = 256 * 1_024;

export type GatewayCall = Called<Answer>;

/** What a file takes more than an answer. */
export type Limits = { readonly timeoutMs: number; readonly responseBytesMax: number };

/** The credentials in a context; `parseCredentials` of this channel made them. */
export function credentialsOf(context: ChannelContext): UnionpayCredentials {
  return context.credentials as UnionpayCredentials;
}

/** What answers and notifications of an account are verified against. */
export function trustIn(context: ChannelContext): Trust {
  const isTest = URL.parse(context.gatewayUrl)?.hostname === "gateway.test.95516.com";
  return { ...credentialsOf(context).trust, isTest };
}

/** One call: sign, send, verify, classify. Never throws for what UnionPay or the network does. */
export async function callGateway(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  request: UnionpayRequest,
  limits: Limits = { timeoutMs: context.timeoutMs, responseBytesMax: ANSWER_BYTES_MAX },
): Promise<GatewayCall> {
  const startedAt = deps.clock.now();
  const credentials = credentialsOf(context);
  const sent = await deps.http.request({
    url: addressOf(context.gatewayUrl, request.endpoint),
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded;charset=utf-8" },
    body: new URLSearchParams(signedFields(request.fields, credentials.privateKey)).toString(),
    ...limits,
    network: context.network,
  });
  const exchange = (response: string | null, channelCode: string | null): ExchangeRecord => ({
    operation,
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode,
    request: record(request.fields),
    response,
  });

  if (sent.end !== "response") return { ...sent, exchange: exchange(null, null) };
  const { result, read } = readAnswer(sent, request.fields, trustIn(context), deps.clock.now());
  const shown = read === null ? `HTTP status ${sent.status}, ${sent.body.length} bytes` : record(read);
  return { ...result, exchange: exchange(shown, channelCodeOf(read)) };
}

/**
 * Where a request goes. Files are taken from a host of their own: UnionPay's two are named alike, a simulator
 * has a folder for it.
 */
export function addressOf(gatewayUrl: string, endpoint: Endpoint): string {
  const base = gatewayUrl.replace(/\/+$/, "").replace(/\/gateway\/api$/, "");
  if (endpoint !== "file") return `${base}/gateway/api/${endpoint}.do`;
  const atUnionpay = /^(https?:\/\/)gateway\.((?:test\.)?95516\.com)$/.exec(base);
  return atUnionpay === null ? `${base}/unionpay/file/` : `${atUnionpay[1]}filedownload.${atUnionpay[2]}/`;
}
