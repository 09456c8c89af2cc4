import { MINUTE } from "../../kernel/clock.ts";
import type { NewOrder, RefundOrder } from "../port.ts";
import { type FormFields, formText } from "./form.ts";
import { secondsOf } from "./time.ts";
import { PAGE_METHOD } from "./traits.ts";

// Pure: what is asked of Stripe's API v1. Sending is the gateway's part.

/** One call: its target is path and query, exactly as it is sent. */
export type ApiRequest = {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly fields: FormFields | null;
  /** Repeated with the same key and fields, Stripe answers the same and does nothing more. */
  readonly idempotencyKey: string | null;
};

/** What Stripe's API is asked for by: its answers keep this version's shape whatever the account's is. */
export const API_VERSION = "2026-10-28.endive";

/** Our numbers, in the metadata of whatever belongs to them. */
export const ORDER_NO = "channel_order_no";
export const REFUND_NO = "channel_refund_no";

export const SUBJECT_CHARACTERS_MAX = 250;
const REASON_CHARACTERS_MAX = 500;
export const PAGE_SIZE = 100;

/** A hosted page lives half an hour at the least, counted from when Stripe reads it: a repeat comes later. */
const PAGE_LIFETIME_MIN_MS = 40 * MINUTE;

/** Clocks differ, and a lost call may have been on its way. */
const AROUND_MS = 15 * MINUTE;

const INTENT_EXPANSION = ["latest_charge.balance_transaction"];
const SESSION_EXPANSION = ["payment_intent.latest_charge.balance_transaction"];

/** The request that places an order; the same order makes the same request, byte for byte. */
export function placeRequest(order: NewOrder): ApiRequest {
  return order.method === PAGE_METHOD ? sessionRequest(order) : intentRequest(order);
}

function sessionRequest(order: NewOrder): ApiRequest {
  const metadata = { [ORDER_NO]: order.channelOrderNo };
  const earliest = order.createdAt.getTime() + PAGE_LIFETIME_MIN_MS;
  const back = order.returnUrl === null ? {} : { success_url: order.returnUrl, cancel_url: order.returnUrl };
  return post("/v1/checkout/sessions", order.channelOrderNo, {
    mode: "payment",
    allowed_payment_method_types: ["card"],
    client_reference_id: order.channelOrderNo,
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: order.currency.toLowerCase(),
          unit_amount: order.amount.toString(),
          product_data: { name: plainText(order.subject) },
        },
      },
    ],
    // The platform ends the session itself where the order's life is shorter than a page's.
    expires_at: secondsOf(new Date(Math.max(order.expiresAt.getTime(), earliest))),
    ...back,
    metadata,
    payment_intent_data: { description: plainText(order.subject), metadata },
    // The buyer pays in the order's currency, which is the one that settles.
    adaptive_pricing: { enabled: false },
  });
}

function intentRequest(order: NewOrder): ApiRequest {
  return post("/v1/payment_intents", order.channelOrderNo, {
    amount: order.amount.toString(),
    currency: order.currency.toLowerCase(),
    description: plainText(order.subject),
    automatic_payment_methods: { enabled: true },
    metadata: { [ORDER_NO]: order.channelOrderNo },
  });
}

/** @param id `cs_…` */
export function sessionQuery(id: string): ApiRequest {
  return get(`/v1/checkout/sessions/${encodeURIComponent(id)}`, { expand: SESSION_EXPANSION });
}

/** @param id `pi_…` */
export function intentQuery(id: string): ApiRequest {
  return get(`/v1/payment_intents/${encodeURIComponent(id)}`, { expand: INTENT_EXPANSION });
}

/**
 * The page of sessions made around `createdAt`: Stripe has no search for sessions, and a number that is lost
 * is found by looking through them. @param after the last one of the page before
 */
export function sessionsAround(createdAt: Date, after: string | null): ApiRequest {
  const [from, to] = [-AROUND_MS, AROUND_MS].map((ms) => secondsOf(new Date(createdAt.getTime() + ms)));
  return get("/v1/checkout/sessions", {
    created: { gte: from ?? 0, lte: to ?? 0 },
    limit: PAGE_SIZE,
    ...(after === null ? {} : { starting_after: after }),
  });
}

/** Search shows what happened with some delay, which is the horizon in the traits. */
export function intentSearch(channelOrderNo: string): ApiRequest {
  return get("/v1/payment_intents/search", { query: `metadata['${ORDER_NO}']:'${channelOrderNo}'` });
}

export function expireRequest(sessionId: string): ApiRequest {
  return post(`/v1/checkout/sessions/${encodeURIComponent(sessionId)}/expire`, null, {});
}

export function cancelRequest(intentId: string): ApiRequest {
  return post(`/v1/payment_intents/${encodeURIComponent(intentId)}/cancel`, null, {});
}

/** @param turn how often Stripe said under this number that the money was not there, and remembers it */
export function refundRequest(refund: RefundOrder, intentId: string, turn: number): ApiRequest {
  const { reason, channelRefundNo, order } = refund;
  const key = turn === 0 ? channelRefundNo : `${channelRefundNo}.${turn}`;
  return post("/v1/refunds", key, {
    payment_intent: intentId,
    amount: refund.amount.toString(),
    metadata: {
      [REFUND_NO]: channelRefundNo,
      [ORDER_NO]: order.channelOrderNo,
      ...(reason === null || reason.trim() === ""
        ? {}
        : { reason: [...plainText(reason)].slice(0, REASON_CHARACTERS_MAX).join("") }),
    },
  });
}

export function refundsOf(intentId: string, after: string | null): ApiRequest {
  return get("/v1/refunds", {
    payment_intent: intentId,
    limit: PAGE_SIZE,
    ...(after === null ? {} : { starting_after: after }),
    expand: ["data.failure_balance_transaction"],
  });
}

/** @param id `dp_…` */
export function disputeQuery(id: string): ApiRequest {
  return get(`/v1/disputes/${encodeURIComponent(id)}`, {});
}

export function accountQuery(): ApiRequest {
  return get("/v1/account", {});
}

/** A page of what moved the account's balance on a day. @param channelDate `yyyy-mm-dd`, UTC */
export function movementsOf(channelDate: string, after: string | null): ApiRequest {
  const from = secondsOf(new Date(`${channelDate}T00:00:00Z`));
  return get("/v1/balance_transactions", {
    created: { gte: from, lt: from + 86_400 },
    limit: PAGE_SIZE,
    ...(after === null ? {} : { starting_after: after }),
    expand: ["data.source"],
  });
}

/** Line breaks and tabs have no place in what a buyer reads in one line. */
function plainText(text: string): string {
  return text.replace(/\s/g, " ");
}

function post(target: string, idempotencyKey: string | null, fields: FormFields): ApiRequest {
  return { method: "POST", target, fields, idempotencyKey };
}

function get(path: string, parameters: FormFields): ApiRequest {
  const query = formText(parameters);
  return {
    method: "GET",
    target: query === "" ? path : `${path}?${query}`,
    fields: null,
    idempotencyKey: null,
  };
}
