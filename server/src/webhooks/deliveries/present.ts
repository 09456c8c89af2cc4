import { Type } from "typebox";
import { InstantSchema } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { DELIVERY_STATES, type FailedTry } from "../model.ts";
import type { DeliveryRow } from "./store.ts";

export const DeliveryStateSchema = Type.Enum([...DELIVERY_STATES]);

const properties = {
  id: Type.String(),
  event: Type.String({ description: "evt_…, also the webhook-id of every try" }),
  event_type: Type.String(),
  webhook_endpoint: Type.String(),
  payment: Type.Union([Type.String(), Type.Null()]),
  state: DeliveryStateSchema,
  tries: Type.Integer({ description: "Requests made so far" }),
  next_try_at: Type.Union([InstantSchema, Type.Null()]),
  last_try: Type.Union([
    Type.Object({
      at: InstantSchema,
      status: Type.Union([Type.Integer(), Type.Null()]),
      duration_ms: Type.Integer(),
    }),
    Type.Null(),
  ]),
  last_error: Type.Union([Type.String(), Type.Null()], { description: "Why the last try did not count" }),
  delivered_at: Type.Union([InstantSchema, Type.Null()], { description: "When it first arrived" }),
  created_at: InstantSchema,
};
export const DeliverySchema = Type.Object(properties, { title: "Delivery" });

export const OperatorDeliverySchema = Type.Object(
  { merchant: Type.String(), ...properties },
  { title: "OperatorDelivery" },
);

export const DeliveryDetailSchema = Type.Object(
  {
    ...properties,
    failed_tries: Type.Array(
      Type.Object({
        number: Type.Integer(),
        at: InstantSchema,
        duration_ms: Type.Integer(),
        status: Type.Union([Type.Integer(), Type.Null()]),
        error: Type.String(),
        answer: Type.Union([Type.String(), Type.Null()], {
          description: "The beginning of the answer's body",
        }),
      }),
    ),
  },
  { title: "DeliveryDetail" },
);

/** A delivery on the wire. */
export function presentDelivery(row: DeliveryRow) {
  return {
    id: formatId("dlv", row.id),
    event: formatId("evt", row.eventId),
    event_type: row.type,
    webhook_endpoint: formatId("whe", row.endpointId),
    payment: row.paymentId === null ? null : formatId("pay", row.paymentId),
    state: row.state,
    tries: row.tries,
    next_try_at: row.dueAt?.toISOString() ?? null,
    last_try: row.lastTriedAt && {
      at: row.lastTriedAt.toISOString(),
      status: row.lastStatus,
      duration_ms: row.lastDurationMs ?? 0,
    },
    last_error: row.lastError,
    delivered_at: row.deliveredAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}

export function presentFailedTry(tried: FailedTry) {
  return {
    number: tried.number,
    at: tried.startedAt.toISOString(),
    duration_ms: tried.durationMs,
    status: tried.status,
    error: tried.error,
    answer: tried.answer,
  };
}
