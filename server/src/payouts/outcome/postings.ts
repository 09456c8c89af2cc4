/** The journals of a payout (docs/payouts.md, Postings). */
import type { Id, IdMaker } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  type Line,
  platformOwner,
} from "../../ledger/index.ts";
import { type Payout, type PayoutSource, SOURCE_CODES } from "../model.ts";
import type { Booking } from "./decide.ts";

/** A credit line is no limit to what a bank has already paid. */
const OWED_MAX = 2n ** 62n;

/** The account on which a merchant's payout has its hold. */
export function holdAccount({ payeeId, currency }: Pick<Payout, "payeeId" | "currency">): Id {
  return accountIdOf(bookIdOf("merchant", payeeId), SOURCE_CODES.merchant, currency, null);
}

/** Sent: each source's money goes to payout_clearing, and a merchant's fee is earned. */
export function sentJournal(payout: Payout, source: PayoutSource, newId: IdMaker): JournalDraft {
  const at = accountsOf(payout, source);
  return draft(payout, source, newId, "payout_sent", [
    { account: at(source.code), debit: source.amount + payout.fee },
    { account: at("payout_clearing"), credit: source.amount },
    { account: at("fee_income"), credit: payout.fee },
  ]);
}

/** What the book of one source has of a report. */
export function bookingJournal(
  payout: Payout,
  source: PayoutSource,
  booking: Booking,
  newId: IdMaker,
): JournalDraft {
  const { amount } = source;
  const at = accountsOf(payout, source);
  switch (booking) {
    case "rejected":
      return draft(payout, source, newId, "payout_rejected", [
        { account: at("payout_clearing"), debit: amount },
        { account: at(source.code), credit: amount },
      ]);
    case "drawn_again": {
      // Its kind and source exist already: this one's cause is the rejection that was wrong.
      const lines = [drawnAgain(source, at), { account: at("payout_clearing"), credit: amount }];
      const again = draft(payout, source, newId, "payout_sent", lines);
      return { ...again, sourceId: newId(), subjectId: payout.id };
    }
    case "confirmed":
      return draft(payout, source, newId, "payout_confirmed", [
        { account: at("payout_clearing"), debit: amount },
        { account: at("interbook"), credit: amount },
      ]);
    case "returned":
      return draft(payout, source, newId, "payout_returned", [
        { account: at("interbook"), debit: amount },
        backTo(source, at),
      ]);
  }
}

/** To whom it was of; of a merchant, what it was sent of on credit first. */
function backTo({ code, amount }: PayoutSource, at: (code: AccountCode) => Id): Line {
  if (code !== "merchant_available") return { account: at(code), credit: amount };
  return { repay: [at("merchant_receivable"), at(code)], credit: amount };
}

/** A merchant's from what it has, then on credit; what a partner or receiver has too much of is carried. */
function drawnAgain({ code, amount }: PayoutSource, at: (code: AccountCode) => Id): Line {
  if (code !== "merchant_available") return { account: at(code), debit: amount };
  const draw = [
    { account: at(code), natural: "floor" as const },
    { account: at("merchant_receivable"), natural: { atMost: OWED_MAX } },
  ];
  return { draw, debit: amount };
}

function accountsOf({ currency }: Payout, { merchantId }: PayoutSource): (code: AccountCode) => Id {
  const bookId = bookIdOf("merchant", merchantId);
  return (code) => accountIdOf(bookId, code, currency, null);
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
  return { ...headOf(payout, newId, kind), bookId, lines };
}

function draft(
  payout: Payout,
  { merchantId }: PayoutSource,
  newId: IdMaker,
  kind: JournalDraft["kind"],
  lines: readonly Line[],
): JournalDraft {
  return { ...headOf(payout, newId, kind), bookId: bookIdOf("merchant", merchantId), lines };
}

function headOf(
  payout: Payout,
  newId: IdMaker,
  kind: JournalDraft["kind"],
): Omit<JournalDraft, "bookId" | "lines"> {
  return {
    id: newId(),
    kind,
    sourceId: payout.id,
    subjectId: null,
    counterpartyId: payout.payeeId,
    channelAccountId: null,
    currency: payout.currency,
    channelDate: null,
  };
}
