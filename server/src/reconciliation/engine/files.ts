/** The engine's files: rows written as CSV, and what it found read from JSON lines. */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Currency } from "../../kernel/money.ts";
import type {
  AdjustedRow,
  CountRow,
  FoundRow,
  OurRow,
  RowKind,
  ScopeRow,
  TheirRow,
  TotalRow,
} from "./rows.ts";

const CHUNK_CHARACTERS = 1_048_576;

type Value = string | number | bigint | boolean | null;

/** The columns of a file by name, and what of a row stands in each. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => Value>>;

export const SCOPE_COLUMNS: Columns<ScopeRow> = {
  scope: (row) => row.scope,
  channel_account_id: (row) => row.channelAccountId,
  channel_date: (row) => row.channelDate,
  read_from: (row) => row.readFrom,
  closed_through: (row) => row.closedThrough,
  date_before: (row) => row.dateBefore,
  closed_before: (row) => row.closedBefore,
  compares_fee: (row) => row.comparesFee,
  drops_failed_refunds: (row) => row.dropsFailedRefunds,
  bills_returns: (row) => row.billsReturns,
};

export const THEIR_COLUMNS: Columns<TheirRow & { readonly scope: number }> = {
  scope: (row) => row.scope,
  kind: (row) => row.kind,
  trade_no: (row) => row.tradeNo,
  order_no: (row) => row.orderNo,
  refund_no: (row) => row.refundNo,
  amount: (row) => row.amount,
  settle: (row) => row.settle,
  told_fee: (row) => row.toldFee,
  currency: (row) => row.currency,
  created_at: (row) => row.createdAt,
  finished_at: (row) => row.finishedAt,
  subject: (row) => row.subject,
  stranger: (row) => row.stranger,
  channel_date: (row) => row.channelDate,
  match_key: (row) => row.matchKey,
};

const MOVEMENT_COLUMNS: Columns<OurRow> = {
  accounting_date: (row) => row.accountingDate,
  channel_date: (row) => row.channelDate,
  journal_id: (row) => row.journalId,
  origin: (row) => row.origin,
  kind: (row) => row.kind,
  order_no: (row) => row.orderNo,
  trade_no: (row) => row.tradeNo,
  refund_no: (row) => row.refundNo,
  amount: (row) => row.amount,
  settle: (row) => row.settle,
  fee: (row) => row.fee,
  currency: (row) => row.currency,
  payment_id: (row) => row.paymentId,
  attempt_id: (row) => row.attemptId,
  refund_id: (row) => row.refundId,
  voucher: (row) => row.voucher,
  quiet: (row) => row.quiet,
};

export const CARRIED_COLUMNS: Columns<OurRow & { readonly scope: number }> = {
  scope: (row) => row.scope,
  ...MOVEMENT_COLUMNS,
  match_key: (row) => row.matchKey,
};

/** Rows as they come: waiting for each by itself costs more than writing it. */
export type Batches<Row> = Iterable<readonly Row[]> | AsyncIterable<readonly Row[]>;

/** Writes a file of rows with a head. @returns how many */
export async function writeRows<Row>(
  path: string,
  columns: Columns<Row>,
  batches: Batches<Row>,
): Promise<number> {
  const file = await open(path, "w");
  try {
    return await writeInto(file, columns, batches);
  } finally {
    await file.close();
  }
}

async function writeInto<Row>(
  file: FileHandle,
  columns: Columns<Row>,
  batches: Batches<Row>,
): Promise<number> {
  const values = Object.values(columns);
  let chunk = `${Object.keys(columns).join(",")}\n`;
  let count = 0;
  for await (const rows of batches) {
    for (const row of rows) {
      count += 1;
      chunk += `${values.map((of) => cell(of(row))).join(",")}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      await file.appendFile(chunk);
      chunk = "";
    }
  }
  await file.appendFile(chunk);
  return count;
}

function cell(value: Value): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value !== "string") return String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

type Json = Readonly<Record<string, string | number | null>>;

async function readJson<T>(path: string, of: (json: Json) => T): Promise<T[]> {
  const rows: T[] = [];
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) if (line !== "") rows.push(of(JSON.parse(line) as Json));
  return rows;
}

const text = (json: Json, name: string) => String(json[name] ?? "");
const big = (json: Json, name: string) => BigInt(text(json, name));
const count = (json: Json, name: string) => Number(json[name]);

export function readFound(path: string): Promise<FoundRow[]> {
  return readJson(path, (json) => ({
    scope: count(json, "scope"),
    kind: text(json, "kind"),
    side: text(json, "side") as FoundRow["side"],
    matchKey: text(json, "match_key"),
    n: count(json, "n"),
    settleDifference: big(json, "settle_difference"),
    feeDifference: big(json, "fee_difference"),
    theirs: json.theirs === null ? null : theirRowOf(json.theirs as unknown as Json),
    ours: json.ours === null ? null : ourRowOf(json.ours as unknown as Json),
  }));
}

/** A line from its columns by name. */
export function theirRowOf(json: Json): TheirRow {
  return {
    kind: text(json, "kind") as RowKind,
    tradeNo: text(json, "trade_no"),
    orderNo: text(json, "order_no"),
    refundNo: text(json, "refund_no"),
    amount: big(json, "amount"),
    settle: big(json, "settle"),
    toldFee: big(json, "told_fee"),
    currency: text(json, "currency") as Currency,
    createdAt: text(json, "created_at"),
    finishedAt: text(json, "finished_at"),
    subject: text(json, "subject"),
    stranger: count(json, "stranger") === 1,
    channelDate: text(json, "channel_date"),
    matchKey: text(json, "match_key"),
  };
}

/** A movement from its columns by name. */
export function ourRowOf(json: Json): OurRow {
  return {
    accountingDate: text(json, "accounting_date"),
    channelDate: text(json, "channel_date"),
    journalId: text(json, "journal_id"),
    origin: text(json, "origin"),
    kind: text(json, "kind") as RowKind,
    orderNo: text(json, "order_no"),
    tradeNo: text(json, "trade_no"),
    refundNo: text(json, "refund_no"),
    amount: big(json, "amount"),
    settle: big(json, "settle"),
    fee: big(json, "fee"),
    currency: text(json, "currency") as Currency,
    paymentId: text(json, "payment_id"),
    attemptId: text(json, "attempt_id"),
    refundId: text(json, "refund_id"),
    voucher: count(json, "voucher") === 1,
    quiet: count(json, "quiet") === 1,
    matchKey: text(json, "match_key"),
  };
}

export function readTotals(path: string): Promise<TotalRow[]> {
  return readJson(path, (json) => ({
    scope: count(json, "scope"),
    currency: text(json, "currency") as Currency,
    kind: text(json, "kind") as RowKind,
    theirsCount: count(json, "theirs_count"),
    theirsAmount: big(json, "theirs_amount"),
    theirsSettle: big(json, "theirs_settle"),
    theirsFee: big(json, "theirs_fee"),
    oursCount: count(json, "ours_count"),
    oursAmount: big(json, "ours_amount"),
    oursSettle: big(json, "ours_settle"),
    oursFee: big(json, "ours_fee"),
  }));
}

export function readAdjusted(path: string): Promise<AdjustedRow[]> {
  return readJson(path, (json) => ({
    scope: count(json, "scope"),
    currency: text(json, "currency") as Currency,
    settle: big(json, "settle"),
    fee: big(json, "fee"),
  }));
}

export function readCounts(path: string): Promise<CountRow[]> {
  return readJson(path, (json) => ({
    scope: count(json, "scope"),
    theirs: count(json, "theirs"),
    ours: count(json, "ours"),
  }));
}

/** An extract: what of a closed date moved on channels' accounts. */
const EXTRACT_COLUMNS: Columns<OurRow & { readonly channelAccountId: string }> = {
  channel_account_id: (row) => row.channelAccountId,
  ...MOVEMENT_COLUMNS,
  net: (row) => row.settle - row.fee,
  entries: () => 1,
};

/** Writes movements as an extract has them. @returns how many */
export function writeMovements(
  path: string,
  rows: readonly (OurRow & { readonly channelAccountId: string })[],
): Promise<number> {
  return writeRows(path, EXTRACT_COLUMNS, [rows]);
}
