/** The journals of what channels pay us; each book has its side. */
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  platformOwner,
  type post,
} from "../../ledger/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { ChannelPayout } from "./store.ts";

/** M: interbook / channel_receivable. */
export function announcedJournal(deps: PayoutsDeps, row: ChannelPayout): JournalDraft {
  const bookId = bookIdOf("merchant", row.merchantId);
  const { currency, amount, channelAccountId } = row;
  return {
    ...draft(deps, bookId, "channel_payout", row.id, currency),
    counterpartyId: row.merchantId,
    channelAccountId,
    channelDate: row.announcedDate,
    lines: [
      { account: accountIdOf(bookId, "interbook", currency, null), debit: amount },
      {
        account: accountIdOf(bookId, "channel_receivable", currency, channelAccountId),
        credit: amount,
      },
    ],
  };
}

/** P: bank_in_transit / interbook. */
export function transitJournal(deps: PayoutsDeps, row: ChannelPayout): JournalDraft {
  const of = platformAccount(deps, row.currency);
  return {
    ...draft(deps, platformBook(deps), "channel_payout_announced", row.id, row.currency),
    counterpartyId: row.merchantId,
    lines: [
      { account: of("bank_in_transit"), debit: row.amount },
      { account: of("interbook"), credit: row.amount },
    ],
  };
}

/** P, of one that never came: interbook / bank_in_transit. */
export function lostJournal(deps: PayoutsDeps, row: ChannelPayout): JournalDraft {
  const of = platformAccount(deps, row.currency);
  return {
    ...draft(deps, platformBook(deps), "channel_payout_lost", row.id, row.currency),
    counterpartyId: row.merchantId,
    lines: [
      { account: of("interbook"), debit: row.amount },
      { account: of("bank_in_transit"), credit: row.amount },
    ],
  };
}

/** M, of one that never came: channel_receivable / interbook. */
export function withdrawnJournal(deps: PayoutsDeps, row: ChannelPayout): JournalDraft {
  const bookId = bookIdOf("merchant", row.merchantId);
  const { currency, amount, channelAccountId } = row;
  return {
    ...draft(deps, bookId, "channel_payout_withdrawn", row.id, currency),
    counterpartyId: row.merchantId,
    channelAccountId,
    channelDate: row.announcedDate,
    lines: [
      { account: accountIdOf(bookId, "channel_receivable", currency, channelAccountId), debit: amount },
      { account: accountIdOf(bookId, "interbook", currency, null), credit: amount },
    ],
  };
}

/** P: bank_reserve / bank_in_transit, what rounding leaves to channel_cost. */
export function receivedJournal(
  deps: PayoutsDeps,
  receipt: { readonly id: Id; readonly currency: Currency; readonly amount: bigint; readonly sum: bigint },
): JournalDraft {
  const { amount, sum, currency } = receipt;
  const of = platformAccount(deps, currency);
  const cost = of("channel_cost");
  return {
    ...draft(deps, platformBook(deps), "channel_payout_received", receipt.id, currency),
    lines: [
      { account: of("bank_reserve"), debit: amount },
      sum >= amount ? { account: cost, debit: sum - amount } : { account: cost, credit: amount - sum },
      { account: of("bank_in_transit"), credit: sum },
    ],
  };
}

function platformBook(deps: PayoutsDeps): Id {
  return bookIdOf("platform", platformOwner(deps.cell.cell));
}

function platformAccount(deps: PayoutsDeps, currency: Currency): (code: AccountCode) => Id {
  return (code) => accountIdOf(platformBook(deps), code, currency, null);
}

function draft(
  { cell }: PayoutsDeps,
  bookId: Id,
  kind: JournalDraft["kind"],
  sourceId: Id,
  currency: Currency,
): Omit<JournalDraft, "lines"> {
  const none = { subjectId: null, counterpartyId: null, channelAccountId: null, channelDate: null };
  return { ...none, id: cell.newId(), bookId, kind, sourceId, currency };
}

/** Throws where the ledger refuses, which no account here may. */
export async function posted(results: ReturnType<typeof post>): Promise<void> {
  for (const result of await results) {
    if (result.result !== "refused") continue;
    throw new Error(`the account ${result.account} refuses a channel payout's journal`);
  }
}
