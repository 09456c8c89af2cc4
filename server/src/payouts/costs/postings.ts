/** The journals of costs that were paid, or whose payment came back (docs/payouts.md, Postings). */
import type { Id, IdMaker } from "../../kernel/ids.ts";
import { accountIdOf, bookIdOf, type JournalDraft, type Line, platformOwner } from "../../ledger/index.ts";
import type { CostItem, CostPayment } from "./model.ts";

export type CostBooking = "channel_cost_paid" | "channel_cost_returned";

/**
 * One for each merchant's book: what it owes its channels falls, and what it owes the platform rises; or the
 * other way round. Below zero where later dates gave more back than they cost: the next invoice is less by
 * that.
 */
export function merchantJournals(
  payment: CostPayment,
  items: readonly CostItem[],
  kind: CostBooking,
  newId: IdMaker,
): JournalDraft[] {
  const own = items.filter(({ merchantAmount }) => merchantAmount > 0n);
  return [...Map.groupBy(own, ({ merchantId }) => merchantId)].map(([merchantId, ofMerchant]) => {
    const bookId = bookIdOf("merchant", merchantId);
    const sum = ofMerchant.reduce((total, { merchantAmount }) => total + merchantAmount, 0n);
    const interbook = accountIdOf(bookId, "interbook", payment.currency, null);
    const lines = ofMerchant.map(({ channelAccountId, merchantAmount }): Line => {
      const account = accountIdOf(bookId, "channel_cost_payable", payment.currency, channelAccountId);
      return kind === "channel_cost_paid"
        ? { account, debit: merchantAmount }
        : { account, credit: merchantAmount };
    });
    const other: Line =
      kind === "channel_cost_paid" ? { account: interbook, credit: sum } : { account: interbook, debit: sum };
    return { ...headOf(payment, kind, newId), bookId, counterpartyId: merchantId, lines: [...lines, other] };
  });
}

/** What the platform's book has: the bank's side, and the minimums that it owed itself. */
export function platformJournal(
  payment: CostPayment,
  items: readonly CostItem[],
  kind: CostBooking,
  { cell, newId }: { readonly cell: number; readonly newId: IdMaker },
): JournalDraft {
  const bookId = bookIdOf("platform", platformOwner(cell));
  const { currency } = payment;
  const of = (code: "interbook" | "bank_own") => accountIdOf(bookId, code, currency, null);
  const isPaid = kind === "channel_cost_paid";
  const line = (account: Id, amount: bigint, isDebit: boolean): Line =>
    isDebit ? { account, debit: amount } : { account, credit: amount };
  const minimums = items
    .filter(({ minimumAmount }) => minimumAmount > 0n)
    .map(({ channelAccountId, minimumAmount }) =>
      line(accountIdOf(bookId, "channel_cost_payable", currency, channelAccountId), minimumAmount, isPaid),
    );
  return {
    ...headOf(payment, kind, newId),
    bookId,
    lines: [
      line(of("interbook"), payment.merchantAmount, isPaid),
      ...minimums,
      line(of("bank_own"), payment.amount, !isPaid),
    ],
  };
}

function headOf(
  payment: CostPayment,
  kind: CostBooking,
  newId: IdMaker,
): Omit<JournalDraft, "bookId" | "lines"> {
  return {
    id: newId(),
    kind,
    sourceId: payment.id,
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency: payment.currency,
    // It is of no channel date: no comparison with a channel's statement counts it.
    channelDate: null,
  };
}
