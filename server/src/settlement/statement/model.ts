/**
 * A statement: what a merchant's accounts held at the beginning, what each closed date added and took, and
 * what they held at the end. Its figures are the ledger's own, read where each date begins and ends.
 */
import { shiftDate } from "../../kernel/dates.ts";
import { type AccountDay, CHART } from "../../ledger/index.ts";
import type { OwnCode } from "../bills/own-accounts.ts";
import { isDate } from "../business-days/model.ts";

/** A date with the sums of its entries by their sides, both positive. */
export type MovedDay = AccountDay & { readonly debits: bigint; readonly credits: bigint };

/** Balances on the account's natural side; `added` less `taken` is what the date did. */
export type StatementDay = {
  readonly date: string;
  readonly opening: bigint;
  readonly added: bigint;
  readonly taken: bigint;
  readonly closing: bigint;
};

export type AccountStatement = {
  readonly code: OwnCode;
  readonly opening: bigint;
  readonly added: bigint;
  readonly taken: bigint;
  readonly closing: bigint;
  /** The dates on which it moved. */
  readonly days: readonly StatementDay[];
};

export type Statement = {
  readonly merchant: string;
  readonly currency: string;
  readonly from: string;
  /** The last closed date where the period is not over. */
  readonly to: string;
  readonly accounts: readonly AccountStatement[];
};

/** What people call the accounts, in both languages of a statement. */
export const NAMES: Readonly<Record<OwnCode, string>> = {
  merchant_pending: "待结算 Not settled yet",
  merchant_available: "可用 Available",
  merchant_reserve: "保证金 Reserve",
  merchant_receivable: "应收商户 Owed by you",
};

const DAYS_MAX = 366;

/** The dates that a period names: `2026-11`, or `2026-11-01_2026-11-15`; null for anything else. */
export function periodOf(text: string): { readonly from: string; readonly to: string } | null {
  if (/^\d{4}-\d{2}$/.test(text)) {
    const from = `${text}-01`;
    if (!isDate(from)) return null;
    return { from, to: shiftDate(`${shiftDate(from, 31).slice(0, 7)}-01`, -1) };
  }
  const [from = "", to = "", ...rest] = text.split("_");
  if (rest.length > 0 || !isDate(from) || !isDate(to) || to < from) return null;
  return to > shiftDate(from, DAYS_MAX - 1) ? null : { from, to };
}

/** One account's part. @param before signed, before the first date. @param days of this account, in order. */
export function accountStatement(code: OwnCode, before: bigint, days: readonly MovedDay[]): AccountStatement {
  const debitGrows = CHART[code].side === "debit";
  const natural = (signed: bigint) => (debitGrows || signed === 0n ? signed : -signed);
  const shown = days.map(
    ({ accountingDate, opening, closing, debits, credits }): StatementDay => ({
      date: accountingDate,
      opening: natural(opening),
      added: debitGrows ? debits : credits,
      taken: debitGrows ? credits : debits,
      closing: natural(closing),
    }),
  );
  const sum = (key: "added" | "taken") => shown.reduce((total, day) => total + day[key], 0n);
  const opening = natural(before);
  const closing = shown.at(-1)?.closing ?? opening;
  const [added, taken] = [sum("added"), sum("taken")];
  let reached = opening;
  for (const day of shown) {
    if (day.opening !== reached) throw new Error(`the ${code} of ${day.date} does not begin where it ended`);
    reached = day.closing;
  }
  if (opening + added - taken !== closing) throw new Error(`the statement of ${code} does not add up`);
  return { code, opening, added, taken, closing, days: shown };
}
