/**
 * The rows that a finding compares, as text: the same row is the same bytes, and is read back when carried.
 */
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { OurRow, RowKind, TheirRow } from "../engine/rows.ts";

/** Integers stand as they are: minor units are below 2^53. */
function textOf(fields: Readonly<Record<string, string | bigint | boolean>>): string {
  const parts = Object.keys(fields)
    .sort()
    .map((name) => {
      const value = fields[name];
      return `${JSON.stringify(name)}:${typeof value === "bigint" ? value : JSON.stringify(value)}`;
    });
  return `{${parts.join(",")}}`;
}

export function theirText(row: TheirRow): string {
  return textOf({
    kind: row.kind,
    channel_trade_no: row.tradeNo,
    channel_order_no: row.orderNo,
    channel_refund_no: row.refundNo,
    amount: row.amount,
    settle_amount: row.settle,
    fee: row.toldFee,
    currency: row.currency,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    subject: row.subject,
    unknown_merchant: row.stranger,
    channel_date: row.channelDate,
  });
}

export function ourText(row: OurRow): string {
  return textOf({
    kind: row.kind,
    accounting_date: row.accountingDate,
    channel_date: row.channelDate,
    journal_id: row.journalId,
    journal_kind: row.origin,
    channel_order_no: row.orderNo,
    channel_trade_no: row.tradeNo,
    channel_refund_no: row.refundNo,
    amount: row.amount,
    settle_amount: row.settle,
    fee: row.fee,
    currency: row.currency,
    payment_id: row.paymentId,
    attempt_id: row.attemptId,
    refund_id: row.refundId,
    voucher: row.voucher,
    quiet: row.quiet,
  });
}

/** An order or a refund of ours that took and gave nothing by the books. */
export function knownText(known: {
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly refundId: Id | null;
  readonly amount: bigint;
  readonly currency: Currency;
}): string {
  return textOf({
    payment_id: known.paymentId,
    attempt_id: known.attemptId,
    refund_id: known.refundId ?? "",
    amount: known.amount,
    currency: known.currency,
    booked: false,
  });
}

type Fields = Readonly<Record<string, string | number | boolean>>;

export function theirRowFrom(text: string, matchKey: string): TheirRow {
  const fields = JSON.parse(text) as Fields;
  const say = (name: string) => String(fields[name]);
  return {
    kind: say("kind") as RowKind,
    tradeNo: say("channel_trade_no"),
    orderNo: say("channel_order_no"),
    refundNo: say("channel_refund_no"),
    amount: BigInt(say("amount")),
    settle: BigInt(say("settle_amount")),
    toldFee: BigInt(say("fee")),
    currency: say("currency") as Currency,
    createdAt: say("created_at"),
    finishedAt: say("finished_at"),
    subject: say("subject"),
    stranger: fields.unknown_merchant === true,
    channelDate: say("channel_date"),
    matchKey,
  };
}

export function ourRowFrom(text: string, matchKey: string): OurRow {
  const fields = JSON.parse(text) as Fields;
  const say = (name: string) => String(fields[name]);
  return {
    accountingDate: say("accounting_date"),
    channelDate: say("channel_date"),
    journalId: say("journal_id"),
    origin: say("journal_kind"),
    kind: say("kind") as RowKind,
    orderNo: say("channel_order_no"),
    tradeNo: say("channel_trade_no"),
    refundNo: say("channel_refund_no"),
    amount: BigInt(say("amount")),
    settle: BigInt(say("settle_amount")),
    fee: BigInt(say("fee")),
    currency: say("currency") as Currency,
    paymentId: say("payment_id"),
    attemptId: say("attempt_id"),
    refundId: say("refund_id"),
    voucher: fields.voucher === true,
    quiet: fields.quiet === true,
    matchKey,
  };
}
