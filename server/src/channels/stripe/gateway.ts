import { SECOND } from "../../kernel/clock.ts";
import type { Called } from "../exchanges.ts";
import type { ChannelContext, ChannelDeps, ExchangeRecord, Operation } from "../port.ts";
import { type Answer, channelCodeOf, readAnswer } from "./answer.ts";
import type { StripeCredentials } from "./credentials.ts";
import { formText } from "./form.ts";
import { record } from "./masking.ts";
import { API_VERSION, type ApiRequest } from "./requests.ts";

/** An object with what it was expanded by; a page of a hundred with theirs makes half a megabyte. */
const ANSWER_BYTES_MAX = 4 * 1_024 * 1_024;

/**
 * No call of an operation begins later than this after its first. The longest takes ten seconds (the
 * contract's `timeout_ms`), so whoever leased what it is about, for thirty, is not outlived.
 */
const BEGUN_WITHIN_MS = 15 * SECOND;
const TURN_MS = 250;

export type GatewayCall = Called<Answer>;

/** The credentials in a context; `parseCredentials` of this channel made them. */
export function credentialsOf(context: ChannelContext): StripeCredentials {
  return context.credentials as StripeCredentials;
}

/**
 * The context of one operation. Its caller took its first call; each further one, a page or a turn, is taken
 * by itself. @param waits whether it waits for its turn meanwhile
 */
export function begun(
  { clock }: Pick<ChannelDeps, "clock">,
  context: ChannelContext,
  { withinMs, waits } = { withinMs: BEGUN_WITHIN_MS, waits: false },
): ChannelContext {
  const until = clock.now().getTime() + withinMs;
  const isLate = () => clock.now().getTime() >= until;
  const take = async () => (await context.takeAnother?.()) ?? true;
  let isFirst = true;
  const takeAnother = async () => {
    if (isFirst) {
      isFirst = false;
      return true;
    }
    while (!isLate()) {
      if (await take()) return true;
      if (!waits) return false;
      await clock.sleep(TURN_MS);
    }
    return false;
  };
  return { ...context, takeAnother };
}

/** One call of the API: send, read, classify. Never throws for what Stripe or the network does. */
export async function callGateway(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  request: ApiRequest,
): Promise<GatewayCall> {
  const startedAt = deps.clock.now();
  const body = request.fields === null ? null : formText(request.fields);
  const mayCall = (await context.takeAnother?.()) ?? true;
  const exchange = (response: string | null, channelCode: string | null): ExchangeRecord => ({
    operation,
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode,
    request: recordOfRequest(request),
    response,
  });
  if (!mayCall) {
    const reason = "the channel account's calls per second, or the time of one operation, are spent";
    return { end: "not_sent", reason, isRateRefusal: true, exchange: exchange(null, null) };
  }
  const sent = await deps.http.request({
    url: `${context.gatewayUrl.replace(/\/+$/, "")}${request.target}`,
    method: request.method,
    headers: headersOf(request, credentialsOf(context)),
    body,
    timeoutMs: context.timeoutMs,
    network: context.network,
    responseBytesMax: ANSWER_BYTES_MAX,
  });

  if (sent.end !== "response") return { ...sent, exchange: exchange(null, null) };
  const { result, read } = readAnswer(sent);
  const shown = read === null ? `${sent.body.length} bytes that are no JSON object` : record(read);
  return { ...result, exchange: exchange(shown, channelCodeOf(sent.status, read)) };
}

function headersOf(request: ApiRequest, { secretKey }: StripeCredentials): Record<string, string> {
  const { fields, idempotencyKey } = request;
  return {
    accept: "application/json",
    authorization: `Bearer ${secretKey}`,
    "stripe-version": API_VERSION,
    "user-agent": "Tributary",
    ...(fields === null ? {} : { "content-type": "application/x-www-form-urlencoded" }),
    ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
  };
}

function recordOfRequest(request: ApiRequest): string {
  const line = `${request.method} ${request.target}`;
  return request.fields === null ? line : `${line} ${record(request.fields)}`;
}
