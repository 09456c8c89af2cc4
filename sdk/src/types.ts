/**
 * What the API takes and gives. Fields are named as on the wire; the shapes come from the platform's own
 * description.
 */
import type { components, paths } from "./generated/openapi.ts";

type Schemas = components["schemas"];
type Body<Operation> = Operation extends {
  requestBody: { content: { "application/json": infer Content } };
}
  ? Content
  : never;
type Query<Operation> = Operation extends { parameters: { query?: infer Fields } } ? Fields : never;
type Optional<Operation> = Operation extends {
  requestBody?: { content: { "application/json": infer Content } };
}
  ? NonNullable<Content>
  : never;

export type Payment = Schemas["Payment"];
export type Refund = Schemas["Refund"];
export type Dispute = Schemas["Dispute"];
export type Settlement = Schemas["Settlement"];
export type Payout = Schemas["Payout"];
export type Account = Schemas["Account"];
export type Entry = Schemas["Entry"];
export type Balance = Schemas["Balance"];
export type WebhookEndpoint = Schemas["WebhookEndpoint"];
export type WebhookEndpointWithSecret = Schemas["WebhookEndpointWithSecret"];
export type Delivery = Schemas["Delivery"];
export type DeliveryDetail = Schemas["DeliveryDetail"];
export type TimelineItem = Schemas["TimelineItem"];

/**
 * An amount of the currency's minor unit (分 for CNY): a whole number from 1 to 2^53−1, as a number or a
 * bigint.
 */
export type Amount = number | bigint;

export type CreatePayment = Omit<Body<paths["/v1/payments"]["post"]>, "amount"> & { readonly amount: Amount };
export type CreateAttempt = Body<paths["/v1/payments/{id}/attempts"]["post"]>;
export type CreateRefund = Omit<Body<paths["/v1/payments/{id}/refunds"]["post"]>, "amount"> & {
  /** All that is left when absent. */
  readonly amount?: Amount;
};
export type CreateWebhookEndpoint = Body<paths["/v1/webhook_endpoints"]["post"]>;
export type UpdateWebhookEndpoint = Body<paths["/v1/webhook_endpoints/{id}"]["patch"]>;
export type RotateSecret = Optional<paths["/v1/webhook_endpoints/{id}/rotate_secret"]["post"]>;

type Filters<Operation> = Omit<NonNullable<Query<Operation>>, "cursor" | "limit"> & PageOptions;

/** Where a list begins and how much each request asks for. */
export type PageOptions = {
  /** The `next_cursor` of an earlier page, with the same filters. */
  readonly cursor?: string;
  /** Items per request, 1 to 100. */
  readonly limit?: number;
};
export type PaymentFilters = Filters<paths["/v1/payments"]["get"]>;
export type RefundFilters = Filters<paths["/v1/refunds"]["get"]>;
export type AccountFilters = Filters<paths["/v1/accounts"]["get"]>;
export type EventFilters = Filters<paths["/v1/events"]["get"]>;
export type DeliveryFilters = Filters<paths["/v1/deliveries"]["get"]>;

/** What an event says. */
export type EventContent =
  | {
      readonly type:
        | "payment.succeeded"
        | "payment.closed"
        | "payment.failed"
        | "payment.reversed_by_channel";
      readonly data: { readonly payment: Payment };
    }
  | {
      readonly type: "refund.accepted" | "refund.succeeded" | "refund.failed" | "refund.returned";
      readonly data: { readonly refund: Refund };
    }
  | {
      readonly type: "dispute.opened" | "dispute.won" | "dispute.lost";
      readonly data: { readonly dispute: Dispute };
    }
  | {
      readonly type: "settlement.approved" | "settlement.paid";
      readonly data: { readonly settlement: Settlement };
    }
  | {
      readonly type: "payout.succeeded" | "payout.rejected" | "payout.returned";
      readonly data: { readonly payout: Payout };
    }
  | { readonly type: "ping"; readonly data: { readonly webhook_endpoint: string } };

/** An event as a webhook carries it. `id` is the same at every try: drop what you have seen. */
export type WebhookEvent = EventContent & { readonly id: string; readonly created_at: string };

/** An event as the API lists it. */
export type Event = WebhookEvent & {
  /** What it happened to: pay_…, rfd_…, dsp_… */
  readonly subject: string;
};
export type EventType = EventContent["type"];
