import type { ChannelContext, ExchangeRecord, InboundRequest, Notification } from "../port.ts";
import { fenOf } from "./amount.ts";
import { credentialsOf } from "./gateway.ts";
import { record } from "./masking.ts";
import { refundOfNotification, tradeOf } from "./outcomes.ts";
import { type Parameters, verifyNotification } from "./signing.ts";

/**
 * Reads `notify_url`'s POST (Alipay: 异步通知说明). The signature is checked with each context's key; then the app
 * and the seller must be that context's. Amount and order are the door's to check: it knows what was asked.
 */
export function readNotification(contexts: readonly ChannelContext[], request: InboundRequest): Notification {
  const parameters = formOf(request.body);
  const exchange: ExchangeRecord = {
    operation: "notification",
    startedAt: request.receivedAt,
    tookMs: 0,
    channelCode: parameters?.trade_status ?? null,
    request: parameters === null ? `${request.body.length} bytes that are no form` : record(parameters),
    response: null,
  };
  const refused = (reason: string): Notification => ({ verdict: "refused", reason, exchange });

  if (request.method !== "POST") return refused(`the method is ${request.method}`);
  if (parameters === null) return refused("the body is not a form in UTF-8 that names each field once");
  const signed = contexts.filter((context) =>
    verifyNotification(parameters, credentialsOf(context).alipayPublicKey),
  );
  if (signed.length === 0) return refused("the signature is not Alipay's");
  const stranger = signed.map((context) => strangerIn(parameters, context));
  if (!stranger.includes(null)) return refused(stranger[0] ?? "it is for somebody else");
  return (
    understood(parameters, request.receivedAt, exchange) ?? refused("it names no order, id or known status")
  );
}

function strangerIn(parameters: Parameters, context: ChannelContext): string | null {
  const { appId, sellerId } = credentialsOf(context);
  if (parameters.app_id !== appId) return "it is for another app";
  if (parameters.seller_id !== undefined && parameters.seller_id !== sellerId)
    return "it is for another seller";
  return null;
}

function understood(
  parameters: Parameters,
  receivedAt: Date,
  exchange: ExchangeRecord,
): Extract<Notification, { verdict: "authentic" }> | null {
  const { notify_id: notifyId, out_trade_no: channelOrderNo, out_biz_no: channelRefundNo } = parameters;
  if (!notifyId || !channelOrderNo) return null;
  const trade = tradeOf(parameters, receivedAt);
  if ("broken" in trade) return null;
  // `out_biz_no` names the refund that caused the notification; later ones of the same trade may repeat the
  // sums without it.
  const isRefund = channelRefundNo && (fenOf(parameters.refund_fee) ?? 0n) > 0n;
  return {
    verdict: "authentic",
    notifyId,
    channelOrderNo,
    about: isRefund
      ? { kind: "refund", channelRefundNo, refund: refundOfNotification(parameters, receivedAt), trade }
      : { kind: "trade", trade },
    exchange,
  };
}

/**
 * The fields of a form, or null when it is not UTF-8 or names a field twice (which of the two was signed?).
 */
function formOf(body: Buffer): Parameters | null {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return null;
  }
  const fields = new URLSearchParams(text);
  const parameters = Object.fromEntries(fields);
  return Object.keys(parameters).length === fields.size ? parameters : null;
}
