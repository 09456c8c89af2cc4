/**
 * A closed accounting date taken out of the ledger: one file with what each journal did to what the channels
 * owe. It proves itself complete before anything is made of it: the places of each account without a gap,
 * from the last before the date to the last of it, and their sum what the balance changed by.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Cell, Db } from "../../kernel/database.ts";
import type { Currency } from "../../kernel/money.ts";
import { type GoOn, progressOf } from "../../kernel/progress.ts";
import {
  closedDates,
  datesOf,
  type Extract,
  type ExtractSum,
  findExtract,
  insertExtract,
  type Place,
  type Range,
  type ReceivableAccount,
  readChunk,
  receivableAccounts,
} from "./extract-store.ts";

export type ExtractDeps = {
  readonly cell: Cell;
  /** Where extracts are kept. */
  readonly folder: string;
  /** Methods whose payment leaves no line where it was reversed on its own day. */
  readonly quietMethods: readonly string[];
};

/** Chunks read side by side: PostgreSQL makes each line, and a connection has one core. */
const READ_AHEAD = 3;
const ACCOUNTS_PER_PAGE = 2_000;
const ENTRIES_PER_CHUNK = 5_000n;
const RANGES_PER_CHUNK = 2_000;
/** No journal has more lines. */
const LINES_MAX = 100n;
const NIL = "00000000-0000-0000-0000-000000000000";

const HEAD =
  "channel_account_id,accounting_date,channel_date,journal_id,origin,kind,order_no,trade_no,refund_no," +
  "amount,settle,fee,currency,payment_id,attempt_id,refund_id,voucher,quiet,net,entries\n";

/** An account's places of a date, and what they did to its balance. */
type Span = Omit<Range, "reach"> & { readonly currency: Currency; readonly change: bigint };

/** Where the extract of a date is. */
export function extractPath(folder: string, accountingDate: string): string {
  return join(folder, `movements-${accountingDate}.csv`);
}

/** Where the same rows are packed to be read more quickly. */
export function packedPath(folder: string, accountingDate: string): string {
  return join(folder, `movements-${accountingDate}.parquet`);
}

/**
 * The extract of a closed date, made unless it is there: the same bytes each time. Throws for a date that is
 * not closed, and where ledger and extract differ.
 */
export async function extractOf(deps: ExtractDeps, accountingDate: string, goOn: GoOn): Promise<Extract> {
  const { cell, folder } = deps;
  const [closed] = await closedDates(cell.db, accountingDate, accountingDate);
  if (closed === undefined) throw new Error(`the accounting date ${accountingDate} is not closed`);
  const known = await findExtract(cell.db, accountingDate);
  const path = extractPath(folder, accountingDate);
  if (known !== null && (await sizeOf(path)) === known.bytes) return known;
  await mkdir(folder, { recursive: true });
  const spans = await spansOf(cell.db, accountingDate, goOn);
  const part = `${path}.${cell.newId()}`;
  try {
    const written = await write(deps, part, spans, goOn);
    const made = {
      accountingDate,
      ...written,
      accounts: BigInt(spans.length),
      madeAt: cell.clock.now(),
    };
    prove(made, spans);
    if (known !== null && !known.hash.equals(made.hash)) {
      throw new Error(`the closed date ${accountingDate} was taken out twice, and differs`);
    }
    // What was packed may be of books that a backup has replaced.
    await rm(packedPath(folder, accountingDate), { force: true });
    await rename(part, path);
    await cell.transact((tx) => insertExtract(tx, made, sumsOf(spans)), { repeatable: true });
    return (await findExtract(cell.db, accountingDate)) ?? made;
  } finally {
    await rm(part, { force: true });
  }
}

async function sizeOf(path: string): Promise<bigint | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found === null ? null : found.size;
}

/** Of each account with an entry on the date: the last place before it, and the last of it. */
async function spansOf(db: Db, accountingDate: string, goOn: GoOn): Promise<Span[]> {
  const spans: Span[] = [];
  for (let after = NIL; ; ) {
    await goOn();
    const accounts = await receivableAccounts(db, after, ACCOUNTS_PER_PAGE);
    spans.push(...(await spansOfPage(db, accounts, accountingDate)));
    const last = accounts.at(-1);
    if (last === undefined || accounts.length < ACCOUNTS_PER_PAGE) return spans;
    after = last.id;
  }
}

async function spansOfPage(
  db: Db,
  accounts: readonly ReceivableAccount[],
  accountingDate: string,
): Promise<Span[]> {
  const from = await lastPlaces(db, accounts, (date) => date < accountingDate);
  const to = await lastPlaces(db, accounts, (date) => date <= accountingDate);
  const changed = accounts
    .map(({ id, currency }, index) => ({
      account: id,
      currency,
      from: from[index] as bigint,
      to: to[index] as bigint,
    }))
    .filter((span) => span.to > span.from);
  const before = await balancesAt(
    db,
    changed.map((span) => ({ account: span.account, seq: span.from })),
  );
  const after = await balancesAt(
    db,
    changed.map((span) => ({ account: span.account, seq: span.to })),
  );
  return changed.map((span, index) => {
    return { ...span, change: (after[index] as bigint) - (before[index] as bigint) };
  });
}

/** Dates never fall along an account, so the last place of a date is found by halving. */
async function lastPlaces(
  db: Db,
  accounts: readonly ReceivableAccount[],
  isWithin: (accountingDate: string) => boolean,
): Promise<bigint[]> {
  const searches = accounts.map(({ id, lastSeq }) => ({ account: id, low: 0n, high: lastSeq, seq: lastSeq }));
  for (;;) {
    const open = searches.filter(({ low, high }) => low < high);
    if (open.length === 0) return searches.map(({ low }) => low);
    const dates = await datesOf(db, open);
    open.forEach((search, index) => {
      const place = dates[index];
      if (place === undefined || dates.length !== open.length) throw new Error("an account lacks a place");
      if (isWithin(place.accountingDate)) search.low = search.seq;
      else search.high = search.seq - 1n;
      search.seq = (search.low + search.high + 1n) / 2n;
    });
  }
}

async function balancesAt(db: Db, places: readonly Place[]): Promise<bigint[]> {
  const wanted = places.filter(({ seq }) => seq > 0n);
  const found = await datesOf(db, wanted);
  if (found.length !== wanted.length) throw new Error("an account lacks a place");
  let at = 0;
  return places.map(({ seq }) => {
    if (seq === 0n) return 0n;
    const balance = found[at]?.balanceAfter;
    at += 1;
    return balance as bigint;
  });
}

/** What becomes of each, in their order, so many at a time. */
async function* aheadOf<T, R>(
  all: Iterable<T>,
  atOnce: number,
  become: (one: T) => Promise<R>,
): AsyncGenerator<R> {
  const under: Promise<R>[] = [];
  for (const one of all) {
    const next = become(one);
    // Who waits for an earlier one hears of it in its turn.
    next.catch(() => {});
    under.push(next);
    if (under.length >= atOnce) yield (await under.shift()) as R;
  }
  for (const next of under) yield await next;
}

type Written = Pick<Extract, "hash" | "bytes" | "entries" | "journals"> & { readonly net: bigint };

async function write(
  { cell, quietMethods }: ExtractDeps,
  path: string,
  spans: readonly Span[],
  goOn: GoOn,
): Promise<Written> {
  const file = await open(path, "w");
  const hash = createHash("sha256");
  let [bytes, entries, journals, net] = [0n, 0n, 0n, 0n];
  const put = async (text: string) => {
    const content = Buffer.from(text);
    hash.update(content);
    bytes += BigInt(content.length);
    await file.appendFile(content);
  };
  try {
    await put(HEAD);
    // Planned while there are few refunds, it must not pass over all of them for each line later on.
    const read = (ranges: readonly Range[]) =>
      cell.transact((tx) => readChunk(tx, ranges, quietMethods), { repeatable: true });
    const places = placesOf(spans);
    for await (const chunk of aheadOf(chunksOf(spans), READ_AHEAD, read)) {
      await goOn(progressOf(entries, places));
      if (chunk.text !== "") await put(`${chunk.text}\n`);
      entries += chunk.entries;
      journals += chunk.journals;
      net += chunk.net;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { hash: hash.digest(), bytes, entries, journals, net };
}

/** Ranges of so many entries that a statement reads them in some hundredths of a second. */
function* chunksOf(spans: readonly Span[]): Iterable<readonly Range[]> {
  let chunk: Range[] = [];
  let room = ENTRIES_PER_CHUNK;
  for (const { account, from, to } of spans) {
    for (let at = from; at < to; ) {
      const end = [at + room, to].reduce(smaller);
      // A journal's entries on an account follow each other, and are of one date.
      chunk.push({ account, from: at, to: end, reach: smaller(end + LINES_MAX, to) });
      room -= end - at;
      at = end;
      if (room > 0n && chunk.length < RANGES_PER_CHUNK) continue;
      yield chunk;
      chunk = [];
      room = ENTRIES_PER_CHUNK;
    }
  }
  if (chunk.length > 0) yield chunk;
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

/** As many entries as the accounts have places on the date, and in sum what their balances changed by. */
function prove(made: Extract & { readonly net: bigint }, spans: readonly Span[]): void {
  const places = placesOf(spans);
  const change = spans.reduce((sum, span) => sum + span.change, 0n);
  if (made.entries === places && made.net === change) return;
  const date = made.accountingDate;
  throw new Error(
    `the extract of ${date} holds ${made.entries} entries that make ${made.net}, ` +
      `the ledger ${places} that make ${change}`,
  );
}

function placesOf(spans: readonly Span[]): bigint {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0n);
}

function sumsOf(spans: readonly Span[]): ExtractSum[] {
  const byCurrency = Map.groupBy(spans, ({ currency }) => currency);
  return [...byCurrency].map(([currency, own]) => ({
    currency,
    entries: placesOf(own),
    amount: own.reduce((sum, { change }) => sum + change, 0n),
  }));
}
