import { Type } from "typebox";
import { CurrencySchema, InstantSchema } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { type ApiKey, apiKeyStateAt, type Merchant, type Store, type Terminal } from "./model.ts";

const NullableInstant = Type.Union([InstantSchema, Type.Null()]);
const NullableString = Type.Union([Type.String(), Type.Null()]);

export const MerchantSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  legal_name: Type.String(),
  status: Type.String({ description: "opening, active or suspended" }),
  fee_rate_millionths: Type.Integer({ description: "6000 is 0.6 %" }),
  currencies: Type.Array(
    Type.Object({
      currency: CurrencySchema,
      credit_line: Type.Integer({ description: "Minor units" }),
    }),
  ),
  revision: Type.Integer({ description: "Send it back with a change" }),
  created_at: InstantSchema,
  updated_at: InstantSchema,
});

export function presentMerchant(merchant: Merchant) {
  return {
    id: formatId("mch", merchant.id),
    name: merchant.name,
    legal_name: merchant.legalName,
    status: merchant.status,
    fee_rate_millionths: Number(merchant.feeRateMillionths),
    currencies: merchant.currencies.map((held) => ({
      currency: held.currency,
      credit_line: Number(held.creditLine),
    })),
    revision: merchant.revision,
    created_at: merchant.createdAt.toISOString(),
    updated_at: merchant.updatedAt.toISOString(),
  };
}

export const StoreSchema = Type.Object({
  id: Type.String(),
  store_no: Type.String({ description: "The merchant's own number" }),
  name: Type.String(),
  place: NullableString,
  created_at: InstantSchema,
});

export function presentStore(store: Store) {
  return {
    id: formatId("str", store.id),
    store_no: store.storeNo,
    name: store.name,
    place: store.place,
    created_at: store.createdAt.toISOString(),
  };
}

export const TerminalSchema = Type.Object({
  id: Type.String(),
  store: Type.String(),
  serial: Type.String(),
  type: Type.String(),
  place: NullableString,
  created_at: InstantSchema,
});

export function presentTerminal(terminal: Terminal) {
  return {
    id: formatId("trm", terminal.id),
    store: formatId("str", terminal.storeId),
    serial: terminal.serial,
    type: terminal.type,
    place: terminal.place,
    created_at: terminal.createdAt.toISOString(),
  };
}

export const ApiKeySchema = Type.Object({
  id: Type.String(),
  label: Type.String(),
  prefix: Type.String({ description: "The secret's first characters" }),
  state: Type.String({ description: "active, expired or revoked" }),
  rotated_from: NullableString,
  created_at: InstantSchema,
  expires_at: NullableInstant,
  revoked_at: NullableInstant,
});

export const ApiKeyWithSecretSchema = Type.Object({
  ...ApiKeySchema.properties,
  secret: Type.Union([Type.String(), Type.Null()], {
    description: "Shown once; null when an earlier request with this Idempotency-Key made the key",
  }),
});

export function presentApiKey(key: ApiKey, at: Date) {
  return {
    id: formatId("key", key.id),
    label: key.label,
    prefix: key.prefix,
    state: apiKeyStateAt(key, at),
    rotated_from: key.rotatedFrom === null ? null : formatId("key", key.rotatedFrom),
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
