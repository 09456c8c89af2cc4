/** Opening books and accounts, and posting: load under locks → decide → persist. */
import type { Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import { accountIdOf, type BookKind, bookIdOf, CHART, platformOwner } from "./chart.ts";
import { type Decision, decide, type Known } from "./decide.ts";
import { accountsOf, checkedDraft, DRAFTS_MAX, sourceKey } from "./draft.ts";
import type {
  AccountSpec,
  Day,
  FundFlow,
  HoldCommand,
  HoldResult,
  JournalDraft,
  PostResult,
} from "./model.ts";
import { standardAccounts } from "./standard-accounts.ts";
import {
  endHolds,
  findHolds,
  findPosted,
  findReversals,
  insertAccounts,
  insertBook,
  insertEntries,
  insertHolds,
  insertJournals,
  lockAccounts,
  updateAccounts,
} from "./store.ts";

/** Opens an owner's book in the owner's cell, or finds it open; its id. Safe to repeat. */
export async function openBook(
  tx: Tx,
  book: { readonly kind: BookKind; readonly ownerId: Id; readonly openedAt: Date },
): Promise<Id> {
  const id = bookIdOf(book.kind, book.ownerId);
  await insertBook(tx, { id, ...book });
  return id;
}

/**
 * Opens accounts, with the floor of their code unless one is given; those that exist stay as they are. Safe
 * to repeat, and never part of a transaction that posts. Throws a RangeError where `accountIdOf` does.
 */
export async function openAccounts(tx: Tx, specs: readonly AccountSpec[], openedAt: Date): Promise<void> {
  const accounts = specs.map((spec) => ({
    ...spec,
    id: accountIdOf(spec.bookId, spec.code, spec.currency, spec.channelAccountId),
    floor: spec.floor === undefined ? CHART[spec.code].floor : spec.floor,
  }));
  await insertAccounts(tx, accounts, openedAt);
}

/**
 * Opens everything that this merchant's payments, refunds and settlements in one currency through one channel
 * account may touch, and the book. Without a channel account: all but the accounts kept for each of them.
 * Safe to repeat.
 */
export async function openMerchantAccounts(
  tx: Tx,
  needs: {
    readonly merchantId: Id;
    readonly currency: Currency;
    readonly channelAccountId: Id | null;
    readonly fundFlow: FundFlow;
  },
  openedAt: Date,
): Promise<void> {
  const bookId = await openBook(tx, { kind: "merchant", ownerId: needs.merchantId, openedAt });
  await openAccounts(tx, standardAccounts({ kind: "merchant", bookId, ...needs }), openedAt);
}

/** Opens the platform's own book and its accounts in one currency. Safe to repeat. */
export async function openPlatformAccounts(
  tx: Tx,
  needs: { readonly cell: number; readonly currency: Currency },
  openedAt: Date,
): Promise<void> {
  const ownerId = platformOwner(needs.cell);
  const bookId = await openBook(tx, { kind: "platform", ownerId, openedAt });
  await openAccounts(tx, standardAccounts({ kind: "platform", bookId, ...needs }), openedAt);
}

/**
 * Posts journals, in their order: once in a transaction and after all its other locks, under the day taken by
 * `lockDay`. Nothing else locks or changes accounts. Results are in the order of the drafts:
 *
 * - `posted`: entries written, balances moved. A draft whose every line is zero is `posted` too and leaves no
 *   journal.
 * - `duplicate`: the books have a journal of this book, kind and source, or this reversal; nothing moved.
 * - `refused`: an account would fall below its floor and holds; this draft left no trace, the others stand.
 *
 * A journal bears `postedAt`, or the last instant of one of its accounts where that is later. Throws an Error
 * for a draft that does not balance, or names an account that is missing, of another book or in another
 * currency: these are mistakes of the caller, and the transaction is to be rolled back.
 */
export async function post(
  tx: Tx,
  day: Day,
  drafts: readonly JournalDraft[],
  postedAt: Date,
): Promise<PostResult[]> {
  return (await postWithHolds(tx, day, { drafts, holds: [] }, postedAt)).journals;
}

/**
 * As `post`, with holds placed, released and captured in the same step: releases and placings before the
 * journals, a capture together with its journal and refused with it. A hold keeps only money that is there:
 * refused
 * `insufficient_balance` otherwise. Repeating a command gives `duplicate`; a hold that ended the other way is
 * refused
 * `hold_ended`. Throws an Error for a hold that does not exist or is on another account.
 */
export async function postWithHolds(
  tx: Tx,
  day: Day,
  commands: { readonly drafts: readonly JournalDraft[]; readonly holds: readonly HoldCommand[] },
  postedAt: Date,
): Promise<{ journals: PostResult[]; holds: HoldResult[] }> {
  const { holds } = commands;
  if (commands.drafts.length + holds.length > DRAFTS_MAX) {
    throw new RangeError(`at most ${DRAFTS_MAX} journals and holds are posted at once`);
  }
  const drafts = commands.drafts.map(checkedDraft);
  const decision = decide(await load(tx, drafts, holds), day, postedAt, drafts, holds);
  await persist(tx, decision, postedAt);
  return { journals: decision.journals, holds: decision.holds };
}

/**
 * Locks the accounts, then reads what is booked already. The reads are statements of their own that start
 * after the locks are held, so they see all that earlier holders of the locks committed; and whoever posts
 * the same source names the same accounts. So no second posting slips between the look and the insert; the
 * unique constraints would stop it if one did.
 */
async function load(tx: Tx, drafts: readonly JournalDraft[], holds: readonly HoldCommand[]): Promise<Known> {
  const accountIds = accountsOf(drafts, holds);
  const sourceIds = [...new Set(drafts.map((draft) => draft.sourceId))];
  const reversedIds = drafts.flatMap((draft) => draft.reversalOf ?? []);
  const [accounts, posted, reversals, knownHolds] = await inOneRoundTrip([
    accountIds.length === 0 ? [] : lockAccounts(tx, accountIds),
    sourceIds.length === 0 ? [] : findPosted(tx, sourceIds),
    reversedIds.length === 0 ? [] : findReversals(tx, reversedIds),
    holds.length === 0
      ? []
      : findHolds(
          tx,
          holds.map((hold) => hold.id),
        ),
  ]);
  return {
    accounts,
    posted: new Map(posted.map((journal) => [sourceKey(journal), journal.id])),
    reversed: new Map(reversals.map((journal) => [journal.reversalOf, journal.id])),
    holds: knownHolds,
  };
}

async function persist(tx: Tx, decision: Decision, at: Date): Promise<void> {
  const { newJournals, newHolds, endedHolds, changedAccounts } = decision;
  const entries = newJournals.flatMap((journal) => journal.entries);
  const [journals, lines, placed, ended, accounts] = await inOneRoundTrip([
    newJournals.length === 0 ? 0 : insertJournals(tx, newJournals),
    entries.length === 0 ? 0 : insertEntries(tx, entries),
    newHolds.length === 0 ? 0 : insertHolds(tx, newHolds, at),
    endedHolds.length === 0 ? 0 : endHolds(tx, endedHolds, at),
    changedAccounts.length === 0 ? 0 : updateAccounts(tx, changedAccounts),
  ]);
  const written = [journals, lines, placed, ended, accounts].join();
  const meant = [newJournals, entries, newHolds, endedHolds, changedAccounts]
    .map((rows) => rows.length)
    .join();
  if (written !== meant) throw new Error(`the ledger wrote ${written} rows where ${meant} were meant`);
}

/** Statements sent together are carried out in this order; when one fails, those after it fail with it. */
function inOneRoundTrip<T extends readonly unknown[]>(
  statements: {
    [Key in keyof T]: T[Key] | Promise<T[Key]>;
  },
): Promise<{ -readonly [Key in keyof T]: Awaited<T[Key]> }> {
  return Promise.all(statements) as Promise<{ -readonly [Key in keyof T]: Awaited<T[Key]> }>;
}
