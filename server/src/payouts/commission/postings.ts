/** The journals of commission; each in the book of the merchant whose payments it is on. */
import type { Id } from "../../kernel/ids.ts";
import { type AccountCode, accountIdOf, bookIdOf, type JournalDraft, type Line } from "../../ledger/index.ts";
import type { CommissionRow } from "./model.ts";
import type { WithdrawnRow } from "./store.ts";

/** M: commission_receivable / fee_income; what is taken back, the other way round. */
export function earnedJournal(row: CommissionRow, id: Id): JournalDraft {
  return {
    ...headOf(row),
    id,
    kind: "commission_earned",
    channelDate: row.statementDate,
    lines: linesOf(row, row.amount),
  };
}

/** Takes a row's journal back; null where nothing of it was booked. */
export function withdrawnJournal(row: WithdrawnRow): JournalDraft | null {
  const { journalId, reversalId, bookedOn } = row;
  if (journalId === null || reversalId === null) return null;
  return {
    ...headOf(row),
    id: reversalId,
    kind: "reversal",
    reversalOf: journalId,
    channelDate: null,
    originalDate: bookedOn,
    lines: linesOf(row, -row.amount),
  };
}

function headOf(row: CommissionRow) {
  return {
    bookId: bookIdOf("merchant", row.merchantId),
    sourceId: row.id,
    subjectId: row.paymentId,
    counterpartyId: row.merchantId,
    channelAccountId: row.channelAccountId,
    currency: row.currency,
  };
}

function linesOf({ merchantId, currency }: CommissionRow, amount: bigint): Line[] {
  const of = (code: AccountCode) => accountIdOf(bookIdOf("merchant", merchantId), code, currency, null);
  const [debited, credited]: [AccountCode, AccountCode] =
    amount > 0n ? ["commission_receivable", "fee_income"] : ["fee_income", "commission_receivable"];
  const size = amount > 0n ? amount : -amount;
  return [
    { account: of(debited), debit: size },
    { account: of(credited), credit: size },
  ];
}
