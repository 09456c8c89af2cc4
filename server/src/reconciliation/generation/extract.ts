/**
 * A closed accounting date taken out of the ledger: one file with what each journal did to what the channels
 * owe. It proves itself complete before anything is made of it: the places of each account without a gap,
 * from the last before the date to the last of it, and their sum what the balance changed by.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Cell, Database, Db, WithTime } from "../../kernel/database.ts";
import { aheadOf } from "../../kernel/lanes.ts";
import type { Currency } from "../../kernel/money.ts";
import { type GoOn, progressOf } from "../../kernel/progress.ts";
import { type DateSpan, dateSpanOf, entriesOfPart, SIDE_BY_SIDE_MIN } from "../../ledger/index.ts";
import {
  closedDates,
  datesOf,
  type Extract,
  type ExtractSum,
  findExtract,
  insertExtract,
  type Place,
  type ReceivableAccount,
  receivableAccounts,
} from "./extract-store.ts";
import { type Range, readChunk } from "./movements-store.ts";

export type ExtractDeps = {
  readonly cell: Cell;
  /** Where extracts are kept. */
  readonly folder: string;
  /** Methods whose payment leaves no line where it was reversed on its own day. */
  readonly quietMethods: readonly string[];
  /** The cell's own when absent. */
  readonly withTime?: WithTime | undefined;
  /** From how many entries on a date's journals are read side by side; `SIDE_BY_SIDE_MIN` when absent. */
  readonly sideBySideMin?: number | undefined;
};

/** How a date's entries are cut, and how many chunks are read at once: a connection has one core. */
type Cut = { readonly entries: bigint; readonly ranges: number; readonly atOnce: number };

/** So many entries that a statement reads them in some hundredths of a second. */
const SHORT: Cut = { entries: 5_000n, ranges: 2_000, atOnce: 3 };
/** Each chunk reads all journals of its date: some seconds, and 160 MB of lines at most. */
const WHOLE_ENTRIES_MAX = 1_100_000n;
const WHOLE_AT_ONCE = 2;
const ACCOUNTS_PER_PAGE = 2_000;
/** The planner counts ranges, not entries: a range is no more than many of them have. */
const ENTRIES_PER_RANGE = 1_000n;
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
    const written = await write(deps, part, { date: accountingDate, spans }, goOn);
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
    .map(({ id, channelAccountId, currency }, index) => ({
      account: id,
      channelAccountId,
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

type Written = Pick<Extract, "hash" | "bytes" | "entries" | "journals"> & { readonly net: bigint };

/** A date of many movements is read with its journals side by side, on connections that have the time. */
async function write(
  deps: ExtractDeps,
  path: string,
  { date, spans }: { readonly date: string; readonly spans: readonly Span[] },
  goOn: GoOn,
): Promise<Written> {
  const { cell, withTime = (work) => work(cell), sideBySideMin = SIDE_BY_SIDE_MIN } = deps;
  const total = placesOf(spans);
  if (total < BigInt(sideBySideMin)) {
    return writeChunks(path, chunksOf(spans, SHORT), { ...deps, ...SHORT, cell, side: null, total }, goOn);
  }
  return withTime(async (database) => {
    const side = await database.transact((tx) => dateSpanOf(tx, date), { repeatable: true });
    const entries = entriesOfPart(total, { most: WHOLE_ENTRIES_MAX, lanes: WHOLE_AT_ONCE });
    const cut: Cut = { entries, ranges: Number.POSITIVE_INFINITY, atOnce: WHOLE_AT_ONCE };
    return writeChunks(path, chunksOf(spans, cut), { ...deps, ...cut, cell: database, side, total }, goOn);
  });
}

type Reading = Pick<ExtractDeps, "quietMethods"> &
  Pick<Cut, "atOnce"> & {
    readonly cell: Pick<Database, "transact">;
    readonly side: DateSpan | null;
    /** Entries of all chunks. */
    readonly total: bigint;
  };

async function writeChunks(
  path: string,
  chunks: Iterable<readonly Range[]>,
  { cell, quietMethods, side, atOnce, total }: Reading,
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
  // Planned while there are few refunds, it must not pass over all of them for each line later on.
  const read = (ranges: readonly Range[]) =>
    cell.transact((tx) => readChunk(tx, ranges, { quietMethods, side }), { repeatable: true });
  try {
    await put(HEAD);
    for await (const chunk of aheadOf(chunks, atOnce, read)) {
      await goOn(progressOf(entries, total));
      for (const some of chunk) {
        await put(some.text);
        entries += some.entries;
        journals += some.journals;
        net += some.net;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { hash: hash.digest(), bytes, entries, journals, net };
}

function* chunksOf(spans: readonly Span[], cut: Cut): Iterable<readonly Range[]> {
  let chunk: Range[] = [];
  let room = cut.entries;
  for (const { account, channelAccountId, from, to } of spans) {
    for (let at = from; at < to; ) {
      const end = [at + ENTRIES_PER_RANGE, at + room, to].reduce(smaller);
      // A journal's entries on an account follow each other, and are of one date.
      chunk.push({ account, channelAccountId, from: at, to: end, reach: smaller(end + LINES_MAX, to) });
      room -= end - at;
      at = end;
      if (room > 0n && chunk.length < cut.ranges) continue;
      yield chunk;
      chunk = [];
      room = cut.entries;
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
