/** Breaks on the wire. */
import { Type } from "typebox";
import { CostClauseSchema, presentCostClause } from "../../fees/index.ts";
import { CurrencySchema, InstantSchema } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { BREAK_KINDS } from "../model.ts";
import { excessOf } from "./claims.ts";
import { type Break, type Claim, RESOLUTIONS } from "./model.ts";
import { presentPlan } from "./plans.ts";
import type { Previewed } from "./resolve.ts";
import { rowOf } from "./rows.ts";
import type { Evidence } from "./service.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableInteger = Type.Union([Type.Integer(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);

export const BREAK_STATES = ["pending", "open", "proposed", "resolved", "voided"] as const;

/** A break in a list. */
export const BreakSchema = Type.Object({
  id: Type.String(),
  channel_account: Type.String(),
  merchant: Type.String(),
  channel_date: Type.String({ format: "date" }),
  kind: Type.Enum([...BREAK_KINDS]),
  side: Type.Enum(["theirs", "ours", "both"]),
  state: Type.Enum([...BREAK_STATES]),
  currency: CurrencySchema,
  theirs_amount: NullableInteger,
  ours_amount: NullableInteger,
  settle_difference: Type.Integer({ description: "What settles at the channel beyond the books" }),
  fee_difference: Type.Integer({ description: "What the channel charges beyond the books" }),
  suspense: Type.Integer({
    description: "Held in suspense now: above zero a surplus, below zero a shortage",
  }),
  payment: NullableString,
  refund: NullableString,
  match_key: Type.String(),
  owner: NullableString,
  resolution: NullableString,
  paid_to: Type.Union([Type.String(), Type.Null()], {
    description: "The other merchant whose the surplus was",
  }),
  explanation: NullableString,
  contradiction: NullableString,
  found_at: InstantSchema,
  opened_at: NullableInstant,
  ended_at: NullableInstant,
});

export function presentBreak(row: Break) {
  return {
    id: formatId("brk", row.id),
    channel_account: formatId("cha", row.channelAccountId),
    merchant: formatId("mch", row.merchantId),
    channel_date: row.channelDate,
    kind: row.kind,
    side: row.side,
    state: row.state,
    currency: row.currency,
    theirs_amount: integer(row.theirsAmount),
    ours_amount: integer(row.oursAmount),
    settle_difference: Number(row.settleDifference),
    fee_difference: Number(row.feeDifference),
    suspense: Number(row.surplusEffect - row.shortageEffect),
    payment: row.paymentId === null ? null : formatId("pay", row.paymentId),
    refund: row.refundId === null ? null : formatId("rfd", row.refundId),
    match_key: row.matchKey,
    owner: row.ownerId === null ? null : formatId("opr", row.ownerId),
    resolution: row.resolution,
    paid_to: row.paidTo === null ? null : formatId("mch", row.paidTo),
    explanation: row.explanation,
    contradiction: row.contradiction,
    found_at: row.foundAt.toISOString(),
    opened_at: row.openedAt?.toISOString() ?? null,
    ended_at: row.endedAt?.toISOString() ?? null,
  };
}

function integer(amount: bigint | null): number | null {
  return amount === null ? null : Number(amount);
}

const LineSchema = Type.Object({
  account: Type.String(),
  debit: Type.Integer(),
  credit: Type.Integer(),
});

/** What a resolution would post. */
export const PreviewSchema = Type.Object({
  break: Type.String(),
  resolution: Type.Enum([...RESOLUTIONS]),
  merchant: Type.Union([Type.String(), Type.Null()], { description: "Whose the surplus would be" }),
  against: Type.Union([Type.String(), Type.Null()], { description: "The break that it is to be offset by" }),
  amount: Type.Integer(),
  currency: CurrencySchema,
  refusal: Type.Union([Type.String(), Type.Null()], { description: "Why it may not be done; null: it may" }),
  refund_amount: Type.Union([Type.Integer(), Type.Null()], {
    description: "Given back to the buyer by the payment's own refund, after the journal",
  }),
  journals: Type.Array(
    Type.Object({
      book: Type.Enum(["merchant", "owner"]),
      kind: Type.String(),
      currency: CurrencySchema,
      lines: Type.Array(LineSchema),
    }),
  ),
});

export function presentPreview({ about, wish, plan, amount, refusal }: Previewed) {
  const { resolution, paidTo, against } = wish;
  return {
    break: formatId("brk", about.id),
    resolution,
    merchant: paidTo === null ? null : formatId("mch", paidTo),
    against: against === null ? null : formatId("brk", against),
    amount: Number(amount),
    currency: about.currency,
    refusal,
    refund_amount: integer(plan.refund),
    journals: presentPlan(plan, about),
  };
}

/** A claim on the channel. */
export const ClaimSchema = Type.Object({
  claim_no: Type.String(),
  state: Type.Enum(["filed", "paid", "refused"]),
  amount: Type.Integer({ description: "What is claimed" }),
  paid_amount: Type.Integer({ description: "What of it the channel has paid" }),
  booked: Type.Boolean({ description: "Whether what was paid is in the books" }),
  excess_amount: Type.Integer({ description: "What was paid beyond what the books have or can have of it" }),
  evidence: NullableString,
  filed_at: InstantSchema,
  filed_by: NullableString,
  ended_at: NullableInstant,
  ended_by: NullableString,
  note: NullableString,
});

export function presentClaim(claim: Claim, about: Break) {
  const operator = (id: Claim["filedBy"]) => (id === null ? null : formatId("opr", id));
  return {
    claim_no: claim.claimNo,
    state: claim.state,
    amount: Number(claim.amount),
    paid_amount: Number(claim.paidAmount),
    booked: claim.bookedBy !== null,
    excess_amount: Number(excessOf(claim, about)),
    evidence: claim.evidence,
    filed_at: claim.filedAt.toISOString(),
    filed_by: operator(claim.filedBy),
    ended_at: claim.endedAt?.toISOString() ?? null,
    ended_by: operator(claim.endedBy),
    note: claim.note,
  };
}

/** A break in the work-list, with what the channel was asked for. */
export const ListedBreakSchema = Type.Object({
  ...BreakSchema.properties,
  claim: Type.Union([ClaimSchema, Type.Null()]),
});

export function presentListed(row: Break, claim: Claim | null) {
  return { ...presentBreak(row), claim: claim === null ? null : presentClaim(claim, row) };
}

const RowSchema = Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]);

/** A break with all that is known of it. */
export const EvidenceSchema = Type.Object({
  ...BreakSchema.properties,
  theirs: RowSchema,
  ours: RowSchema,
  timeline_url: NullableString,
  contract: Type.Union([
    Type.Object({
      channel: Type.String(),
      label: Type.String(),
      costs: Type.Array(CostClauseSchema, {
        description:
          "The rule that priced the order, as it was; of an order that nothing has priced, or that is not " +
          "known, each rule in force on the date. Empty where the channel charges the merchant itself",
      }),
      cost_settlement: Type.String(),
      cost_returned_on_refund: Type.Boolean(),
      fund_flow: Type.String(),
      settlement_days: Type.Integer(),
      refund_window_days: Type.Integer(),
    }),
    Type.Null(),
  ]),
  partner: NullableString,
  claim: Type.Union([ClaimSchema, Type.Null()]),
  resolutions: Type.Array(Type.Object({ resolution: Type.String(), refusal: NullableString })),
  events: Type.Array(
    Type.Object({
      at: InstantSchema,
      kind: Type.String(),
      operator: NullableString,
      reconciliation: NullableString,
      detail: NullableString,
    }),
  ),
  journals: Type.Array(
    Type.Object({
      id: Type.String(),
      purpose: Type.String(),
      kind: Type.String(),
      accounting_date: Type.String({ format: "date" }),
      channel_date: NullableString,
      original_date: NullableString,
      lines: Type.Array(LineSchema),
    }),
  ),
});

export function presentEvidence(
  { about, account, costs, events, claim, journals }: Evidence,
  choices: readonly { readonly resolution: string; readonly refusal: string | null }[],
) {
  return {
    ...presentBreak(about),
    theirs: rowOf(about.theirs),
    ours: rowOf(about.ours),
    timeline_url:
      about.paymentId === null ? null : `/v1/ops/payments/${formatId("pay", about.paymentId)}/timeline`,
    contract: account === null ? null : presentContract(account, costs),
    partner: about.partnerId === null ? null : formatId("brk", about.partnerId),
    claim: claim === null ? null : presentClaim(claim, about),
    resolutions: [...choices],
    events: events.map(({ at, kind, operatorId, reconciliationId, detail }) => ({
      at: at.toISOString(),
      kind,
      operator: operatorId === null ? null : formatId("opr", operatorId),
      reconciliation: reconciliationId === null ? null : formatId("rec", reconciliationId),
      detail,
    })),
    journals: journals.map(({ purpose, journal }) => ({
      id: formatId("jnl", journal.id),
      purpose,
      kind: journal.kind,
      accounting_date: journal.accountingDate,
      channel_date: journal.channelDate,
      original_date: journal.originalDate,
      lines: journal.entries.map(({ code, amount }) => ({
        account: code,
        debit: amount > 0n ? Number(amount) : 0,
        credit: amount < 0n ? Number(-amount) : 0,
      })),
    })),
  };
}

function presentContract(account: NonNullable<Evidence["account"]>, costs: Evidence["costs"]) {
  return {
    channel: account.channel,
    label: account.label,
    costs: costs.map(presentCostClause),
    cost_settlement: account.costSettlement,
    cost_returned_on_refund: account.costReturnedOnRefund,
    fund_flow: account.fundFlow,
    settlement_days: account.settlementDays,
    refund_window_days: account.refundWindowDays,
  };
}
