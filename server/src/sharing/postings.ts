/**
 * Shares in the merchant's book. Pure. Only money that passes us is booked: outside `through_platform` the
 * channel takes receivers' shares from money that is not ours, no payable of ours exists, and the share's row
 * is the record of it.
 */
import type { Id } from "../kernel/ids.ts";
import { accountIdOf, bookIdOf, type JournalDraft } from "../ledger/index.ts";
import type { Share, ShareReturn } from "./model.ts";

export type ShareBooking = {
  readonly share: Share;
  /** It had been held for failed, and was done all the same: its money lies with the merchant. */
  readonly afterFailure?: boolean;
} & (
  | { readonly booking: "share_booked" | "share_done" | "share_failed" }
  | {
      readonly booking: "share_return_booked" | "share_returned" | "share_return_failed";
      readonly shareReturn: ShareReturn;
    }
);

/** Whether a share touches the books at all. */
export function isBooked({ fundFlow }: Pick<Share, "fundFlow">): boolean {
  return fundFlow === "through_platform";
}

/** The journal of a booking. @param id the journal's */
export function shareJournal(booking: ShareBooking, id: Id): JournalDraft {
  const { share } = booking;
  const shareReturn = "shareReturn" in booking ? booking.shareReturn : null;
  const book = bookIdOf("merchant", share.merchantId);
  const { currency } = share;
  const accounts = {
    pending: accountIdOf(book, "merchant_pending", currency, null),
    receivers: accountIdOf(book, "receiver_pending", currency, null),
    channel: accountIdOf(book, "channel_receivable", currency, share.channelAccountId),
  };
  const [from, to] = SIDES[booking.booking];
  const among = (side: keyof typeof accounts) =>
    booking.afterFailure === true && side === "receivers" ? "pending" : side;
  const [debited, credited] = [among(from), among(to)];
  const { amount } = shareReturn ?? share;
  return {
    id,
    bookId: book,
    kind: booking.booking,
    sourceId: (shareReturn ?? share).id,
    subjectId: share.paymentId,
    counterpartyId: share.receiverId,
    channelAccountId: share.channelAccountId,
    currency,
    channelDate: (shareReturn ?? share).channelDate,
    lines: [
      { account: accounts[debited], debit: amount },
      { account: accounts[credited], credit: amount },
    ],
  };
}

const SIDES = {
  share_booked: ["pending", "receivers"],
  share_done: ["receivers", "channel"],
  share_failed: ["receivers", "pending"],
  share_return_booked: ["receivers", "pending"],
  share_returned: ["channel", "receivers"],
  share_return_failed: ["pending", "receivers"],
} as const;
