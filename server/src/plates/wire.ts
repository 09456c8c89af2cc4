import { Type } from "typebox";
import { CurrencySchema, InstantSchema } from "../kernel/http.ts";
import { formatId, type Id, type IdPrefix } from "../kernel/ids.ts";
import { groupedCode } from "./code.ts";
import { PLATE_ACTIONS, PLATE_STATES, type Plate, type PlateBatch, type PlateTerms } from "./model.ts";
import type { VersionRow } from "./store.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);

const TermsProperties = {
  merchant_id: NullableString,
  store: NullableString,
  terminal: NullableString,
  currency: Type.Union([CurrencySchema, Type.Null()]),
  amount: Type.Union([Type.Integer(), Type.Null()], {
    description: "Minor units; null: the buyer enters it, or the plate is blank",
  }),
  subject: NullableString,
};

export const PlateSchema = Type.Object(
  {
    id: Type.String(),
    code: Type.String({ description: "As printed: four groups of four" }),
    url: Type.String({ description: "What its QR code holds" }),
    batch: Type.String(),
    number: Type.Integer({ description: "Within its batch, printed beside the code" }),
    state: Type.Enum([...PLATE_STATES]),
    ...TermsProperties,
    version: Type.Integer({ description: "Send it back with a change" }),
    created_at: InstantSchema,
    updated_at: InstantSchema,
  },
  { description: "A printed code" },
);

export const BatchSchema = Type.Object({
  id: Type.String(),
  label: Type.String(),
  count: Type.Integer(),
  created_by: Type.String(),
  created_at: InstantSchema,
});

export const VersionSchema = Type.Object({
  version: Type.Integer(),
  action: Type.Enum([...PLATE_ACTIONS]),
  note: NullableString,
  operator: Type.Object({ id: Type.String(), name: Type.String() }),
  request_id: Type.String(),
  at: InstantSchema,
  state: Type.Enum([...PLATE_STATES]),
  ...TermsProperties,
});

export function presentPlate(plate: Plate, url: string) {
  return {
    id: formatId("plt", plate.id),
    code: groupedCode(plate.code),
    url,
    batch: formatId("plb", plate.batchId),
    number: plate.number,
    state: plate.state,
    ...presentTerms(plate),
    version: plate.version,
    created_at: plate.createdAt.toISOString(),
    updated_at: plate.updatedAt.toISOString(),
  };
}

export function presentTerms(terms: PlateTerms) {
  return {
    merchant_id: idOrNull("mch", terms.merchantId),
    store: idOrNull("str", terms.storeId),
    terminal: idOrNull("trm", terms.terminalId),
    currency: terms.currency,
    amount: terms.amount === null ? null : Number(terms.amount),
    subject: terms.subject,
  };
}

function idOrNull(prefix: IdPrefix, id: Id | null): string | null {
  return id === null ? null : formatId(prefix, id);
}

export function presentBatch(batch: PlateBatch) {
  return {
    id: formatId("plb", batch.id),
    label: batch.label,
    count: batch.count,
    created_by: formatId("opr", batch.createdBy),
    created_at: batch.createdAt.toISOString(),
  };
}

export function presentVersion(row: VersionRow) {
  return {
    version: row.version,
    action: row.action,
    note: row.note,
    operator: { id: formatId("opr", row.operatorId), name: row.operatorName },
    request_id: row.requestId,
    at: row.at.toISOString(),
    state: row.state,
    ...presentTerms(row),
  };
}
