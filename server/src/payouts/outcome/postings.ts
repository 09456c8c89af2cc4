/** The journals of a payout (docs/payouts.md, Postings). */
import type { Id, IdMaker } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  platformOwner,
} from "../../ledger/index.ts";
import type { Payout } from "../model.ts";
import type { Booking } from "./decide.ts";

/** A credit line is no limit to what a bank has already paid. */
const OWED_MAX = 2n ** 62n;

export function merchantAccount(payout: Pick<Payout, "merchantId" | "currency">, code: AccountCode): Id {
  return accountIdOf(bookIdOf("merchant", payout.merchantId), code, payout.currency, null);
}

/** Sent: the hold's money goes to payout_clearing, and the fee is earned. */
export function sentJournal(payout: Payout, newId: IdMaker): JournalDraft {
  return draft(payout, newId, "payout_sent", [
    { account: merchantAccount(payout, "merchant_available"), debit: payout.amount + payout.fee },
    { account: merchantAccount(payout, "payout_clearing"), credit: payout.amount },
    { account: merchantAccount(payout, "fee_income"), credit: payout.fee },
  ]);
}

/** What the merchant's book has of a report. */
export function bookingJournal(payout: Payout, booking: Booking, newId: IdMaker): JournalDraft {
  const { amount } = payout;
  const of = (code: AccountCode) => merchantAccount(payout, code);
  switch (booking) {
    case "rejected":
      return draft(payout, newId, "payout_rejected", [
        { account: of("payout_clearing"), debit: amount },
        { account: of("merchant_available"), credit: amount },
      ]);
    case "drawn_again": {
      // Its kind and source exist already: this one's cause is the rejection that was wrong.
      const sources = [
        { account: of("merchant_available"), natural: "floor" as const },
        { account: of("merchant_receivable"), natural: { atMost: OWED_MAX } },
      ];
      const lines = [
        { draw: sources, debit: amount },
        { account: of("payout_clearing"), credit: amount },
      ];
      return { ...draft(payout, newId, "payout_sent", lines), sourceId: newId(), subjectId: payout.id };
    }
    case "confirmed":
      return draft(payout, newId, "payout_confirmed", [
        { account: of("payout_clearing"), debit: amount },
        { account: of("interbook"), credit: amount },
      ]);
    case "returned":
      return draft(payout, newId, "payout_returned", [
        { account: of("interbook"), debit: amount },
        { account: of("merchant_available"), credit: amount },
      ]);
  }
}

/** What the platform's book has: the bank's side of the payment, or of its return. */
export function platformJournal(
  payout: Payout,
  kind: "payout_confirmed" | "payout_returned",
  cell: number,
  newId: IdMaker,
): JournalDraft {
  const bookId = bookIdOf("platform", platformOwner(cell));
  const bank = accountIdOf(bookId, "bank_reserve", payout.currency, null);
  const interbook = accountIdOf(bookId, "interbook", payout.currency, null);
  const [debited, credited] = kind === "payout_confirmed" ? [interbook, bank] : [bank, interbook];
  const lines = [
    { account: debited, debit: payout.amount },
    { account: credited, credit: payout.amount },
  ];
  return { ...draft(payout, newId, kind, lines), bookId };
}

function draft(
  payout: Payout,
  newId: IdMaker,
  kind: JournalDraft["kind"],
  lines: JournalDraft["lines"],
): JournalDraft {
  return {
    id: newId(),
    bookId: bookIdOf("merchant", payout.merchantId),
    kind,
    sourceId: payout.id,
    subjectId: null,
    counterpartyId: payout.merchantId,
    channelAccountId: null,
    currency: payout.currency,
    channelDate: null,
    lines,
  };
}
