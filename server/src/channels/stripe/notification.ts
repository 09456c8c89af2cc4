import type {
  ChannelContext,
  ExchangeRecord,
  InboundRequest,
  Notification,
  RefundOutcome,
  TradeOutcome,
} from "../port.ts";
import { type Fields, jsonOf, objectOf, textOr } from "./answer.ts";
import type { StripeCredentials } from "./credentials.ts";
import { disputeToldBy } from "./dispute-outcomes.ts";
import { credentialsOf } from "./gateway.ts";
import { record } from "./masking.ts";
import {
  failureOf,
  isForeignMoney,
  orderNoOf,
  tradeOfIntent,
  tradeOfPaidSession,
  tradeOfRefundedCharge,
} from "./outcomes.ts";
import { foreignRefundToldBy, refundNoOf, refundToldBy } from "./refund-outcomes.ts";
import { signatureHeader, strangerBy } from "./signing.ts";
import { instantOf } from "./time.ts";

type About = Extract<Notification, { verdict: "authentic" }>["about"];
type Broken = { readonly broken: string };

/** Says nothing of our money: of a kind not listed here, or of an object that moves none or others'. */
const NOTHING = { kind: "nothing" } as const;

/**
 * What each kind of event says. Stripe tells of one step by several kinds, in no order that it promises; the
 * object is as it was when the event happened.
 */
const KINDS: Readonly<Record<string, (object: Fields, at: Date) => About | Broken>> = {
  "payment_intent.succeeded": (intent, at) => trade(tradeOfIntent(intent, at)),
  "payment_intent.canceled": (intent, at) => trade(tradeOfIntent(intent, at)),
  "checkout.session.completed": session,
  "checkout.session.async_payment_succeeded": session,
  "checkout.session.async_payment_failed": () => trade(failureOf({})),
  "checkout.session.expired": () => trade({ outcome: "closed" }),
  "charge.refunded": (charge, at) => trade(tradeOfRefundedCharge(charge, at)),
  "refund.created": refund,
  "refund.updated": refund,
  "refund.failed": refund,
  "charge.refund.updated": refund,
  "charge.dispute.created": dispute,
  "charge.dispute.updated": dispute,
  "charge.dispute.funds_withdrawn": dispute,
  "charge.dispute.funds_reinstated": dispute,
  "charge.dispute.closed": dispute,
};

/**
 * Reads an event posted to the webhook endpoint. Its signature over the raw bytes is checked with each
 * context's secrets; mode and account must be that context's. Amount and order are the door's to check: it
 * knows what was asked.
 */
export function readNotification(
  contexts: readonly ChannelContext[],
  request: InboundRequest,
  now: Date,
): Notification {
  const event = jsonOf(request.body);
  const exchange: ExchangeRecord = {
    operation: "notification",
    startedAt: request.receivedAt,
    tookMs: 0,
    channelCode: textOr(event?.type, null),
    request: event === null ? `${request.body.length} bytes that are no JSON object` : record(event),
    response: null,
  };
  const refused = (reason: string): Notification => ({ verdict: "refused", reason, exchange });

  if (request.method !== "POST") return refused(`the method is ${request.method}`);
  const signed = signatureHeader(request.headers);
  const strangers = contexts.map((context) =>
    strangerBy(signed, request.body, credentialsOf(context).webhookSecrets, now),
  );
  const owner = contexts[strangers.indexOf(null)];
  if (owner === undefined) return refused(strangers[0] ?? "there are no secrets to check it with");
  if (event === null) return refused("the body is no JSON object");
  const elsewhere = addresseeFault(event, credentialsOf(owner));
  if (elsewhere !== null) return refused(elsewhere);
  const [notifyId, type, at] = [textOr(event.id, null), textOr(event.type, null), instantOf(event.created)];
  if (event.object !== "event" || notifyId === null || type === null || at === null) {
    return refused("it is no event with an id, a type and a time");
  }
  const object = objectOf(objectOf(event.data).object);
  // Refused, Stripe would repeat it for days and then give the endpoint up.
  const about = isForeignMoney(object) ? NOTHING : (KINDS[type]?.(object, at) ?? NOTHING);
  if ("broken" in about) return refused(about.broken);
  return { verdict: "authentic", notifyId, ...numbersOf(object), about, exchange };
}

function addresseeFault(event: Fields, { isLive, accountId }: StripeCredentials): string | null {
  if (event.livemode !== isLive) return `it is of the ${isLive ? "test" : "live"} mode`;
  // Named only by events of connected accounts.
  const account = textOr(event.account, null);
  return account === null || account === accountId ? null : "it is of another account";
}

/** Our number, where the object carries it; else the PaymentIntent's. */
function numbersOf(object: Fields): { channelOrderNo: string | null; channelTradeNo?: string } {
  const channelOrderNo = orderNoOf(object);
  const own = object.object === "payment_intent" ? object.id : object.payment_intent;
  const channelTradeNo = textOr(own, null);
  return channelOrderNo !== null || channelTradeNo === null
    ? { channelOrderNo }
    : { channelOrderNo, channelTradeNo };
}

function trade(told: TradeOutcome | Broken): About | Broken {
  if ("broken" in told) return told;
  return told.outcome === "pending" ? NOTHING : { kind: "trade", trade: told };
}

/** A page may be complete while the bank has not answered: another event tells. */
function session(object: Fields, at: Date): About | Broken {
  return object.payment_status === "paid" ? trade(tradeOfPaidSession(object, at)) : NOTHING;
}

/** One that is not ours is told by Stripe's number; its charge tells the sum that went back in all, too. */
function refund(object: Fields, at: Date): About | Broken {
  const channelRefundNo = refundNoOf(object);
  if (channelRefundNo === null) return foreignRefund(object, at);
  const told: RefundOutcome | Broken = refundToldBy(object, at);
  return "broken" in told ? told : { kind: "refund", channelRefundNo, refund: told, trade: null };
}

function foreignRefund(object: Fields, at: Date): About | Broken {
  const told = foreignRefundToldBy(object, at);
  if (told === null) return NOTHING;
  return "broken" in told ? told : { kind: "foreign_refund", refund: told };
}

function dispute(object: Fields, at: Date): About | Broken {
  const told = disputeToldBy(object, at);
  if (told === null) return NOTHING;
  return "broken" in told ? told : { kind: "dispute", dispute: told };
}
