/**
 * What channels pay us: first announced (the channel's fund bill, or people), then seen at the bank. Each
 * book has its side in a transaction of its own, safe to repeat.
 */
import { MINUTE, plus } from "../../kernel/clock.ts";
import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { type Day, lockDay, openMerchantAccounts, post } from "../../ledger/index.ts";
import { openForPayouts } from "../batch/service.ts";
import type { PayoutsDeps } from "../deps.ts";
import { lockEntry, placeEntry } from "../statement/store.ts";
import { announcedJournal, posted, receivedJournal, transitJournal, withdrawnJournal } from "./journals.ts";
import { fits } from "./match.ts";
import {
  type ChannelPayout,
  type FundsScope,
  insertAnnounced,
  insertReceipt,
  isReceived,
  lockChannelPayouts,
  setInTransit,
  setOwedAgain,
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
  /** Null, as is the other: with it no date's money is paid whole. */
  readonly coversFrom: string | null;
  readonly coversThrough: string | null;
  readonly announcedDate: string;
  /** Who pays, as the bank's statement names him. */
  readonly payer: string;
};

/** A crash between the two sides is found after it. */
export const LEASE_MS = MINUTE;

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
  await openAccountsFor(deps, rows);
  const { cell } = deps;
  if (rows.length === 0) return 0;
  const made = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const written = await insertAnnounced(tx, rows);
    await postAnnounced(deps, tx, day, rows, written);
    return [...written];
  });
  if (made.length > 0) await bookInTransit(deps, made);
  return made.length;
}

/** The last part of the transaction that wrote some of the rows: books those. */
export async function postAnnounced(
  deps: PayoutsDeps,
  tx: Tx,
  day: Day,
  rows: readonly ChannelPayout[],
  written: ReadonlySet<Id>,
): Promise<void> {
  const drafts = rows.filter(({ id }) => written.has(id)).map((row) => announcedJournal(deps, row));
  if (drafts.length > 0) await posted(post(tx, day, drafts, deps.cell.clock.now()));
}

/** Throws `not_found`, and `conflict` for an account whose money does not pass us. */
export async function rowOf(
  deps: PayoutsDeps,
  one: ChannelPayoutAnnounced,
  toldBy: string | null = null,
): Promise<ChannelPayout> {
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
    toldBy,
    doubt: null,
    withdrawnAt: null,
    withdrawnBookedAt: null,
    withdrawnBy: null,
  };
}

/** Before the transaction that posts to them. */
export async function openAccountsFor(deps: PayoutsDeps, rows: readonly ChannelPayout[]): Promise<void> {
  for (const currency of new Set(rows.map((row) => row.currency))) await openForPayouts(deps, currency);
  for (const row of rows) await openAccountsOf(deps, row);
}

async function openAccountsOf({ cell }: PayoutsDeps, row: ChannelPayout): Promise<void> {
  const { merchantId, currency, channelAccountId } = row;
  const needs = { merchantId, currency, channelAccountId, fundFlow: "through_platform" } as const;
  await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()), { repeatable: true });
}

/**
 * Books the other side: of announced payouts the platform's, of withdrawn ones the merchant's. Safe to
 * repeat.
 */
export async function bookInTransit(deps: PayoutsDeps, ids: readonly Id[]): Promise<void> {
  const { cell } = deps;
  const idsOf = (rows: readonly ChannelPayout[]) => rows.map(({ id }) => id);
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const rows = await lockChannelPayouts(tx, ids);
      const open = rows.filter((row) => row.transitBookedAt === null);
      const lost = rows.filter((row) => row.withdrawnAt !== null && row.withdrawnBookedAt === null);
      if (open.length + lost.length === 0) return;
      const at = cell.clock.now();
      await setInTransit(tx, idsOf(open), at);
      await setOwedAgain(tx, idsOf(lost), at);
      const drafts = [
        ...open.map((row) => transitJournal(deps, row)),
        ...lost.map((row) => withdrawnJournal(deps, row)),
      ];
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
    if (payouts.some((row) => row.withdrawnAt !== null)) {
      return { refused: "one of the payouts was withdrawn" };
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
 * Whether the money of a channel account's date in a currency is at the bank: payouts that cover the date are
 * announced, and they and those before them are received.
 */
export function fundsReceived(deps: Pick<PayoutsDeps, "cell">, scope: FundsScope): Promise<boolean> {
  return isReceived(deps.cell.db, scope);
}

/** As the wire names it. */
export function channelPayoutId(id: Id): string {
  return formatId("cpo", id);
}
