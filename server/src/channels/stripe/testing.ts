import { systemRandom } from "../../kernel/clock.ts";
import type { Channel, ChannelContext, ChannelHttp, InboundRequest, NewOrder, RefundOrder } from "../port.ts";
import { createStripe } from "./channel.ts";
import type { StripeCredentialsInput } from "./credentials.ts";
import { signatureOf } from "./signing.ts";
import { secondsOf } from "./time.ts";

// What the tests of this folder share: an account, and a Stripe that answers what it is told to.

export const INPUT: StripeCredentialsInput = {
  secret_key: "sk_test_51Sesame0000000000000000",
  publishable_key: "pk_test_51Sesame0000000000000000",
  webhook_secret: "whsec_test_secret",
  account_id: "acct_1Tributary0001",
};

/** The context of credentials that must be good. */
export function contextOf(
  channel: Pick<Channel, "parseCredentials">,
  input: StripeCredentialsInput = INPUT,
): ChannelContext {
  const parsed = channel.parseCredentials(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return {
    channelAccountId: "account",
    gatewayUrl: "https://api.example",
    credentials: parsed.credentials,
    timeoutMs: 1_000,
  };
}

export const NOW = new Date("2026-11-20T01:30:07.250Z");
/** `NOW` in Stripe's writing. */
export const CREATED = secondsOf(NOW);

export function newOrder(changes: Partial<NewOrder> = {}): NewOrder {
  return {
    method: "stripe.card",
    channelOrderNo: "att01k0000000000000000000000",
    channelTradeNo: null,
    amount: 1_234n,
    currency: "USD",
    createdAt: NOW,
    subject: "Tea, 100 g",
    expiresAt: new Date(NOW.getTime() + 3_600_000),
    notifyUrl: "https://pay.example/notify/stripe/cha_1",
    returnUrl: "https://pay.example/pay/1",
    paymentCode: null,
    buyer: null,
    buyerIp: null,
    storeNo: null,
    terminalNo: null,
    ...changes,
  };
}

export function newRefund(changes: Partial<RefundOrder> = {}): RefundOrder {
  return {
    order: newOrder({ channelTradeNo: "pi_1" }),
    channelRefundNo: "rfd01k0000000000000000000000",
    amount: 234n,
    paidAmount: 1_234n,
    paidChannelDate: null,
    reason: null,
    notifyUrl: newOrder().notifyUrl,
    createdAt: NOW,
    ...changes,
  };
}

/** Objects of Stripe's about the order and the refund above; `changes` on top. */
export function session(changes: object = {}) {
  return {
    id: "cs_test_1",
    object: "checkout.session",
    amount_total: 1_234,
    client_reference_id: newOrder().channelOrderNo,
    currency: "usd",
    metadata: { channel_order_no: newOrder().channelOrderNo },
    payment_intent: null as unknown,
    payment_status: "unpaid",
    status: "open",
    url: "https://checkout.example/c/pay/cs_test_1",
    ...changes,
  };
}

export function intent(changes: object = {}) {
  return {
    id: "pi_1",
    object: "payment_intent",
    amount: 1_234,
    amount_received: 0,
    client_secret: "pi_1_secret_Sesame",
    currency: "usd",
    latest_charge: null as unknown,
    metadata: { channel_order_no: newOrder().channelOrderNo },
    status: "requires_payment_method",
    ...changes,
  };
}

export function charge(changes: object = {}) {
  return {
    id: "ch_1",
    object: "charge",
    amount: 1_234,
    amount_captured: 1_234,
    amount_refunded: 0,
    balance_transaction: { id: "txn_1", object: "balance_transaction", created: CREATED },
    created: CREATED - 1,
    currency: "usd",
    metadata: { channel_order_no: newOrder().channelOrderNo },
    payment_intent: "pi_1",
    payment_method_details: { card: { brand: "visa", last4: "4242" } },
    ...changes,
  };
}

export function paidIntent(chargeChanges: object = {}) {
  return intent({ status: "succeeded", amount_received: 1_234, latest_charge: charge(chargeChanges) });
}

export function refundObject(changes: object = {}) {
  return {
    id: "re_1",
    object: "refund",
    amount: 234,
    balance_transaction: "txn_2",
    created: CREATED,
    currency: "usd",
    metadata: { channel_refund_no: newRefund().channelRefundNo, channel_order_no: newOrder().channelOrderNo },
    payment_intent: "pi_1",
    status: "succeeded",
    ...changes,
  };
}

export function disputeObject(changes: object = {}) {
  return {
    id: "dp_1",
    object: "dispute",
    amount: 1_234,
    balance_transactions: [{ amount: -1_234, fee: 1_500, currency: "usd", created: CREATED }],
    charge: "ch_1",
    created: CREATED - 60,
    currency: "usd",
    evidence_details: { due_by: CREATED + 604_800 },
    metadata: {},
    payment_intent: "pi_1",
    reason: "fraudulent",
    status: "needs_response",
    ...changes,
  };
}

export const list = (data: readonly object[], hasMore = false) => ({
  object: "list",
  data,
  has_more: hasMore,
});

export const failure = (type: string, code: string | null, message = "because") => ({
  error: { type, ...(code === null ? {} : { code }), message },
});

export type Sent = Parameters<ChannelHttp["request"]>[0];
export type Returned = Awaited<ReturnType<ChannelHttp["request"]>>;

/** A connector whose HTTP answers from `answers`, one after the other; `sent` keeps what was asked. */
export function scripted(answers: readonly (Returned | ((sent: Sent) => Returned))[]) {
  const sent: Sent[] = [];
  const http: ChannelHttp = {
    request: async (request) => {
      sent.push(request);
      const answer = answers[sent.length - 1];
      if (answer === undefined) throw new Error(`nothing to answer to call ${sent.length}`);
      return typeof answer === "function" ? answer(request) : answer;
    },
  };
  const clock = { now: () => NOW, sleep: async () => {}, after: () => () => {} };
  return { channel: createStripe({ clock, random: systemRandom, http }), sent };
}

export function answer(
  status: number,
  body: object | string | Buffer,
  headers: Record<string, string> = {},
): Returned {
  return { end: "response", status, headers, body: bytesOf(body) };
}

/** An event around an object. */
export function eventOf(type: string, object: object, changes: object = {}): object {
  return {
    id: "evt_1",
    object: "event",
    api_version: "2026-10-28.endive",
    created: CREATED,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    ...changes,
  };
}

/** An event as it is posted to the webhook endpoint, signed with each of the secrets. */
export function inbound(
  event: object | string | Buffer,
  secrets: readonly string[] = [INPUT.webhook_secret],
  timestamp = String(CREATED),
): InboundRequest {
  const body = bytesOf(event);
  const signatures = secrets.map((secret) => `v1=${signatureOf(secret, timestamp, body)}`);
  const headers = { "stripe-signature": [`t=${timestamp}`, ...signatures].join(",") };
  return { method: "POST", headers, query: "", body, receivedAt: NOW };
}

function bytesOf(body: object | string | Buffer): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}
