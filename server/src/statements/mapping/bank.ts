import { StatementFault, withNotes } from "../../channels/index.ts";
import type { BankEntry, BankStatement } from "../bank/model.ts";
import type { Mapping } from "./model.ts";
import { type MappedDay, type MappedRow, readMapped } from "./read.ts";

/** A bank's file that a mapping reads, as a statement. @throws StatementFault with line and reason */
export async function readMappedBank(
  mapping: Mapping,
  of: MappedDay,
  content: Buffer,
): Promise<BankStatement> {
  const { rows, notes } = await readMapped(mapping, of, content);
  const [currency = mapping.currency ?? "CNY", second] = new Set(rows.map((row) => row.currency));
  const other = rows.find((row) => row.currency === second);
  if (other !== undefined)
    throw new StatementFault(other.line, `is in ${second}, the lines before in ${currency}`);
  const entries = rows.map(entryOf);
  return { ...of, currency, statementId: null, ...balancesOf(rows), entries, ...withNotes(notes) };
}

function entryOf(row: MappedRow): BankEntry {
  return {
    line: row.line,
    bankReference: row.number,
    part: null,
    endToEndId: row.endToEndId,
    messageId: null,
    paymentInformationId: null,
    transactionId: null,
    amount: row.amount,
    currency: row.currency,
    isReversal: row.kind === "reversal",
    bookedOn: row.date,
    valueOn: null,
    counterpartyName: row.counterpartyName,
    counterpartyAccount: row.counterpartyAccount,
    code: row.kind === "line" ? null : row.kind,
    returnReason: null,
    text: row.text,
    balanceAfter: row.balance,
  };
}

/** Some banks list the newest first: the balances follow from line to line in one of the two orders. */
function balancesOf(rows: readonly MappedRow[]): Pick<BankStatement, "opening" | "closing"> {
  const [first] = rows;
  if (first === undefined || first.balance === null) return { opening: null, closing: null };
  const breakIn = (some: readonly MappedRow[]) =>
    some.find((row, index) => {
      const before = some[index - 1];
      return before !== undefined && (before.balance ?? 0n) + row.amount !== row.balance;
    });
  for (const ordered of [rows, rows.toReversed()]) {
    const [oldest, newest] = [ordered[0] as MappedRow, ordered.at(-1) as MappedRow];
    if (breakIn(ordered) !== undefined) continue;
    return { opening: (oldest.balance ?? 0n) - oldest.amount, closing: newest.balance };
  }
  const broken = breakIn(rows) as MappedRow;
  throw new StatementFault(broken.line, "the balance does not follow from the line before");
}
