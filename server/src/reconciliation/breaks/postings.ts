/**
 * Which account gets what, for each kind of break and each resolution: the break rows of the posting table.
 * Pure. Money that never passes us is booked on the memorandum twins, without cost.
 */
import type { Id } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  CHART,
  type JournalDraft,
  type JournalKind,
  type Line,
  memoTwin,
} from "../../ledger/index.ts";
import type { BreakKind } from "../model.ts";
import type { Break } from "./model.ts";

/** What a journal says of its break. */
export type Subject = Pick<
  Break,
  "kind" | "merchantId" | "channelAccountId" | "currency" | "memo" | "paymentId" | "channelDate"
>;

export type Dates = {
  /** Null: no day of the channel's is moved by it. */
  readonly channelDate: string | null;
  readonly originalDate: string | null;
};

/** What the channel has more than the books (negative: less), as settled and as charged. */
export type Difference = { readonly settle: bigint; readonly fee: bigint };

const ABOUT_REFUNDS: readonly BreakKind[] = ["refund_theirs_only", "refund_ours_only"];

/** The row of the posting table that a difference belongs to. */
export function suspenseKind(kind: BreakKind, { settle }: Difference): JournalKind {
  if (settle === 0n) return "break_fee";
  if (ABOUT_REFUNDS.includes(kind)) return settle < 0n ? "break_refund_theirs" : "break_refund_ours";
  return settle > 0n ? "break_payment_theirs" : "break_payment_ours";
}

/**
 * The journal that makes the books agree with the channel: what it has more is a surplus, what it has less a
 * shortage, and what it charges our cost (kept back from what it owes us, or billed apart: gross).
 */
export function suspenseDraft(
  subject: Subject,
  difference: Difference,
  at: Dates & { readonly id: Id; readonly sourceId: Id; readonly gross: boolean },
): JournalDraft {
  const account = accountsOf(subject);
  const { settle, fee } = difference;
  const held = account(settle > 0n ? "suspense_surplus" : "suspense_shortage");
  const charged = at.gross ? "channel_cost_payable" : "channel_receivable";
  return {
    ...headOf(subject, suspenseKind(subject.kind, difference), at),
    lines: [
      ...moved(account("channel_receivable"), held, settle),
      ...(subject.memo ? [] : moved(account("channel_cost"), account(charged), fee)),
    ],
  };
}

export function headOf(
  subject: Subject,
  kind: JournalKind,
  { id, sourceId, channelDate, originalDate }: Dates & { readonly id: Id; readonly sourceId: Id },
): Omit<JournalDraft, "lines"> {
  return {
    id,
    bookId: bookIdOf("merchant", subject.merchantId),
    kind,
    sourceId,
    subjectId: subject.paymentId,
    counterpartyId: null,
    channelAccountId: subject.channelAccountId,
    currency: subject.currency,
    channelDate,
    originalDate,
  };
}

/** The ids of the accounts that a break's journals touch in its merchant's book. */
export function accountsOf({
  merchantId,
  channelAccountId,
  currency,
  memo,
}: Pick<Break, "merchantId" | "channelAccountId" | "currency" | "memo">): (code: AccountCode) => Id {
  const book = bookIdOf("merchant", merchantId);
  return (code) => {
    const used = memo ? memoTwin(code) : code;
    return accountIdOf(book, used, currency, CHART[used].perChannelAccount ? channelAccountId : null);
  };
}

/** `amount` debited to one account and credited to the other; negative the other way round. */
export function moved(debited: Id, credited: Id, amount: bigint): readonly Line[] {
  if (amount === 0n) return [];
  const [from, to, size] = amount > 0n ? [debited, credited, amount] : [credited, debited, -amount];
  return [
    { account: from, debit: size },
    { account: to, credit: size },
  ];
}

/** What a journal does to the accounts that are to equal their open items, on their natural sides. */
export type Effect = { readonly surplus: bigint; readonly shortage: bigint; readonly pending: bigint };

export function effectOn(
  subject: Subject & Pick<Break, "paidTo">,
  { lines }: Pick<JournalDraft, "lines">,
): Effect {
  const account = accountsOf(subject);
  const paid = accountsOf({ ...subject, merchantId: subject.paidTo ?? subject.merchantId });
  const debited = (code: AccountCode, of = account) =>
    lines.reduce((sum, line) => {
      if (!("account" in line) || line.account !== of(code)) return sum;
      return "debit" in line ? sum + line.debit : sum - line.credit;
    }, 0n);
  return {
    surplus: -debited("suspense_surplus"),
    shortage: debited("suspense_shortage"),
    pending: -debited("merchant_pending", paid),
  };
}
