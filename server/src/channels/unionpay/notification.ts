import type { ChannelContext, ExchangeRecord, InboundRequest, Notification } from "../port.ts";
import { fenOf } from "./amount.ts";
import { channelCodeOf } from "./answer.ts";
import { credentialsOf, trustIn } from "./gateway.ts";
import { record } from "./masking.ts";
import { tradeOf } from "./outcomes.ts";
import { refundWith } from "./refund-outcomes.ts";
import { type Fields, strangerBy } from "./signing.ts";

type Authentic = Extract<Notification, { verdict: "authentic" }>;
type Told = Pick<Authentic, "channelOrderNo" | "channelTradeNo" | "about">;

const PURCHASE = "01";
const GIVEN_BACK: ReadonlySet<string> = new Set(["31", "04"]);

/**
 * Reads `backUrl`'s POST. Certificate and signature are checked against each context's chain; then the
 * merchant must be that context's. Amount and order are the door's to check: it knows what was asked.
 */
export function readNotification(contexts: readonly ChannelContext[], request: InboundRequest): Notification {
  const fields = formOf(request.body);
  const exchange: ExchangeRecord = {
    operation: "notification",
    startedAt: request.receivedAt,
    tookMs: 0,
    channelCode: channelCodeOf(fields),
    request: fields === null ? `${request.body.length} bytes that are no form` : record(fields),
    response: null,
  };
  const refused = (reason: string): Notification => ({ verdict: "refused", reason, exchange });

  if (request.method !== "POST") return refused(`the method is ${request.method}`);
  if (fields === null) return refused("the body is not a form in UTF-8 that names each field once");
  const strangers = contexts.map((context) => strangerTo(fields, context, request.receivedAt));
  if (!strangers.includes(null)) return refused(furthestOf(strangers));
  const { queryId, respCode, txnType } = fields;
  if (!queryId || !respCode || !txnType) return refused("it names no queryId, respCode or txnType");
  const told = understood(fields, txnType, request.receivedAt);
  if ("broken" in told) return refused(told.broken);
  return { verdict: "authentic", notifyId: `${txnType}/${queryId}/${respCode}`, ...told, exchange };
}

function strangerTo(fields: Fields, context: ChannelContext, receivedAt: Date): string | null {
  const stranger = strangerBy(fields, trustIn(context), receivedAt);
  if (stranger !== null) return stranger;
  return fields.merId === credentialsOf(context).merId ? null : FOR_ANOTHER;
}

const FOR_ANOTHER = "it is for another merchant";

/** What the context says that verified it and is not its addressee; else what the newest says. */
function furthestOf(strangers: readonly (string | null)[]): string {
  return strangers.find((reason) => reason === FOR_ANOTHER) ?? strangers[0] ?? "no credentials verify it";
}

/**
 * A refund or a void is an order of its own. It names the payment by its queryId alone, and says nothing of
 * what went back in all.
 */
function understood(fields: Fields, txnType: string, at: Date): Told | { readonly broken: string } {
  const { orderId, origQryId, respCode, respMsg } = fields;
  if (!orderId) return { broken: "it names no order" };
  if (txnType === PURCHASE) {
    const trade = tradeOf(respCode, respMsg, fields, at);
    if (trade.end !== "answered") return { broken: brokenBy(trade) };
    return { channelOrderNo: orderId, about: { kind: "trade", trade: trade.value } };
  }
  if (!GIVEN_BACK.has(txnType))
    return { broken: `its txnType ${txnType} is none that this platform asks for` };
  if (!origQryId) return { broken: "it names no payment" };
  const refund = refundWith(respCode, respMsg, fields, at);
  if (refund.end !== "answered") return { broken: brokenBy(refund) };
  const amount = fenOf(fields.txnAmt);
  const sum = amount === null ? {} : { amount };
  return {
    channelOrderNo: null,
    channelTradeNo: origQryId,
    about: { kind: "refund", channelRefundNo: orderId, refund: refund.value, ...sum, trade: null },
  };
}

function brokenBy(end: { readonly end: string; readonly reason?: string }): string {
  return end.reason ?? end.end;
}

/**
 * The fields of a form, or null when it is not UTF-8 or names a field twice (which of the two was signed?).
 */
function formOf(body: Buffer): Fields | null {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return null;
  }
  const form = new URLSearchParams(text);
  const fields = Object.fromEntries(form);
  return Object.keys(fields).length === form.size ? fields : null;
}
