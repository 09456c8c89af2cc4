/** The rows that a finding compared, read back. Pure. */
import type { StatementLine } from "../../channels/index.ts";
import { isCurrency } from "../../kernel/money.ts";

/** A row as JSON, with its names in snake_case; null: it is none. */
export function rowOf(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null;
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) return null;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value]));
}

const KINDS = ["payment", "refund", "dispute"] as const;

/** The channel's line that a finding holds; null: it has none, or not all of one. */
export function lineOf(text: string | null, otherwise: { readonly at: Date }): StatementLine | null {
  const row = rowOf(text);
  if (row === null) return null;
  const kind = KINDS.find((each) => each === row.kind);
  const amount = integerOf(row.amount);
  const currency = textOf(row.currency);
  if (kind === undefined || amount === null || !isCurrency(currency)) return null;
  const finishedAt = instantOf(row.finished_at) ?? instantOf(row.created_at) ?? otherwise.at;
  return {
    line: Number(integerOf(row.line) ?? 0n),
    kind,
    channelTradeNo: textOf(row.channel_trade_no),
    channelOrderNo: textOf(row.channel_order_no),
    channelRefundNo: textOf(row.channel_refund_no) || null,
    amount,
    settleAmount: integerOf(row.settle_amount) ?? amount,
    fee: integerOf(row.fee) ?? 0n,
    currency,
    createdAt: instantOf(row.created_at) ?? finishedAt,
    finishedAt,
    subject: textOf(row.subject),
  };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Amounts are written as integers or as their digits. */
function integerOf(value: unknown): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^-?[0-9]{1,18}$/.test(value) ? BigInt(value) : null;
}

function instantOf(value: unknown): Date | null {
  if (typeof value !== "string") return null;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? null : at;
}
