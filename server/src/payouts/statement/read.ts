/**
 * A bank's statement of an account of ours: money that moved goes to the door, and what is left to people.
 */
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { lastOf } from "../accounts/number.ts";
import { connectionByAccount } from "../accounts/store.ts";
import { openForPayouts } from "../batch/service.ts";
import { receiveChannelPayouts } from "../channel/receive.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, BankEntry } from "../model.ts";
import { type Report, reportAll } from "../outcome/door.ts";
import { existingPayouts } from "../payout/store.ts";
import { payoutOfEndToEndId } from "../sending/pain001.ts";
import { type EntryRow, entriesByRefs, insertEntries, keepStatement } from "./store.ts";

export type BankStatement = {
  /** Of our account. */
  readonly accountNumber: string;
  readonly date: string;
  /** From 1 for each date of the account: of two the higher says the balances. */
  readonly version: number;
  readonly currency: Currency;
  /** Minor units, as the bank states them; null: it does not. */
  readonly opening: bigint | null;
  readonly closing: bigint | null;
  readonly entries: AsyncIterable<BankEntry> | Iterable<BankEntry>;
};

export type StatementRead =
  | {
      readonly end: "read";
      readonly entries: number;
      readonly placed: number;
      /** What nobody knows yet, and what does not fit: a list for people. */
      readonly left: number;
    }
  | { readonly end: "refused"; readonly reason: string };

const CHUNK = 250;

/**
 * Reads a statement. Safe to repeat and to go on with after a crash: an entry is known by its reference, and
 * the door knows what it has had. `goOn` is called between short transactions. Refused: an account that is no
 * connection's, another currency, a reference that names two entries, or balances that its entries do not
 * explain; entries before that are kept.
 */
export async function readBankStatement(
  deps: PayoutsDeps,
  statement: BankStatement,
  goOn: () => Promise<void>,
): Promise<StatementRead> {
  const { accountNumber, date, currency, opening, closing } = statement;
  const connection = await connectionByAccount(deps.platform.db, accountNumber);
  if (connection === null) {
    return { end: "refused", reason: `the account ending in ${lastOf(accountNumber)} is no connection's` };
  }
  if (connection.currency !== currency) {
    return {
      end: "refused",
      reason: `the account is in ${connection.currency}, the statement in ${currency}`,
    };
  }
  if (opening === null || closing === null) {
    return { end: "refused", reason: "it tells no balances, by which it is known to be whole" };
  }
  await openForPayouts(deps, currency);
  const counts = { entries: 0, placed: 0, sum: opening };
  const references = new Set<string>();
  for await (const chunk of chunksOf(statement.entries)) {
    await goOn();
    const reason = await misnamed(deps, accountNumber, chunk, references);
    if (reason !== null) return { end: "refused", reason };
    const rows = await place(deps, statement, chunk);
    counts.entries += rows.length;
    counts.placed += await placedOf(deps, connection, rows);
    counts.sum += chunk.reduce((sum, { amount }) => sum + amount, 0n);
  }
  if (counts.sum !== closing) {
    const reason = `opening balance and entries come to ${counts.sum}, the closing balance is ${closing}`;
    return { end: "refused", reason };
  }
  const { entries } = counts;
  const { holds } = connection;
  const readAt = deps.cell.clock.now();
  const { version } = statement;
  const kept = { accountNumber, date, currency, holds, opening, closing, entries, readAt, version };
  await deps.cell.transact((tx) => keepStatement(tx, kept), { repeatable: true });
  return { end: "read", entries, placed: counts.placed, left: entries - counts.placed };
}

/** What is wrong with the references, by which alone an entry is taken once: null where nothing is. */
async function misnamed(
  deps: PayoutsDeps,
  accountNumber: string,
  entries: readonly BankEntry[],
  before: Set<string>,
): Promise<string | null> {
  for (const { entryRef } of entries) {
    if (before.has(entryRef)) return `two of its entries have the reference ${entryRef}`;
    before.add(entryRef);
  }
  const amounts = new Map(entries.map(({ entryRef, amount }) => [entryRef, amount]));
  const known = await entriesByRefs(deps.cell.db, accountNumber, [...amounts.keys()]);
  const changed = known.find(({ entryRef, amount }) => amounts.get(entryRef) !== amount);
  if (changed === undefined) return null;
  const { entryRef, amount, statementDate } = changed;
  const now = amounts.get(entryRef);
  return `the entry ${entryRef} is of ${now}, and of ${amount} in the statement of ${statementDate}`;
}

/** How many of them are placed, now that what channels have announced has been looked at too. */
async function placedOf(
  deps: PayoutsDeps,
  { accountNumber, holds }: BankConnection,
  entries: readonly EntryRow[],
): Promise<number> {
  const refs = entries.map(({ entryRef }) => entryRef);
  const known = await entriesByRefs(deps.cell.db, accountNumber, refs);
  // What comes in on an account of our own money is no part of the reserve.
  if (holds !== "reserve") return known.filter(({ state }) => state === "placed").length;
  const received = await receiveChannelPayouts(deps, known);
  return known.filter(({ state, entryRef }) => state === "placed" || received.has(entryRef)).length;
}

async function place(
  deps: PayoutsDeps,
  statement: BankStatement,
  entries: readonly BankEntry[],
): Promise<EntryRow[]> {
  const named = entries.map((entry) => ({ entry, about: aboutPayout(entry) }));
  const ids = named.flatMap(({ about }) => (about === null ? [] : [about.payoutId]));
  const known = await existingPayouts(deps.cell.db, ids);
  const own = named.flatMap(({ entry, about }) =>
    about !== null && known.has(about.payoutId) ? [{ entry, report: reportOf(statement, entry, about) }] : [],
  );
  const reported = await reportAll(
    deps,
    own.map(({ report }) => report),
  );
  const taken = new Map(own.map(({ entry, report }, index) => [entry, { report, done: reported[index] }]));
  const now = deps.cell.clock.now();
  const rows = entries.map((entry): EntryRow => {
    const { report, done } = taken.get(entry) ?? {};
    // A contradiction that the books have is placed all the same: the payout is what people look at.
    const state = done === undefined ? "unplaced" : done.isBooked ? "placed" : "contradiction";
    const isPlaced = state === "placed";
    return {
      accountNumber: statement.accountNumber,
      entryRef: entry.entryRef,
      statementDate: statement.date,
      valueDate: entry.valueDate,
      bookingDate: entry.bookingDate,
      amount: entry.amount,
      currency: entry.currency,
      endToEndId: entry.originalEndToEndId ?? entry.endToEndId,
      counterpartyName: entry.counterpartyName,
      counterpartyLast: entry.counterpartyAccount === null ? null : lastOf(entry.counterpartyAccount),
      info: entry.info,
      state,
      placedAs: isPlaced ? `payout_${report?.outcome}` : null,
      subjectId: report?.payoutId ?? null,
      readAt: now,
      placedAt: isPlaced ? now : null,
    };
  });
  await deps.cell.transact((tx) => insertEntries(tx, rows), { repeatable: true });
  return rows;
}

type About = { readonly payoutId: Id; readonly outcome: "paid" | "returned" };

/**
 * Money out under our EndToEndId was paid; money in that names it, or gives a reason to return it, came back.
 */
function aboutPayout(entry: BankEntry): About | null {
  const isOut = entry.amount < 0n;
  const isReturn = entry.originalEndToEndId !== null || entry.returnReason !== null;
  if (isOut && isReturn) return null;
  if (!isOut && !isReturn) return null;
  const text = entry.originalEndToEndId ?? entry.endToEndId;
  const payoutId = text === null ? null : payoutOfEndToEndId(text);
  return payoutId === null ? null : { payoutId, outcome: isOut ? "paid" : "returned" };
}

function reportOf(statement: BankStatement, entry: BankEntry, { payoutId, outcome }: About): Report {
  const amount = entry.amount < 0n ? -entry.amount : entry.amount;
  const evidence = {
    source: "camt.053" as const,
    reference: `${lastOf(statement.accountNumber)} ${entry.entryRef}`,
    code: entry.returnReason,
    detail: entry.info,
    amount,
    currency: entry.currency,
  };
  return { payoutId, outcome, evidence };
}

async function* chunksOf(entries: BankStatement["entries"]): AsyncGenerator<BankEntry[]> {
  let chunk: BankEntry[] = [];
  for await (const entry of entries) {
    chunk.push(entry);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
