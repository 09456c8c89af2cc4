import { type Static, Type } from "typebox";
import { AmountSchema, CurrencySchema, InstantSchema, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { PAYOUT_STATES, type Payout, type PayoutSource } from "../model.ts";
import type { ReportRow } from "../outcome/store.ts";
import { formatPayee, merchantOf } from "../payees/payee.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);

/** Banks take letters of any script, digits and these marks; all else is refused here instead of there. */
export const RemarkSchema = Type.String({
  minLength: 1,
  maxLength: 60,
  pattern: "^[\\p{L}\\p{N} /?:().,'+-]+$",
  description: "Shown on the account's statement: letters, digits, spaces and / - ? : ( ) . , ' +",
});

export const PayoutNumber = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^(?!stl_)[0-9A-Za-z_.-]+$",
  description: "The merchant's own number; numbers beginning with stl_ are the settlements'",
});

/** `POST /v1/payouts`. */
export const CreatePayoutSchema = strictObject({
  merchant_payout_no: PayoutNumber,
  amount: AmountSchema,
  currency: CurrencySchema,
  remark: Type.Optional(RemarkSchema),
});
export type CreatePayout = Static<typeof CreatePayoutSchema>;

const FIELDS = {
  id: Type.String(),
  merchant_payout_no: Type.String({ description: "The payee's number of it" }),
  amount: Type.Integer({ description: "What arrives, in minor units" }),
  fee: Type.Integer({ description: "Taken on top of the amount" }),
  currency: CurrencySchema,
  status: Type.Enum([...PAYOUT_STATES]),
  status_final: Type.Boolean({ description: "False also for succeeded: a bank may still return it" }),
  settlement: NullableString,
  remark: NullableString,
  bank_account: Type.Object({
    id: Type.String(),
    holder_name: Type.String(),
    bank_code: Type.String(),
    number: Type.String({ description: "Its last digits" }),
  }),
  failure: Type.Union([Type.Object({ code: NullableString, message: NullableString }), Type.Null()]),
  created_at: InstantSchema,
  sent_at: NullableInstant,
  succeeded_at: NullableInstant,
  rejected_at: NullableInstant,
  returned_at: NullableInstant,
};

/** A payout as its merchant sees it. */
export const PayoutSchema = Type.Object(FIELDS, { title: "Payout" });

export function presentPayout(payout: Payout) {
  const failed = payout.state === "rejected" || payout.state === "returned";
  return {
    id: formatId("pyt", payout.id),
    merchant_payout_no: payout.merchantPayoutNo,
    amount: Number(payout.amount),
    fee: Number(payout.fee),
    currency: payout.currency.trim(),
    status: payout.state,
    status_final: payout.state === "rejected" || payout.state === "returned",
    settlement: payout.settlementId === null ? null : formatId("stl", payout.settlementId),
    remark: payout.remark,
    bank_account: {
      id: formatId("bac", payout.bankAccountId),
      holder_name: payout.holderName,
      bank_code: payout.bankCode,
      number: maskedNumber(payout.numberLast),
    },
    failure: failed ? { code: payout.failureCode, message: payout.failureMessage } : null,
    created_at: payout.createdAt.toISOString(),
    sent_at: payout.sentAt?.toISOString() ?? null,
    succeeded_at: payout.succeededAt?.toISOString() ?? null,
    rejected_at: payout.rejectedAt?.toISOString() ?? null,
    returned_at: payout.returnedAt?.toISOString() ?? null,
  };
}

/** A payout as operators see it. */
export const OpsPayoutSchema = Type.Object({
  ...FIELDS,
  merchant: NullableString,
  payee: Type.String({ description: "A merchant (mch_), a partner (prt_) or a receiver (rcv_)" }),
  batch: NullableString,
  contradicted: Type.Boolean({ description: "The bank has said what does not fit what it said before" }),
  accepted_at: NullableInstant,
});

export function presentOpsPayout(payout: Payout) {
  return {
    ...presentPayout(payout),
    merchant: merchantOf(payout),
    payee: formatPayee(payout),
    batch: payout.batchId === null ? null : formatId("pyb", payout.batchId),
    contradicted: payout.contradicted,
    accepted_at: payout.acceptedAt?.toISOString() ?? null,
  };
}

export const ReportSchema = Type.Object({
  outcome: Type.String(),
  source: Type.String(),
  reference: Type.String(),
  code: NullableString,
  detail: NullableString,
  verdict: Type.String({ description: "applied, known or contradiction" }),
  at: InstantSchema,
});

export function presentReport(row: ReportRow) {
  const { outcome, source, reference, code, detail, verdict } = row;
  return { outcome, source, reference, code, detail, verdict, at: row.at.toISOString() };
}

export const SourceSchema = Type.Object({
  merchant: Type.String({ description: "In whose book the money is" }),
  account: Type.String({ description: "The account's code" }),
  amount: Type.Integer(),
});

export function presentSource({ merchantId, code, amount }: PayoutSource) {
  return { merchant: formatId("mch", merchantId), account: code, amount: Number(amount) };
}

/** An account number as people are shown it. */
export function maskedNumber(last: string): string {
  return `****${last}`;
}
