import { type Static, Type } from "typebox";
import { AmountSchema, CurrencySchema, InstantSchema, strictObject } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { AMOUNT_MAX, type Money, RATE_ONE } from "../kernel/money.ts";
import type { CostClause } from "./clauses.ts";
import {
  CARD_TYPES,
  REFUND_POLICIES,
  type Rule,
  type Schedule,
  type ScheduleVersion,
  type Terms,
  versionAt,
} from "./model.ts";
import type { Charge } from "./quote.ts";
import type { PartyShare } from "./shares.ts";
import type { KeptSchedule, KeptVersion } from "./store.ts";

const TIERS_MAX = 50;
const SHARES_MAX = 20;

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const Minor = Type.Integer({ minimum: 0, maximum: Number(AMOUNT_MAX), description: "Minor units" });
const Rate = Type.Integer({
  minimum: 0,
  maximum: Number(RATE_ONE),
  description: "Millionths: 6000 is 0.6 %",
});
export const DateSchema = Type.String({ format: "date", description: "yyyy-mm-dd" });
export const CardTypeSchema = Nullable(Type.Enum([...CARD_TYPES]));
export const MethodText = Type.String({ minLength: 1, maxLength: 40 });

const TierSchema = strictObject({
  from: Type.Integer({
    minimum: 0,
    maximum: Number(AMOUNT_MAX),
    description: "The least transaction amount of the tier, minor units; the first is 0",
  }),
  rate_millionths: Rate,
  fixed: Type.Optional(Minor),
});

const RuleSchema = strictObject({
  card_type: Type.Optional(CardTypeSchema),
  tiers: Type.Array(TierSchema, {
    minItems: 1,
    maxItems: TIERS_MAX,
    description: "Ascending. The one that the transaction's own amount lies in prices the whole amount",
  }),
  minimum: Type.Optional(Minor),
  cap: Type.Optional(Nullable(Minor)),
});

/** What a version says, as a request gives it and as it is kept. */
export const TermsSchema = strictObject(
  {
    rules: Type.Array(RuleSchema, {
      minItems: 1,
      maxItems: CARD_TYPES.length + 1,
      description: "One without a card type, for what has none or whose channel does not tell",
    }),
    refund: Type.Enum([...REFUND_POLICIES], {
      description:
        "What comes back with a refund. kept: nothing; returned: all, once everything is refunded; " +
        "pro_rata: each refund's part, rounded by itself; cumulative: parts that add up to the whole exactly",
    }),
    shares: Type.Optional(
      Type.Array(
        strictObject({
          party: Type.String({
            pattern: "^[a-z0-9][a-z0-9_.:-]{0,39}$",
            description: "A service provider or an agent",
          }),
          rate_millionths: Rate,
        }),
        { maxItems: SHARES_MAX, description: "Parts of the fee that are owed to others" },
      ),
    ),
    monthly_minimum: Type.Optional(Nullable(Minor)),
  },
  {
    description: "rate half up to the minor unit + fixed, then the minimum, the cap, and at most the amount",
  },
);
export type WireTerms = Static<typeof TermsSchema>;

/** Terms from their wire form; nothing is checked but its shape. */
export function readTerms(wire: WireTerms): Terms {
  return {
    rules: wire.rules.map((rule) => ({
      cardType: (rule.card_type ?? null) as Rule["cardType"],
      tiers: rule.tiers.map((tier) => ({
        from: BigInt(tier.from),
        rateMillionths: BigInt(tier.rate_millionths),
        fixed: BigInt(tier.fixed ?? 0),
      })),
      minimum: BigInt(rule.minimum ?? 0),
      cap: rule.cap == null ? null : BigInt(rule.cap),
    })),
    refund: wire.refund as Terms["refund"],
    shares: (wire.shares ?? []).map(({ party, rate_millionths }) => ({
      party,
      rateMillionths: BigInt(rate_millionths),
    })),
    monthlyMinimum: wire.monthly_minimum == null ? null : BigInt(wire.monthly_minimum),
  };
}

/** The wire form of terms, with everything named. */
export function presentTerms(terms: Terms) {
  return {
    rules: terms.rules.map(({ cardType, tiers, minimum, cap }) => ({
      card_type: cardType,
      tiers: tiers.map(({ from, rateMillionths, fixed }) => ({
        from: Number(from),
        rate_millionths: Number(rateMillionths),
        fixed: Number(fixed),
      })),
      minimum: Number(minimum),
      cap: cap === null ? null : Number(cap),
    })),
    refund: terms.refund,
    shares: terms.shares.map(({ party, rateMillionths }) => ({
      party,
      rate_millionths: Number(rateMillionths),
    })),
    monthly_minimum: terms.monthlyMinimum === null ? null : Number(terms.monthlyMinimum),
  };
}

/** A rule of costs as it was, beside what it priced. */
export const CostClauseSchema = Type.Object({
  rule: Type.String({
    description:
      "The schedule's id, with :debit or :credit where its rule for that card type was used; account_rate: " +
      "the contract's single rate, where no schedule says",
  }),
  version: Type.Integer({ description: "Of the schedule; else the contract's revision" }),
  method: Type.Union([Type.String(), Type.Null()], { description: "Null: every method without its own" }),
  terms: Nullable(TermsSchema),
  rate_millionths: Type.Union([Type.Integer(), Type.Null()], { description: "The single rate" }),
});

export function presentCostClause({ rule, version, method, terms, rateMillionths }: CostClause) {
  return {
    rule,
    version,
    method,
    terms: terms === null ? null : presentTerms(terms),
    rate_millionths: rateMillionths === null ? null : Number(rateMillionths),
  };
}

const VersionSchema = Type.Object({
  version: Type.Integer(),
  effective_from: DateSchema,
  terms: Type.Union([TermsSchema, Type.Null()], { description: "Null: the schedule ends with that date" }),
  approval: Type.String(),
  proposed_by: Type.String(),
  approved_by: Nullable(Type.String()),
  created_at: InstantSchema,
});

const place = { method: Nullable(Type.String()), currency: CurrencySchema };
const Listed = {
  ...place,
  in_force: Type.Union([VersionSchema, Type.Null()], { description: "Today's version; null: none" }),
  created_at: InstantSchema,
};
const versions = Type.Array(VersionSchema, { description: "Newest first" });

export const FeeScheduleSchema = Type.Object({ id: Type.String(), merchant_id: Type.String(), ...Listed });
export const FeeScheduleDetail = Type.Object({ ...FeeScheduleSchema.properties, versions });
export const CostScheduleSchema = Type.Object({
  id: Type.String(),
  channel_account_id: Type.String(),
  ...Listed,
});
export const CostScheduleDetail = Type.Object({ ...CostScheduleSchema.properties, versions });

function presentVersion(version: KeptVersion) {
  return {
    version: version.version,
    effective_from: version.effectiveFrom,
    terms: version.terms === null ? null : presentTerms(version.terms),
    approval: formatId("apr", version.approvalId),
    proposed_by: formatId("opr", version.proposedBy),
    approved_by: version.approvedBy === null ? null : formatId("opr", version.approvedBy),
    created_at: version.createdAt.toISOString(),
  };
}

/** Whose a schedule is, as the wire names it. */
export function presentOwner({
  merchantId,
  channelAccountId,
}: Pick<Schedule, "merchantId" | "channelAccountId">) {
  return {
    ...(merchantId === null ? {} : { merchant_id: formatId("mch", merchantId) }),
    ...(channelAccountId === null ? {} : { channel_account_id: formatId("cha", channelAccountId) }),
  };
}

/** @param today the open accounting date, by which one version is in force. */
export function presentSchedule(schedule: KeptSchedule, today: string) {
  const found = versionAt(schedule.versions, today);
  return {
    id: formatId("fsc", schedule.id),
    ...presentOwner(schedule),
    method: schedule.method,
    currency: schedule.currency,
    in_force: found === null ? null : presentVersion(found),
    created_at: schedule.createdAt.toISOString(),
  };
}

export function presentScheduleDetail(schedule: KeptSchedule, today: string) {
  return {
    ...presentSchedule(schedule, today),
    versions: schedule.versions.toReversed().map(presentVersion),
  };
}

/** What an approval of a new version shows to whoever decides, and what is carried out. */
export function presentProposal(
  schedule: Pick<Schedule, "merchantId" | "channelAccountId" | "method" | "currency">,
  { version, effectiveFrom, terms }: ScheduleVersion,
) {
  return {
    ...presentOwner(schedule),
    method: schedule.method,
    currency: schedule.currency,
    version,
    effective_from: effectiveFrom,
    terms: terms === null ? null : presentTerms(terms),
  };
}

const Quoted = {
  currency: CurrencySchema,
  date: DateSchema,
  rule: Type.String({
    description:
      "The schedule's id, with :debit or :credit where its rule for that card type was used; merchant_rate " +
      "or account_rate where no schedule says; proposed for terms of the request",
  }),
  rule_version: Nullable(Type.Integer()),
  refund: Nullable(Type.String({ description: "Null: what the channel account's contract says" })),
};

export const FeeQuoteSchema = Type.Object({
  amount: AmountSchema,
  fee: Type.Integer({ description: "Minor units" }),
  ...Quoted,
  shares: Type.Array(Type.Object({ party: Type.String(), amount: Type.Integer() })),
});
export const CostQuoteSchema = Type.Object({
  amount: AmountSchema,
  cost: Type.Integer({ description: "Minor units" }),
  ...Quoted,
});

type Asked = Money & { readonly date: string };

function presentQuoted({ currency, date }: Asked, charge: Charge) {
  const isProposed = charge.ruleVersion === 0;
  return {
    currency,
    date,
    rule: charge.rule,
    rule_version: isProposed ? null : charge.ruleVersion,
    refund: charge.refund,
  };
}

export function presentFeeQuote(asked: Asked, charge: Charge, shares: readonly PartyShare[]) {
  return {
    amount: Number(asked.amount),
    fee: Number(charge.amount),
    ...presentQuoted(asked, charge),
    shares: shares.map(({ party, amount }) => ({ party, amount: Number(amount) })),
  };
}

export function presentCostQuote(asked: Asked, charge: Charge) {
  return { amount: Number(asked.amount), cost: Number(charge.amount), ...presentQuoted(asked, charge) };
}
