/**
 * The ledger's words.
 *
 * - **Book**: the accounts of one owner (a merchant, the platform, a customer), whom the ledger knows only by
 *   id.
 * - **Account**: one balance in one currency. *Signed*: debit +, credit −. *Natural*: positive where the
 *   account grows.
 * - **Journal**: one bookkeeping event in one book and one currency; its entries sum to zero. Never edited or
 *   deleted.
 * - **Entry**: one line of a journal, with its place (`seq`) in its account and the balance after it.
 * - **Floor**: the least natural balance, less holds, that a posting may leave. **Hold**: money kept for one
 *   purpose.
 * - **Day**: the cell's open accounting date, stamped on journals under its lock; a closed date gains no
 *   entry.
 */
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { AccountCode, BookKind } from "./chart.ts";

/** What may be booked: the rows of the posting table. With a book and a source, a kind is posted once. */
export const JOURNAL_KINDS = [
  "payment_success",
  "surplus_success",
  "surplus_refund_created",
  "surplus_reversed",
  "refund_created",
  "refund_adjusted",
  "refund_accepted",
  "refund_failed",
  "refund_returned",
  "channel_payout",
  "channel_payout_announced",
  "channel_payout_received",
  "channel_payout_lost",
  "channel_payout_withdrawn",
  "channel_movement",
  "settlement",
  "reserve_released",
  "payout_sent",
  "payout_confirmed",
  "payout_rejected",
  "payout_returned",
  "channel_cost_paid",
  "channel_cost_returned",
  "channel_cost_minimum",
  "receiver_settled",
  "surplus_owner_found",
  "capital_paid_in",
  "share_booked",
  "share_done",
  "share_failed",
  "share_return_booked",
  "share_returned",
  "share_return_failed",
  "coupon_used",
  "coupon_returned",
  "commission_earned",
  "commission_received",
  "wallet_topped_up",
  "wallet_paid",
  "wallet_withdrawn",
  "break_payment_theirs",
  "break_payment_ours",
  "break_refund_theirs",
  "break_refund_ours",
  "break_fee",
  "resolution_pay_merchant",
  "resolution_refund_buyer",
  "resolution_channel_makes_good",
  "resolution_from_merchant",
  "resolution_loss",
  "resolution_cost",
  "resolution_income",
  "reversed_by_channel",
  "dispute_opened",
  "dispute_won",
  "margin_swept",
  "advance_paid",
  "advance_repaid",
  /** A fault of the ledger itself, corrected by two people. */
  "manual_correction",
  "reversal",
] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/** How a channel account's money flows; all but `through_platform` are booked on memo accounts. */
export type FundFlow = "through_platform" | "direct_to_merchant" | "bank_custody";

export type Day = { readonly accountingDate: string };

/**
 * How far one account of a draw may go, less its holds. `atLeast`: a credit account down to that natural
 * balance (and never below its floor). `atMost`: a debit account up to that natural balance. `floor`: a
 * credit account down to its floor; all that is asked where it has none.
 */
export type DrawSource = {
  readonly account: Id;
  readonly natural: { readonly atLeast: bigint } | { readonly atMost: bigint } | "floor";
};

/** Amounts are zero or more; a line of zero is left out of the books. */
export type Line =
  | { readonly account: Id; readonly debit: bigint }
  | { readonly account: Id; readonly credit: bigint }
  /** Debits the accounts in turn, each as much as it covers. */
  | { readonly draw: readonly DrawSource[]; readonly debit: bigint }
  /** Credits what is owed to us on the first account, down to zero, and the second with the rest. */
  | { readonly repay: readonly [debt: Id, rest: Id]; readonly credit: bigint };

export type JournalDraft = {
  readonly id: Id;
  readonly bookId: Id;
  readonly kind: JournalKind;
  /** What caused it: a journal is unique by book, kind and source. */
  readonly sourceId: Id;
  /** What it is about, where that differs from its cause: the payment of a refund. */
  readonly subjectId: Id | null;
  readonly counterpartyId: Id | null;
  readonly channelAccountId: Id | null;
  readonly currency: Currency;
  /** The channel's business date, `yyyy-mm-dd`. */
  readonly channelDate: string | null;
  /** The closed date that a later finding concerns. */
  readonly originalDate?: string | null;
  /** The journal that this one takes back; only and always with kind `reversal`. */
  readonly reversalOf?: Id | null;
  readonly lines: readonly Line[];
};

export type Refusal = {
  readonly result: "refused";
  readonly code: "insufficient_balance";
  /** The account that fell short; of a draw, its last source. */
  readonly account: Id;
  readonly short: bigint;
};

export type PostResult =
  /** `drawn`: for each draw line, what each of its sources gave. */
  | { readonly result: "posted"; readonly journalId: Id; readonly drawn: readonly (readonly bigint[])[] }
  /** The books have had this journal before; nothing moved now. */
  | { readonly result: "duplicate"; readonly journalId: Id }
  | Refusal;

export type HoldCommand =
  /** Keeps `amount` of the account for one purpose: it can no longer be drawn. */
  | {
      readonly hold: "place";
      readonly id: Id;
      readonly account: Id;
      readonly amount: bigint;
      readonly sourceId: Id;
    }
  | { readonly hold: "release"; readonly id: Id; readonly account: Id }
  /** Ends the hold for the draft `journalId` of the same call, which may use the money; refused with it. */
  | { readonly hold: "capture"; readonly id: Id; readonly account: Id; readonly journalId: Id };

export type HoldState = "placed" | "released" | "captured";

export type HoldResult =
  | { readonly result: "done" }
  | { readonly result: "duplicate" }
  | Refusal
  /** The hold has already ended the other way. */
  | { readonly result: "refused"; readonly code: "hold_ended"; readonly state: HoldState };

export type Book = {
  readonly id: Id;
  readonly kind: BookKind;
  readonly ownerId: Id;
  readonly openedAt: Date;
};

export type AccountSpec = {
  readonly bookId: Id;
  readonly code: AccountCode;
  readonly currency: Currency;
  readonly channelAccountId: Id | null;
  /** The code's own floor when absent; null: none. */
  readonly floor?: bigint | null;
};

/** An account as it is now; `balance` is signed. */
export type Account = {
  readonly id: Id;
  readonly bookId: Id;
  readonly bookKind: BookKind;
  readonly ownerId: Id;
  readonly code: AccountCode;
  readonly currency: Currency;
  readonly channelAccountId: Id | null;
  readonly balance: bigint;
  readonly held: bigint;
  readonly floor: bigint | null;
  readonly lastSeq: bigint;
  readonly lastPostedAt: Date | null;
  readonly openedAt: Date;
};

/** One line of an account's statement; amounts and balances are signed. */
export type StatementEntry = {
  readonly seq: bigint;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly postedAt: Date;
  readonly journalId: Id;
  readonly kind: JournalKind;
  readonly sourceId: Id;
  readonly subjectId: Id | null;
  readonly accountingDate: string;
  readonly channelDate: string | null;
};

/** One line of a journal, with the account it is in; amounts and balances are signed. */
export type JournalEntry = {
  readonly account: Id;
  readonly code: AccountCode;
  readonly seq: bigint;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
};

export type Journal = {
  readonly id: Id;
  readonly bookId: Id;
  readonly kind: JournalKind;
  readonly sourceId: Id;
  readonly subjectId: Id | null;
  readonly counterpartyId: Id | null;
  readonly channelAccountId: Id | null;
  readonly currency: Currency;
  readonly postedAt: Date;
  readonly accountingDate: string;
  readonly channelDate: string | null;
  readonly originalDate: string | null;
  readonly reversalOf: Id | null;
  readonly entries: readonly JournalEntry[];
};

/** One row of a trial balance: what the accounts of one code hold, by side. */
export type TrialBalanceRow = {
  readonly code: AccountCode;
  readonly currency: Currency;
  readonly accounts: number;
  /** Σ of the debit balances, and Σ of the credit balances as a positive figure. */
  readonly debit: bigint;
  readonly credit: bigint;
};

/**
 * What takes `journal` back: the same accounts, sides swapped. `channelDate`: when the channel undid it, if
 * it did.
 */
export function reversalOf(
  journal: Journal,
  newId: Id,
  sourceId: Id = journal.id,
  dates: { readonly channelDate?: string | null } = {},
): JournalDraft {
  return {
    id: newId,
    bookId: journal.bookId,
    kind: "reversal",
    sourceId,
    subjectId: journal.subjectId,
    counterpartyId: journal.counterpartyId,
    channelAccountId: journal.channelAccountId,
    currency: journal.currency,
    channelDate: dates.channelDate ?? null,
    originalDate: journal.accountingDate,
    reversalOf: journal.id,
    lines: journal.entries.map(({ account, amount }) =>
      amount > 0n ? { account, credit: amount } : { account, debit: -amount },
    ),
  };
}
