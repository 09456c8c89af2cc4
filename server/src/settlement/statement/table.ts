/** A statement as rows of cells: what the CSV and the spreadsheet show alike. */
import { formatDecimal } from "../../kernel/money.ts";
import { NAMES, type Statement } from "./model.ts";

export const HEAD = ["account", "date", "opening", "added", "taken", "closing"] as const;

export type TableRow = {
  readonly account: string;
  /** A date, or `total` for the whole period. */
  readonly date: string;
  /** Decimal text in the major unit: opening, added, taken, closing. */
  readonly amounts: readonly [string, string, string, string];
};

/** Every date of every account, and behind them the account's total. */
export function rowsOf(statement: Statement): TableRow[] {
  const shown = (amount: bigint) => formatDecimal({ amount, currency: statement.currency });
  const amountsOf = (part: { opening: bigint; added: bigint; taken: bigint; closing: bigint }) =>
    [shown(part.opening), shown(part.added), shown(part.taken), shown(part.closing)] as const;
  return statement.accounts.flatMap((account) => [
    ...account.days.map((day) => ({ account: account.code, date: day.date, amounts: amountsOf(day) })),
    { account: account.code, date: "total", amounts: amountsOf(account) },
  ]);
}

/** As CSV in UTF-8, with a byte order mark, so that spreadsheets read the name right. */
export function csvOf(statement: Statement): string {
  const { merchant, currency, from, to } = statement;
  const quoted = `"${merchant.replaceAll('"', '""')}"`;
  const lines = [
    `# merchant,${quoted}`,
    `# period,${from},${to}`,
    `# currency,${currency}`,
    HEAD.join(","),
    ...rowsOf(statement).map(({ account, date, amounts }) => [account, date, ...amounts].join(",")),
  ];
  return `\ufeff${lines.join("\n")}\n`;
}

export function nameOf(account: string): string {
  return NAMES[account as keyof typeof NAMES];
}
