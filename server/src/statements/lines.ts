/** The lines of a statement of any kind, as they are shown to people. */
import { type TSchema, Type } from "typebox";
import { type FundFlowLine, presentStatementLine, StatementLineSchema } from "../channels/index.ts";
import { CurrencySchema, InstantSchema } from "../kernel/http.ts";
import type { BankEntry } from "./bank/model.ts";
import type { MappedRow } from "./mapping/read.ts";
import type { StatementRecord } from "./model.ts";
import type { Statements } from "./service.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const NullableText = Nullable(Type.String());
const Line = Type.Integer({ description: "The line's number in the file, from 1" });
const MinorUnits = (description: string) => Type.Integer({ description });

const FundLineSchema = Type.Object({
  line: Line,
  at: InstantSchema,
  flow_no: Type.String(),
  business_no: NullableText,
  voucher_no: NullableText,
  kind: Type.String({ description: "In the channel's own words" }),
  name: Type.String(),
  amount_millionths: MinorUnits("Positive in, negative out; millionths of the major unit"),
  balance_millionths: MinorUnits("What was left after it"),
  remark: Type.String(),
});

const BankEntrySchema = Type.Object({
  line: Line,
  bank_reference: NullableText,
  end_to_end_id: NullableText,
  message_id: NullableText,
  payment_information_id: NullableText,
  transaction_id: NullableText,
  amount: MinorUnits("Positive came in, negative went out"),
  currency: CurrencySchema,
  is_reversal: Type.Boolean(),
  booked_on: NullableText,
  value_on: NullableText,
  counterparty_name: NullableText,
  counterparty_account: NullableText,
  code: NullableText,
  return_reason: NullableText,
  text: Type.String(),
});

const MappedRowSchema = Type.Object({
  line: Line,
  number: Type.String(),
  kind: Type.String(),
  at: InstantSchema,
  amount: MinorUnits("Signs as the merchant sees them"),
  settle_amount: MinorUnits("What is paid out of it"),
  fee: MinorUnits("Positive is a charge"),
  currency: CurrencySchema,
  store: NullableText,
  text: Type.String(),
});

/** By the statement's kind. */
export const LineSchema = Type.Union([StatementLineSchema, FundLineSchema, BankEntrySchema, MappedRowSchema]);

/** The lines of an accepted statement, in the file's order, as `LineSchema` says. */
export async function* presentLines(statements: Statements, record: StatementRecord) {
  switch (record.kind) {
    case "trade":
      for await (const line of statements.lines(record)) yield presentStatementLine(line);
      return;
    case "fund":
      if (record.source === "none_published") return;
      for (const line of (await statements.funds(record)).lines) yield presentFundLine(line);
      return;
    case "bank":
      for await (const entry of statements.bankEntries(record)) yield presentEntry(entry);
      return;
    case "sales":
    case "commission":
      for await (const row of statements.rows(record)) yield presentRow(row);
  }
}

function presentFundLine(line: FundFlowLine) {
  return {
    line: line.line,
    at: line.at.toISOString(),
    flow_no: line.flowNo,
    business_no: line.businessNo,
    voucher_no: line.voucherNo,
    kind: line.kind,
    name: line.name,
    amount_millionths: Number(line.amountMillionths),
    balance_millionths: Number(line.balanceMillionths),
    remark: line.remark,
  };
}

function presentEntry(entry: BankEntry) {
  return {
    line: entry.line,
    bank_reference: entry.bankReference,
    end_to_end_id: entry.endToEndId,
    message_id: entry.messageId,
    payment_information_id: entry.paymentInformationId,
    transaction_id: entry.transactionId,
    amount: Number(entry.amount),
    currency: entry.currency,
    is_reversal: entry.isReversal,
    booked_on: entry.bookedOn,
    value_on: entry.valueOn,
    counterparty_name: entry.counterpartyName,
    counterparty_account: entry.counterpartyAccount,
    code: entry.code,
    return_reason: entry.returnReason,
    text: entry.text,
  };
}

function presentRow(row: MappedRow) {
  return {
    line: row.line,
    number: row.number,
    kind: row.kind,
    at: row.at.toISOString(),
    amount: Number(row.amount),
    settle_amount: Number(row.settleAmount),
    fee: Number(row.fee),
    currency: row.currency,
    store: row.store,
    text: row.text,
  };
}
