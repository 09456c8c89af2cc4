import type { ChannelContext, ExchangeRecord, InboundRequest, Notification } from "../port.ts";
import { fenOf } from "./amount.ts";
import type { WechatCredentials } from "./credentials.ts";
import { credentialsOf } from "./gateway.ts";
import { record } from "./masking.ts";
import { type Fields, objectOf, textOr, tradeOf } from "./outcomes.ts";
import { refundOfNotification } from "./refund-outcomes.ts";
import { decryptResource, type KnownKeys, signatureHeaders, strangerBy } from "./signing.ts";

type Opened = { readonly resource: Fields };
/** Why one context's keys did not open it, and how far they came: the furthest is worth telling. */
type Unopened = { readonly reason: string; readonly step: number };

/**
 * Reads `notify_url`'s POST. The signature over the raw bytes is checked with each context's keys, the
 * resource opened with its APIv3 key; then merchant and app must be that context's. Amount and order are the
 * door's to check: it knows what was asked.
 */
export function readNotification(
  contexts: readonly ChannelContext[],
  request: InboundRequest,
  keysOf: (context: ChannelContext) => KnownKeys,
): Notification {
  const envelope = jsonOf(request.body.toString("utf8"));
  const tries = contexts.map((context) => open(envelope, request, credentialsOf(context), keysOf(context)));
  const opened = tries.find((one) => "resource" in one);
  const shown = opened === undefined ? envelope : { ...envelope, resource: opened.resource };
  const exchange: ExchangeRecord = {
    operation: "notification",
    startedAt: request.receivedAt,
    tookMs: 0,
    channelCode: textOr(envelope?.event_type, null),
    request: envelope === null ? `${request.body.length} bytes that are no JSON object` : record(shown),
    response: null,
  };
  const refused = (reason: string): Notification => ({ verdict: "refused", reason, exchange });

  if (request.method !== "POST") return refused(`the method is ${request.method}`);
  if (envelope === null) return refused("the body is no JSON object");
  if (opened === undefined) return refused(furthestOf(tries));
  const { resource } = opened;
  const notifyId = textOr(envelope.id, null);
  const channelOrderNo = textOr(resource.out_trade_no, null);
  if (notifyId === null || channelOrderNo === null) return refused("it names no id or no order");
  const about = aboutOf(envelope, resource, request.receivedAt);
  if ("broken" in about) return refused(about.broken);
  return { verdict: "authentic", notifyId, channelOrderNo, about, exchange };
}

function open(
  envelope: Fields | null,
  request: InboundRequest,
  credentials: WechatCredentials,
  keys: KnownKeys,
): Opened | Unopened {
  const signed = signatureHeaders(request.headers);
  const stranger = strangerBy(signed, request.body, keys, request.receivedAt);
  if (stranger !== null) return { step: 0, reason: stranger };
  const sealed = objectOf(envelope?.resource);
  if (sealed.algorithm !== "AEAD_AES_256_GCM") return { step: 1, reason: "its resource is not encrypted" };
  const parts = {
    ciphertext: textOr(sealed.ciphertext, ""),
    nonce: textOr(sealed.nonce, ""),
    associatedData: textOr(sealed.associated_data, ""),
  };
  const clear = decryptResource(parts, credentials.apiV3Key);
  const resource = clear === null ? null : jsonOf(clear);
  if (resource === null) return { step: 2, reason: "its resource is not encrypted with our APIv3 key" };
  const elsewhere = addresseeFault(resource, sealed.original_type, credentials);
  return elsewhere === null ? { resource } : { step: 3, reason: elsewhere };
}

/** A refund names the merchant alone, a transaction the app too. */
function addresseeFault(resource: Fields, type: unknown, credentials: WechatCredentials): string | null {
  const { mchid, appid, subMchid } = credentials;
  if (subMchid === null) {
    if (resource.mchid !== mchid) return "it is for another merchant";
    return type === "transaction" && resource.appid !== appid ? "it is for another app" : null;
  }
  if (resource.sp_mchid !== mchid || resource.sub_mchid !== subMchid) return "it is for another merchant";
  return type === "transaction" && resource.sp_appid !== appid ? "it is for another app" : null;
}

type About = Extract<Notification, { verdict: "authentic" }>["about"];

function aboutOf(envelope: Fields, resource: Fields, at: Date): About | { readonly broken: string } {
  const event = textOr(envelope.event_type, "");
  const type = objectOf(envelope.resource).original_type;
  if (event === "TRANSACTION.SUCCESS" && type === "transaction") {
    const trade = tradeOf(resource, at);
    return "broken" in trade ? trade : { kind: "trade", trade };
  }
  if (!event.startsWith("REFUND.") || type !== "refund") {
    return { broken: `an event of no known meaning: ${event.slice(0, 80)}` };
  }
  const channelRefundNo = textOr(resource.out_refund_no, null);
  if (channelRefundNo === null) return { broken: "it names no refund" };
  const refund = refundOfNotification(resource);
  if ("broken" in refund) return refund;
  // It tells the sum of this one refund and neither what went back in all nor when the order was paid, so of
  // the order it says nothing.
  const amount = fenOf(objectOf(resource.amount).refund);
  return { kind: "refund", channelRefundNo, refund, ...(amount === null ? {} : { amount }), trade: null };
}

function furthestOf(tries: readonly (Opened | Unopened)[]): string {
  const failed = tries.filter((one) => "reason" in one).sort((one, other) => other.step - one.step);
  return failed[0]?.reason ?? "there are no keys to check it with";
}

function jsonOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}
