import { Type } from "typebox";
import { CurrencySchema, InstantSchema } from "../kernel/http.ts";
import { ATTEMPT_STATES, DISPUTE_STATES, PAYMENT_STATUSES, REFUND_STATES } from "./model.ts";

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const MinorUnits = Type.Integer({ description: "Minor units" });

export const NextActionSchema = Type.Union([
  Type.Object({ type: Type.Literal("qr_code"), qr_code: Type.String() }),
  Type.Object({
    type: Type.Literal("redirect"),
    url: Type.String(),
    form: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "Fields to send there by POST, as a browser's form; absent: a plain address",
      }),
    ),
  }),
  Type.Object({ type: Type.Literal("jsapi_params"), params: Type.Record(Type.String(), Type.String()) }),
  Type.Object({ type: Type.Literal("app_params"), params: Type.String() }),
  Type.Object({ type: Type.Literal("none") }),
]);

const AttemptSchema = Type.Object({
  id: Type.String(),
  method: Type.String(),
  channel: Type.String(),
  channel_account: Type.String(),
  state: Type.Enum([...ATTEMPT_STATES]),
  channel_order_no: Type.String({ description: "Our number at the channel" }),
  channel_trade_no: Nullable(Type.String()),
  amount_paid: Nullable(MinorUnits),
  amount_settled: Nullable(MinorUnits),
  fee: Nullable(MinorUnits),
  paid_at: Nullable(InstantSchema),
  buyer: Nullable(Type.String()),
  surplus: Nullable(Type.String({ description: "Why the money it took could not be used and goes back" })),
  failure_code: Nullable(Type.String()),
  failure_message: Nullable(Type.String()),
  created_at: InstantSchema,
  expires_at: InstantSchema,
  finished_at: Nullable(InstantSchema),
});

export const RefundSchema = Type.Object(
  {
    id: Type.String(),
    payment: Type.String(),
    attempt: Type.String(),
    merchant_refund_no: Nullable(Type.String()),
    automatic: Type.Boolean({ description: "Made by the platform to give surplus money back" }),
    amount: MinorUnits,
    currency: CurrencySchema,
    reason: Nullable(Type.String()),
    state: Type.Enum([...REFUND_STATES]),
    state_final: Type.Boolean(),
    amount_settled: Type.Integer({ description: "What leaves your balance" }),
    fee_returned: MinorUnits,
    channel_refund_no: Type.String(),
    failure_code: Nullable(Type.String()),
    failure_message: Nullable(Type.String()),
    created_at: InstantSchema,
    accepted_at: Nullable(InstantSchema),
    arrived_at: Nullable(InstantSchema),
    finished_at: Nullable(InstantSchema),
  },
  { description: "Money back for one attempt of a payment" },
);

export const DisputeSchema = Type.Object(
  {
    id: Type.String(),
    payment: Type.String(),
    attempt: Type.String(),
    channel_dispute_no: Type.String({ description: "The channel's number of the claim" }),
    state: Type.Enum([...DISPUTE_STATES]),
    state_final: Type.Boolean(),
    amount: Type.Integer({ description: "What the payer claims; held back until it is decided" }),
    fee: Type.Integer({ description: "What the channel charges for the claim when it opens" }),
    amount_returned: Type.Integer({ description: "What came back of the amount once it was won" }),
    fee_returned: Type.Integer({
      description: "What came back of the fee, where the contract gives it back",
    }),
    currency: CurrencySchema,
    reason: Type.String({ description: "The channel's own word" }),
    respond_by: Nullable(InstantSchema),
    created_at: InstantSchema,
    finished_at: Nullable(InstantSchema),
  },
  { description: "A payer's claim through the channel against one payment" },
);

export const PaymentSchema = Type.Object(
  {
    id: Type.String(),
    merchant_order_no: Type.String(),
    amount: MinorUnits,
    currency: CurrencySchema,
    subject: Type.String(),
    method: Nullable(Type.String()),
    status: Type.Enum([...PAYMENT_STATUSES]),
    status_final: Type.Boolean({ description: "Whether the status can still change" }),
    closing: Type.Boolean({ description: "The order is being ended at the channel" }),
    closed_reason: Nullable(Type.Enum(["expired", "cancelled"])),
    amount_refunded: MinorUnits,
    refund_status: Type.Enum(["none", "partial", "full"]),
    reversed_by_channel: Type.Boolean({ description: "The channel took the money back after the success" }),
    live_attempt: Nullable(Type.String()),
    success_attempt: Nullable(Type.String()),
    next_action: Nullable(NextActionSchema),
    cashier_url: Type.String({ description: "The buyer's page for this payment" }),
    scan_url: Type.String({
      description: "Put it into a QR code: whichever wallet scans it opens this payment",
    }),
    attempts: Type.Array(AttemptSchema),
    refunds_automatic: Type.Array(RefundSchema),
    disputes: Type.Array(DisputeSchema),
    store: Nullable(Type.String()),
    terminal: Nullable(Type.String()),
    return_url: Nullable(Type.String()),
    metadata: Type.Record(Type.String(), Type.String()),
    created_at: InstantSchema,
    expires_at: InstantSchema,
    finished_at: Nullable(InstantSchema),
  },
  { description: "What a merchant asked for, and what came of it" },
);

const OpsAttemptSchema = Type.Object({
  ...AttemptSchema.properties,
  fee_rule: Nullable(
    Type.String({
      description:
        "What the fee was reckoned by: a schedule's id, with :debit or :credit for that card type's rule; " +
        "merchant_rate; not_through_us. Null of a surplus, which earns none",
    }),
  ),
  fee_rule_version: Nullable(
    Type.Integer({ description: "The schedule's version; else the revision that the rate was read from" }),
  ),
  fee_returned: MinorUnits,
  fee_of_partners: Nullable(
    Type.Integer({ description: "The part of the fee that is still owed to partners" }),
  ),
  cost: Nullable(Type.Integer({ description: "The channel's, minor units" })),
  cost_rule: Nullable(Type.String()),
  cost_rule_version: Nullable(Type.Integer()),
  cost_returned: MinorUnits,
});

/** A payment as operators see it. */
export const OpsPaymentSchema = Type.Object({
  ...PaymentSchema.properties,
  attempts: Type.Array(OpsAttemptSchema),
});

export const TimelineSchema = Type.Object({
  data: Type.Array(
    Type.Object({
      at: InstantSchema,
      kind: Type.Enum([
        "payment",
        "attempt",
        "exchange",
        "journal",
        "refund",
        "dispute",
        "share",
        "event",
        "delivery",
      ]),
      what: Type.String(),
      id: Nullable(Type.String()),
      detail: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
});
