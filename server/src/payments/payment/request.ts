import { type Static, Type } from "typebox";
import { AmountSchema, CurrencySchema, strictObject } from "../../kernel/http.ts";
import { ProfitSharingSchema } from "../../sharing/index.ts";

const METADATA_ENTRIES_MAX = 50;

export const MetadataSchema = Type.Record(
  Type.String({ pattern: "^[A-Za-z0-9_.-]{1,40}$" }),
  Type.String({ maxLength: 500 }),
  { maxProperties: METADATA_ENTRIES_MAX, description: "Your own keys and values, returned unchanged" },
);

export const MerchantNumber = Type.String({
  pattern: "^[A-Za-z0-9_.:-]{1,64}$",
  description: "Your own number, unique for you: letters, digits and _ . : - up to 64",
});

export const MethodSchema = Type.String({ pattern: "^[a-z0-9]+\\.[a-z0-9_]+$|^[a-z0-9]+$", maxLength: 40 });

export const PaymentCodeSchema = Type.String({
  pattern: "^[0-9]{16,24}$",
  description: "The digits of the buyer's payment code, just scanned; used once and never stored",
});

export const EXPIRES_IN_MIN_SECONDS = 60;
export const EXPIRES_IN_MAX_SECONDS = 15 * 86_400;
export const EXPIRES_IN_SECONDS = 2 * 3_600;

export const BuyerIpSchema = Type.String({
  pattern: "^[0-9A-Fa-f.:]{2,45}$",
  description:
    "The address (IPv4 or IPv6) of the buyer's device, where the method needs one; " +
    "with a payment code, the till's",
});

/** `POST /v1/payments`. */
export const CreatePaymentSchema = strictObject({
  merchant_order_no: MerchantNumber,
  amount: AmountSchema,
  currency: CurrencySchema,
  subject: Type.String({
    minLength: 1,
    maxLength: 128,
    pattern: "^[^\\u0000-\\u001f\\u007f]+$",
    description: "What the buyer reads in the wallet and on the bill",
  }),
  method: Type.Optional(MethodSchema),
  payment_code: Type.Optional(PaymentCodeSchema),
  buyer: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: "The buyer at the channel (open id, user id), where the method needs one",
    }),
  ),
  buyer_ip: Type.Optional(BuyerIpSchema),
  store: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: "A store's id, or your number for it" }),
  ),
  terminal: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: "A terminal's id, or its serial" }),
  ),
  expires_in: Type.Optional(
    Type.Integer({
      minimum: EXPIRES_IN_MIN_SECONDS,
      maximum: EXPIRES_IN_MAX_SECONDS,
      description: `Seconds until the payment closes by itself; ${EXPIRES_IN_SECONDS} by default`,
    }),
  ),
  return_url: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s\\u0000-\\u001f<>"]{1,1000}$',
      description: "Where the buyer goes after paying",
    }),
  ),
  metadata: Type.Optional(MetadataSchema),
  profit_sharing: Type.Optional(ProfitSharingSchema),
});
export type CreatePayment = Static<typeof CreatePaymentSchema>;

/** A payment's request as it is kept: as sent, except that the payment code is only a keyed hash. */
export type KeptRequest = CreatePayment;

/** Canonical JSON of what JSON can say: sorted keys, so that the same request is the same text. */
export function canonical(value: unknown): string {
  return JSON.stringify(ordered(value));
}

/** The same with the keys of every object in order. Beforehand: a replacer is called for each value. */
function ordered(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, held]) => [key, ordered(held)]));
}

/** The kept request. */
export function readRequest(text: string): KeptRequest {
  return JSON.parse(text) as KeptRequest;
}

/** The names of the fields in which two kept requests differ, in alphabetical order. */
export function differingFields(first: string, second: string): readonly string[] {
  const a = JSON.parse(first) as Record<string, unknown>;
  const b = JSON.parse(second) as Record<string, unknown>;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => canonical(a[key] ?? null) !== canonical(b[key] ?? null))
    .sort();
}
