import { type List, listOf, type Page } from "./list.ts";
import {
  type Call,
  type CallOptions,
  createTransport,
  type Transport,
  type TransportOptions,
} from "./transport.ts";
import type {
  Account,
  AccountFilters,
  Amount,
  Balance,
  CreateAttempt,
  CreatePayment,
  CreateRefund,
  CreateWebhookEndpoint,
  Delivery,
  DeliveryDetail,
  DeliveryFilters,
  Entry,
  Event,
  EventFilters,
  PageOptions,
  Payment,
  PaymentFilters,
  Refund,
  RefundFilters,
  RotateSecret,
  TimelineItem,
  UpdateWebhookEndpoint,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
} from "./types.ts";

/**
 * A merchant's view of the platform. Every method throws `TributaryError`; calls that are safe to repeat
 * (reading, and creating under a number of your own) are repeated by themselves when the platform is busy or
 * an answer is lost.
 */
export class Tributary {
  readonly payments: ReturnType<typeof paymentsOf>;
  readonly refunds: ReturnType<typeof refundsOf>;
  readonly accounts: ReturnType<typeof accountsOf>;
  readonly webhookEndpoints: ReturnType<typeof webhookEndpointsOf>;
  readonly events: ReturnType<typeof eventsOf>;
  readonly deliveries: ReturnType<typeof deliveriesOf>;

  constructor(options: TransportOptions) {
    const send = createTransport(options);
    this.payments = paymentsOf(send);
    this.refunds = refundsOf(send);
    this.accounts = accountsOf(send);
    this.webhookEndpoints = webhookEndpointsOf(send);
    this.events = eventsOf(send);
    this.deliveries = deliveriesOf(send);
  }
}

function paymentsOf(send: Transport) {
  return {
    /** Creates a payment, or finds the one that this `merchant_order_no` made before: safe to repeat. */
    create: (payment: CreatePayment, options?: CallOptions) =>
      send<Payment>({ ...post("/v1/payments", withAmount(payment)), repeatable: true }, options),
    get: (id: string, options?: CallOptions) => send<Payment>(get(`/v1/payments/${part(id)}`), options),
    /** Newest first; `number` finds by any number that somebody can quote. */
    list: (filters: PaymentFilters = {}) => list<Payment>(send, "/v1/payments", filters),
    /** Ends the order at the channel. The answer says what came of it: the buyer may have been quicker. */
    close: (id: string, options?: CallOptions) =>
      send<Payment>({ ...post(`/v1/payments/${part(id)}/close`), repeatable: true }, options),
    /**
     * Tries another way to pay, after ending the live one. Never repeated by itself: it has no number of
     * yours.
     */
    createAttempt: (id: string, attempt: CreateAttempt, options?: CallOptions) =>
      send<Payment>(post(`/v1/payments/${part(id)}/attempts`, attempt), options),
    /** Everything that happened to the payment, oldest first. */
    timeline: async (id: string, options?: CallOptions) => {
      const found = await send<{ data: readonly TimelineItem[] }>(
        get(`/v1/payments/${part(id)}/timeline`),
        options,
      );
      return found.data;
    },
  };
}

function refundsOf(send: Transport) {
  return {
    /** Refunds a payment or a part of it, once per `merchant_refund_no`: safe to repeat. */
    create: (paymentId: string, refund: CreateRefund, options?: CallOptions) =>
      send<Refund>(
        { ...post(`/v1/payments/${part(paymentId)}/refunds`, withAmount(refund)), repeatable: true },
        options,
      ),
    get: (id: string, options?: CallOptions) => send<Refund>(get(`/v1/refunds/${part(id)}`), options),
    /** Newest first. */
    list: (filters: RefundFilters = {}) => list<Refund>(send, "/v1/refunds", filters),
  };
}

function accountsOf(send: Transport) {
  return {
    list: (filters: AccountFilters = {}) => list<Account>(send, "/v1/accounts", filters),
    /** The lines of an account. */
    entries: (id: string, page: PageOptions = {}) =>
      list<Entry>(send, `/v1/accounts/${part(id)}/entries`, page),
    /** The balance now, or as it was at a moment. */
    balance: (id: string, at?: Date, options?: CallOptions) =>
      send<Balance>(
        {
          ...get(`/v1/accounts/${part(id)}/balance`),
          query: at === undefined ? {} : { at: at.toISOString() },
        },
        options,
      ),
  };
}

function webhookEndpointsOf(send: Transport) {
  const at = (id: string) => `/v1/webhook_endpoints/${part(id)}`;
  return {
    /** The answer is the only one that shows the secret. */
    create: (endpoint: CreateWebhookEndpoint, options?: CallOptions) =>
      send<WebhookEndpointWithSecret>(post("/v1/webhook_endpoints", endpoint), options),
    get: (id: string, options?: CallOptions) => send<WebhookEndpoint>(get(at(id)), options),
    /** All of them, disabled ones too. */
    list: async (options?: CallOptions) =>
      (await send<{ data: readonly WebhookEndpoint[] }>(get("/v1/webhook_endpoints"), options)).data,
    update: (id: string, changes: UpdateWebhookEndpoint, options?: CallOptions) =>
      send<WebhookEndpoint>({ method: "PATCH", path: at(id), body: changes, repeatable: true }, options),
    disable: (id: string, options?: CallOptions) =>
      send<WebhookEndpoint>({ method: "DELETE", path: at(id), repeatable: true }, options),
    /** Makes a new secret; the present one goes on signing beside it for a while. */
    rotateSecret: (id: string, rotation: RotateSecret = {}, options?: CallOptions) =>
      send<WebhookEndpointWithSecret>(post(`${at(id)}/rotate_secret`, rotation), options),
    /** Sends a `ping`; the delivery says what came of it. */
    test: (id: string, options?: CallOptions) => send<Delivery>(post(`${at(id)}/test`), options),
  };
}

function eventsOf(send: Transport) {
  return {
    get: (id: string, options?: CallOptions) => send<Event>(get(`/v1/events/${part(id)}`), options),
    /** Newest first. */
    list: (filters: EventFilters = {}) => list<Event>(send, "/v1/events", filters),
  };
}

function deliveriesOf(send: Transport) {
  return {
    /** With every try that failed. */
    get: (id: string, options?: CallOptions) =>
      send<DeliveryDetail>(get(`/v1/deliveries/${part(id)}`), options),
    /** Newest first. */
    list: (filters: DeliveryFilters = {}) => list<Delivery>(send, "/v1/deliveries", filters),
    /** Sends it again, whatever its state. */
    resend: (id: string, options?: CallOptions) =>
      send<DeliveryDetail>(post(`/v1/deliveries/${part(id)}/resend`), options),
  };
}

function get(path: string): Call {
  return { method: "GET", path, repeatable: true };
}

function post(path: string, body?: unknown): Call {
  return { method: "POST", path, repeatable: false, ...(body === undefined ? {} : { body }) };
}

function list<Item>(
  send: Transport,
  path: string,
  { cursor, ...filters }: PageOptions & Readonly<Record<string, string | number | undefined>>,
): List<Item> {
  return listOf<Item>(cursor, (place) =>
    send<Page<Item>>({ ...get(path), query: place === undefined ? filters : { ...filters, cursor: place } }),
  );
}

/** An id as a part of a path: whatever it is, it stays one. */
function part(id: string): string {
  if (id === "" || id === "." || id === "..") throw new RangeError("an id is missing");
  return encodeURIComponent(id);
}

function withAmount<Fields extends { readonly amount?: Amount }>(fields: Fields) {
  const { amount, ...rest } = fields;
  return amount === undefined ? rest : { ...rest, amount: exactAmount(amount) };
}

/** Throws a RangeError for what no JSON reader would keep exactly, before anything is sent. */
function exactAmount(amount: Amount): number {
  const number = Number(amount);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new RangeError(`an amount is a whole number of minor units from 1 to 2^53−1, not ${amount}`);
}
