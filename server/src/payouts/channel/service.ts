/**
 * What channels pay us: first announced (the channel's fund bill, or people), then seen at the bank. Each
 * book has its side in a transaction of its own, safe to repeat.
 */
import { MINUTE, plus } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  lockDay,
  openMerchantAccounts,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import { openForPayouts } from "../batch/service.ts";
import type { PayoutsDeps } from "../deps.ts";
import { lockEntry, placeEntry } from "../statement/store.ts";
import { fits } from "./match.ts";
import {
  type ChannelPayout,
  insertAnnounced,
  insertReceipt,
  lockChannelPayouts,
  receivedOfScope,
  setInTransit,
  setReceived,
} from "./store.ts";

/** One withdrawal as a channel tells it. */
export type ChannelPayoutAnnounced = {
  readonly channelAccountId: Id;
  /** The channel's number of it: the same one again is the same payout. */
  readonly payoutNo: string;
  /** What leaves the channel's debt to us, in minor units. */
  readonly amount: bigint;
  readonly currency: Currency;
  /** The channel dates whose money it is, `yyyy-mm-dd`. */
  readonly coversFrom: string;
  readonly coversThrough: string;
  readonly announcedDate: string;
  /** Who pays, as the bank's statement names him. */
  readonly payer: string;
};

const LEASE_MS = MINUTE;

/**
 * Takes withdrawals from what the channel owes: M: IB a / CR a, then P: bank_in_transit a / IB a. Gives how
 * many were new. Throws `conflict` for an account whose money does not pass us.
 */
export async function announceChannelPayouts(
  deps: PayoutsDeps,
  announced: readonly ChannelPayoutAnnounced[],
): Promise<number> {
  const rows: ChannelPayout[] = [];
  for (const one of announced) rows.push(await rowOf(deps, one));
  for (const currency of new Set(rows.map((row) => row.currency))) await openForPayouts(deps, currency);
  for (const row of rows) await openAccountsOf(deps, row);
  const { cell } = deps;
  if (rows.length === 0) return 0;
  const made = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const written = await insertAnnounced(tx, rows);
    const drafts = rows.filter(({ id }) => written.has(id)).map((row) => announcedJournal(deps, row));
    if (drafts.length > 0) await posted(post(tx, day, drafts, cell.clock.now()));
    return [...written];
  });
  if (made.length > 0) await bookInTransit(deps, made);
  return made.length;
}

async function rowOf(deps: PayoutsDeps, one: ChannelPayoutAnnounced): Promise<ChannelPayout> {
  const account = await deps.channels.account(one.channelAccountId);
  if (account === null) throw problem("not_found", { detail: "there is no such channel account" });
  if (account.fundFlow !== "through_platform") {
    throw problem("conflict", { detail: "the money of this channel account does not pass us" });
  }
  const now = deps.cell.clock.now();
  return {
    ...one,
    id: deps.cell.newId(),
    merchantId: account.merchantId,
    announcedAt: now,
    transitBookedAt: null,
    receiptId: null,
    dueAt: plus(now, LEASE_MS),
  };
}

async function openAccountsOf({ cell }: PayoutsDeps, row: ChannelPayout): Promise<void> {
  const { merchantId, currency, channelAccountId } = row;
  const needs = { merchantId, currency, channelAccountId, fundFlow: "through_platform" } as const;
  await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()), { repeatable: true });
}

/** Books the platform's side of announced payouts. Safe to repeat. */
export async function bookInTransit(deps: PayoutsDeps, ids: readonly Id[]): Promise<void> {
  const { cell } = deps;
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const open = (await lockChannelPayouts(tx, ids)).filter((row) => row.transitBookedAt === null);
      if (open.length === 0) return;
      const at = cell.clock.now();
      await setInTransit(
        tx,
        open.map(({ id }) => id),
        at,
      );
      const drafts = open.map((row) => transitJournal(deps, row));
      await posted(post(tx, day, drafts, at));
    },
    { repeatable: true },
  );
}

/**
 * Takes an unplaced entry of a bank's statement for these payouts: P: bank_reserve / bank_in_transit, what
 * rounding leaves to channel_cost. Under the entry's lock and the payouts': each is received once. Refusals
 * are sentences.
 */
export async function receive(
  deps: PayoutsDeps,
  entry: { readonly accountNumber: string; readonly entryRef: string },
  ids: readonly Id[],
  matchedBy: string,
): Promise<{ done: true } | { refused: string }> {
  const { cell } = deps;
  return cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const locked = await lockEntry(tx, entry.accountNumber, entry.entryRef);
    if (locked === null) return { refused: "the entry is not there" };
    const payouts = await lockChannelPayouts(tx, ids);
    if (locked.state === "placed") {
      const receipt = locked.placedAs === "channel_payouts" ? locked.subjectId : null;
      const same = receipt !== null && payouts.every(({ receiptId }) => receiptId === receipt);
      return same ? { done: true as const } : { refused: "the entry was taken for something else" };
    }
    if (payouts.length !== new Set(ids).size) return { refused: "one of the payouts is not there" };
    if (payouts.some((row) => row.receiptId !== null || row.transitBookedAt === null)) {
      return { refused: "one of the payouts is received already, or not yet in transit" };
    }
    if (payouts.some((row) => row.currency !== locked.currency) || !fits(locked, payouts)) {
      return { refused: "the payouts do not come to the entry's amount" };
    }
    const sum = payouts.reduce((total, { amount }) => total + amount, 0n);
    const [id, at, difference] = [cell.newId(), cell.clock.now(), sum - locked.amount];
    await insertReceipt(tx, { ...entry, id, amount: locked.amount, difference, matchedBy, at });
    await setReceived(tx, ids, id);
    await placeEntry(tx, entry.accountNumber, entry.entryRef, { as: "channel_payouts", subjectId: id, at });
    const { amount, currency } = locked;
    await posted(post(tx, day, [receivedJournal(deps, { id, currency, amount, sum })], at));
    return { done: true as const };
  });
}

/**
 * Whether the money of a channel account's date is at the bank: payouts that cover the date are announced,
 * and every one of them is received.
 */
export async function fundsReceived(
  deps: Pick<PayoutsDeps, "cell">,
  scope: { readonly channelAccountId: Id; readonly channelDate: string },
): Promise<boolean> {
  const { channelAccountId, channelDate } = scope;
  const { payouts, received } = await receivedOfScope(deps.cell.db, channelAccountId, channelDate);
  return payouts > 0n && payouts === received;
}

function announcedJournal(deps: PayoutsDeps, row: ChannelPayout): JournalDraft {
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

function transitJournal(deps: PayoutsDeps, row: ChannelPayout): JournalDraft {
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

function receivedJournal(
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

async function posted(results: ReturnType<typeof post>): Promise<void> {
  for (const result of await results) {
    if (result.result !== "refused") continue;
    throw new Error(`the account ${result.account} refuses a channel payout's journal`);
  }
}

/** As the wire names it. */
export function channelPayoutId(id: Id): string {
  return formatId("cpo", id);
}
