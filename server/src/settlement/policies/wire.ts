import { type Static, Type } from "typebox";
import { CurrencySchema, InstantSchema, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { BASES, type Basis, type DayKind, PAYOUTS, type Payout, type Policy, type Terms } from "../model.ts";

const AmountFromZero = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const TermsProperties = {
  basis: Type.Enum([...BASES], {
    description:
      "When an item may settle: booked; its channel's statement explained; the channel's money received",
  }),
  days: Type.Integer({ minimum: 0, maximum: 365, description: "T+days, from the accounting date" }),
  day_kind: Type.Enum(["business", "calendar"]),
  calendar: Type.Union([Type.String({ pattern: "^[A-Z]{2}$" }), Type.Null()], {
    description: "Whose business days; null for calendar days",
  }),
  minimum_amount: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Less is carried to a later date",
  }),
  reserve_rate_millionths: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  reserve_days: Type.Integer({ minimum: 0, maximum: 730 }),
  payout: Type.Enum([...PAYOUTS]),
  person_above: Type.Union([AmountFromZero, Type.Null()], {
    description: "A settlement that makes more available waits for a person; null: none does",
  }),
};

export const PolicyBody = strictObject({
  merchant_id: Type.String({ maxLength: 100 }),
  currency: CurrencySchema,
  effective_from: Type.String({ maxLength: 10, description: "yyyy-mm-dd, not closed yet" }),
  ...TermsProperties,
  reason: Type.String({ minLength: 3, maxLength: 500 }),
});

export const PolicySchema = Type.Object({
  merchant: Type.String(),
  currency: Type.String(),
  version: Type.Integer(),
  effective_from: Type.String(),
  ...TermsProperties,
  proposed_by: Type.String(),
  approved_by: Type.String(),
  approval: Type.String(),
  made_at: InstantSchema,
});

const TermsSchema = Type.Object(TermsProperties);
type WireTerms = Static<typeof TermsSchema>;

export function presentTerms(terms: Terms) {
  return {
    basis: terms.basis,
    days: terms.days,
    day_kind: terms.dayKind,
    calendar: terms.calendar,
    minimum_amount: Number(terms.minimumAmount),
    reserve_rate_millionths: Number(terms.reserveRateMillionths),
    reserve_days: terms.reserveDays,
    payout: terms.payout,
    person_above: terms.personAbove === null ? null : Number(terms.personAbove),
  };
}

export function readTerms(wire: WireTerms): Terms {
  return {
    basis: wire.basis as Basis,
    days: wire.days,
    dayKind: wire.day_kind as DayKind,
    calendar: wire.calendar,
    minimumAmount: BigInt(wire.minimum_amount),
    reserveRateMillionths: BigInt(wire.reserve_rate_millionths),
    reserveDays: wire.reserve_days,
    payout: wire.payout as Payout,
    personAbove: wire.person_above === null ? null : BigInt(wire.person_above),
  };
}

export function presentPolicy(policy: Policy) {
  return {
    merchant: formatId("mch", policy.merchantId),
    currency: policy.currency,
    version: policy.version,
    effective_from: policy.effectiveFrom,
    ...presentTerms(policy),
    proposed_by: formatId("opr", policy.proposedBy),
    approved_by: formatId("opr", policy.approvedBy),
    approval: formatId("apr", policy.approvalId),
    made_at: policy.madeAt.toISOString(),
  };
}
