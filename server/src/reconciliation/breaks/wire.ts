/** Breaks on the wire. */
import { Type } from "typebox";
import { CurrencySchema, InstantSchema } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { BREAK_KINDS } from "../model.ts";
import type { Break } from "./model.ts";

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
