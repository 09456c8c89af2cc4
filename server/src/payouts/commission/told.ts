/** What channels' commission statements tell, booked as each statement comes. */
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { type JournalDraft, lockDay, openMerchantAccounts, post } from "../../ledger/index.ts";
import type { ToldCommissions } from "../../statements/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type CommissionRow, type CountedRow, countRows, decideRow, keyOf } from "./model.ts";
import { earnedJournal, withdrawnJournal } from "./postings.ts";
import {
  earnedOf,
  insertRows,
  lockCommissions,
  paidAttempts,
  rowsLike,
  rowsOfDay,
  withdrawRows,
} from "./store.ts";

/** Rows of one transaction: each is a journal, and its account waits meanwhile. */
const ROWS_PER_STEP = 500;

/** What is done in one transaction: rows that the version does not have any more, then those it has anew. */
type Step = { readonly gone: readonly Id[]; readonly rows: readonly CountedRow[] };

/**
 * Books what a statement tells and its date does not have yet, and takes back what the date has and it does
 * not tell. The mark that it is read commits with the last of it; each step before is found done. Safe to
 * repeat.
 */
export async function readCommissions(deps: PayoutsDeps, statementId: Id): Promise<void> {
  const told = await deps.commissionStatements.open(statementId);
  const account = await deps.channels.account(told.channelAccountId);
  if (account === null) throw new Error(`the statement ${statementId} is of no channel account`);
  // One that came before its contract was finished: such money earns fees.
  const rows = account.fundFlow === "through_platform" ? [] : countRows(told.rows);
  const { merchantId } = account;
  await openCommissionAccounts(deps, merchantId, new Set(rows.map((row) => row.told.currency)));
  const steps = await planned(deps, told, rows);
  for (const [index, step] of steps.entries()) {
    const isLast = index === steps.length - 1;
    if (!(await take(deps, told, merchantId, step, isLast))) return;
  }
}

/** Before the transaction that posts to them. */
export async function openCommissionAccounts(
  { cell }: Pick<PayoutsDeps, "cell">,
  merchantId: Id,
  currencies: ReadonlySet<Currency>,
): Promise<void> {
  for (const currency of currencies) {
    const needs = { merchantId, currency, channelAccountId: null, fundFlow: "direct_to_merchant" } as const;
    await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()), { repeatable: true });
  }
}

/**
 * What is to be done, in steps of which there is at least one. Read under the lock of the date: from then on
 * no earlier version writes a row of it.
 */
async function planned(
  { cell, commissionStatements }: PayoutsDeps,
  { statementId, channelAccountId, statementDate }: ToldCommissions,
  rows: readonly CountedRow[],
): Promise<Step[]> {
  const there = await cell.transact(
    async (tx) => {
      await commissionStatements.lockCurrent(tx, statementId);
      return rowsOfDay(tx, channelAccountId, statementDate);
    },
    { repeatable: true },
  );
  const known = new Set(there.map(({ rowHash: hash, occurrence }) => keyOf({ hash, occurrence })));
  const meant = new Set(rows.map(keyOf));
  const gone = there.filter(({ rowHash: hash, occurrence }) => !meant.has(keyOf({ hash, occurrence })));
  const fresh = rows.filter((row) => !known.has(keyOf(row)));
  const steps: Step[] = [];
  for (let at = 0; at === 0 || at < gone.length + fresh.length; at += ROWS_PER_STEP) {
    const from = Math.max(0, at - gone.length);
    const to = Math.max(0, at + ROWS_PER_STEP - gone.length);
    const ids = gone.slice(at, at + ROWS_PER_STEP).map(({ id }) => id);
    steps.push({ gone: ids, rows: fresh.slice(from, to) });
  }
  return steps;
}

/** False: a newer version is there, which is due as well, and tells all that counts. */
async function take(
  { cell, commissionStatements }: PayoutsDeps,
  told: ToldCommissions,
  merchantId: Id,
  { gone, rows }: Step,
  isLast: boolean,
): Promise<boolean> {
  const { statementId, channelAccountId } = told;
  return cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const isCurrent = await commissionStatements.lockCurrent(tx, statementId);
      if (isLast || !isCurrent) await commissionStatements.done(tx, statementId);
      if (!isCurrent) return false;
      await lockCommissions(tx, channelAccountId);
      const reversals = gone.map(() => cell.newId());
      const withdrawn = await withdrawRows(tx, gone, reversals, statementId);
      const at = cell.clock.now();
      const made = await decided(tx, told, rows, { merchantId, at, newId: cell.newId });
      await insertRows(tx, made);
      const drafts: JournalDraft[] = [
        ...withdrawn.flatMap((row) => withdrawnJournal(row) ?? []),
        ...made.flatMap((row) => (row.journalId === null ? [] : [earnedJournal(row, row.journalId)])),
      ];
      await posted(tx, day, drafts, at);
      return true;
    },
    { repeatable: true },
  );
}

type Making = { readonly merchantId: Id; readonly at: Date; readonly newId: () => Id };

/** The rows that the date does not have yet, with what becomes of each. Under the account's lock. */
async function decided(
  tx: Tx,
  { statementId, channelAccountId, statementDate }: ToldCommissions,
  rows: readonly CountedRow[],
  { merchantId, at, newId }: Making,
): Promise<CommissionRow[]> {
  const hashes = rows.map(({ hash }) => hash);
  const like = await rowsLike(tx, channelAccountId, hashes);
  const here = like.filter((row) => row.statementDate === statementDate);
  const known = new Set(here.map(({ rowHash: hash, occurrence }) => keyOf({ hash, occurrence })));
  const others = like.filter((row) => row.statementDate !== statementDate);
  const elsewhere = new Set(others.map(({ rowHash }) => rowHash.toString("hex")));
  const numbers = new Set(rows.map(({ told }) => told.number));
  const attempts = await paidAttempts(tx, channelAccountId, [...numbers]);
  const earned = await earnedOf(
    tx,
    [...attempts.values()].map(({ attemptId }) => attemptId),
  );
  return rows
    .filter((row) => !known.has(keyOf(row)))
    .map((row): CommissionRow => {
      const { told, hash, occurrence } = row;
      const { line, number, kind, amount, currency } = told;
      const named = attempts.get(number) ?? null;
      const before = named === null ? 0n : (earned.get(named.attemptId) ?? 0n);
      const { reason, attempt } = decideRow(row, named, elsewhere.has(hash.toString("hex")), before);
      if (reason === null && attempt !== null) earned.set(attempt.attemptId, before + amount);
      return {
        id: newId(),
        channelAccountId,
        merchantId,
        statementDate,
        statementId,
        line,
        rowHash: hash,
        occurrence,
        number,
        kind,
        at: told.at,
        amount,
        currency,
        state: reason === null ? "matched" : "unmatched",
        reason,
        paymentId: attempt?.paymentId ?? null,
        attemptId: attempt?.attemptId ?? null,
        journalId: reason === null ? newId() : null,
        acceptedBy: null,
        withdrawnBy: null,
        reversalId: null,
        toldAt: at,
      };
    });
}

/** The last part of a transaction. Throws where the ledger refuses, which no account here may. */
export async function posted(
  tx: Tx,
  day: { readonly accountingDate: string },
  drafts: readonly JournalDraft[],
  at: Date,
): Promise<void> {
  if (drafts.length === 0) return;
  for (const result of await post(tx, day, drafts, at)) {
    if (result.result === "posted") continue;
    throw new Error(`the books took a commission's journal as ${result.result}`);
  }
}
