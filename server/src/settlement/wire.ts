/** Schemas and presenters of settlements. */
import { Type } from "typebox";
import { CurrencySchema, InstantSchema, strictObject } from "../kernel/http.ts";
import { formatId, type IdPrefix } from "../kernel/ids.ts";
import { type Item, PAYOUTS, SETTLEMENT_STATES, type Settlement } from "./model.ts";

export const SameDayBody = strictObject({ currency: CurrencySchema });
export const OpsSameDayBody = strictObject({
  merchant_id: Type.String({ maxLength: 100 }),
  currency: CurrencySchema,
});

const NullableText = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);
const Amount = Type.Integer({ description: "In minor units" });

const settlementProperties = {
  id: Type.String(),
  currency: Type.String(),
  date: Type.String({ description: "The closed date after which it was made, yyyy-mm-dd" }),
  kind: Type.Enum(["regular", "supplementary", "same_day"]),
  state: Type.Enum([...SETTLEMENT_STATES]),
  items: Type.Integer(),
  amount: Type.Integer({ description: "Sum of its items: recovered + reserved + available" }),
  recovered: Type.Integer({ description: "Set off against what you owed" }),
  reserved: Type.Integer({ description: "Kept back for the reserve's term" }),
  available: Type.Integer({ description: "May be paid out" }),
  payout: Type.Enum([...PAYOUTS]),
  made_at: InstantSchema,
  approved_at: NullableInstant,
  paid_at: NullableInstant,
};

export const SettlementSchema = Type.Object(settlementProperties, { title: "Settlement" });

export function presentSettlement(settlement: Settlement) {
  return {
    id: formatId("stl", settlement.id),
    currency: settlement.currency,
    date: settlement.accountingDate,
    kind: settlement.kind,
    state: settlement.state,
    items: settlement.items,
    amount: Number(settlement.amount),
    recovered: Number(settlement.recovered),
    reserved: Number(settlement.reserved),
    available: Number(settlement.available),
    payout: settlement.payout,
    made_at: settlement.madeAt.toISOString(),
    approved_at: settlement.approvedAt?.toISOString() ?? null,
    paid_at: settlement.paidAt?.toISOString() ?? null,
  };
}

export const OpsSettlementSchema = Type.Object({
  ...settlementProperties,
  merchant: Type.String(),
  journal: NullableText,
  hold_reason: NullableText,
  held_by: NullableText,
  approved_by: NullableText,
});

export function presentOpsSettlement(settlement: Settlement) {
  const idOrNull = (prefix: IdPrefix, id: string | null) => (id === null ? null : formatId(prefix, id));
  return {
    ...presentSettlement(settlement),
    merchant: formatId("mch", settlement.merchantId),
    journal: idOrNull("jnl", settlement.journalId),
    hold_reason: settlement.holdReason,
    held_by: idOrNull("opr", settlement.heldBy),
    approved_by: idOrNull("opr", settlement.approvedBy),
  };
}

export const ItemSchema = Type.Object({
  journal: Type.String(),
  kind: Type.String({ description: "payment_success, refund_created, refund_accepted, …" }),
  payment: NullableText,
  amount: Amount,
  date: Type.String({ description: "The accounting date, yyyy-mm-dd" }),
  channel_date: NullableText,
});

const ABOUT_PAYMENTS = /^(payment|refund|dispute)_|^reversed_by_channel$|^reversal$/;

export function presentItem(item: Item) {
  const payment = ABOUT_PAYMENTS.test(item.kind) && item.subjectId !== null ? item.subjectId : null;
  return {
    journal: formatId("jnl", item.journalId),
    kind: item.kind,
    payment: payment === null ? null : formatId("pay", payment),
    amount: Number(item.amount),
    date: item.accountingDate,
    channel_date: item.channelDate,
  };
}
