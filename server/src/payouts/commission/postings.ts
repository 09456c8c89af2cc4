/** The journals of commission: earned in the book of the merchant whose payments it is on, paid to ours. */
import type { Id, IdMaker } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  type Line,
  platformOwner,
} from "../../ledger/index.ts";
import type { CommissionRow } from "./model.ts";
import type { CommissionReceipt, ReceiptItem } from "./receipts-store.ts";
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

/** M, one for each merchant's book: interbook a / commission_receivable a. */
export function receivedJournals(
  receipt: CommissionReceipt,
  items: readonly ReceiptItem[],
  newId: IdMaker,
): JournalDraft[] {
  return [...Map.groupBy(items, ({ merchantId }) => merchantId)].map(([merchantId, own]) => {
    const bookId = bookIdOf("merchant", merchantId);
    const sum = own.reduce((total, { amount }) => total + amount, 0n);
    const of = (code: AccountCode) => accountIdOf(bookId, code, receipt.currency, null);
    return {
      ...receivedHead(receipt, newId()),
      bookId,
      counterpartyId: merchantId,
      lines: [
        { account: of("interbook"), debit: sum },
        { account: of("commission_receivable"), credit: sum },
      ],
    };
  });
}

/** P: bank_own a / interbook a. */
export function ownSideJournal(
  receipt: CommissionReceipt,
  { cell, newId }: { readonly cell: number; readonly newId: IdMaker },
): JournalDraft {
  const bookId = bookIdOf("platform", platformOwner(cell));
  const of = (code: AccountCode) => accountIdOf(bookId, code, receipt.currency, null);
  return {
    ...receivedHead(receipt, newId()),
    bookId,
    lines: [
      { account: of("bank_own"), debit: receipt.amount },
      { account: of("interbook"), credit: receipt.amount },
    ],
  };
}

function receivedHead({ id: sourceId, currency }: CommissionReceipt, id: Id) {
  const none = { subjectId: null, counterpartyId: null, channelAccountId: null, channelDate: null };
  return { ...none, id, kind: "commission_received", sourceId, currency } as const;
}
