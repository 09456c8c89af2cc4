/**
 * Bills: what a closed date did to each merchant's money, payouts apart. Totals and the hash of the file are
 * written at the close; the lines are the journals themselves, which never change, so the file is the same
 * whenever it is asked for.
 */
import { createHash } from "node:crypto";
import type { Database, Db } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { inLanes } from "../../kernel/lanes.ts";
import { type GoOn, progressOf } from "../../kernel/progress.ts";
import {
  type AccountDay,
  accountDays,
  closedBalancesThrough,
  type DateSpan,
  dateSpanOf,
  entriesOfPart,
  SIDE_BY_SIDE_MIN,
} from "../../ledger/index.ts";
import { merchantAccount } from "../drafts.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { type BillChunk, type BillPiece, billChunks, billChunksSideBySide } from "./lines-store.ts";
import { ownAccounts } from "./own-accounts.ts";
import { cut, ENTRIES_PER_STATEMENT, together } from "./spans.ts";
import { type Bill, type Billed, type BillTotals, billTotals, insertBills, withoutBill } from "./store.ts";

/** Listing what has no bill yet looks through the date: seldom, and many at a time. */
const BILLS_PER_PAGE = 10_000;
const BILLS_PER_STEP = 100;
/** Merchants whose days one statement reads. */
const DAYS_PER_READ = 1_000;
/** What one statement reads where all journals of the date are read: some seconds, and 80 MB of lines. */
const SIDE_BY_SIDE_MOST = 1_100_000n;
/** Steps side by side: the database has a core for each. */
const STEPS_AT_ONCE = 2;

export const CSV_HEAD = "posted_at,kind,merchant_order_no,merchant_refund_no,amount,fee,net,journal\n";

export type BillsResult = { readonly date: string; readonly totals: readonly BillTotals[] };

/**
 * Makes the bills of a closed date that are not there yet. Throws a RangeError while the balances of the
 * date are not written.
 */
export async function makeBills(deps: SettleDeps, date: string, goOn: GoOn): Promise<BillsResult> {
  const { db } = deps.cell;
  const through = await closedBalancesThrough(db);
  if (through === null || through < date) throw new RangeError(`the balances of ${date} are not written yet`);
  let after: Billed | null = null;
  let done = 0n;
  for (;;) {
    await goOn();
    const page = await withoutBill(db, date, { after, limit: BILLS_PER_PAGE });
    const total = done + (page[0]?.allLeft ?? 0n);
    const told = async (bills: number) => {
      done += BigInt(bills);
      await goOn(progressOf(done, total));
    };
    await billPage(deps, { date, page, days: await daysOfPage(db, page, date, goOn) }, { goOn, told });
    if (page.length < BILLS_PER_PAGE) break;
    after = page.at(-1) ?? null;
  }
  return { date, totals: await billTotals(db, date) };
}

type Section = Omit<BillPiece, "place">;

/** Where the lines of a merchant's bill are, in the order of the file. */
export function sectionsOf(billed: Billed, days: ReadonlyMap<Id, AccountDay>): Section[] {
  const own = ownAccounts(billed);
  const named = {
    pendingId: own.merchant_pending,
    availableId: own.merchant_available,
    reserveId: own.merchant_reserve,
    receivableId: own.merchant_receivable,
    feeId: merchantAccount(billed, "fee_income"),
  };
  const earlier: readonly [Id, Id | null, Id | null][] = [
    [named.pendingId, null, null],
    [named.availableId, named.pendingId, null],
    [named.receivableId, named.pendingId, named.availableId],
  ];
  return earlier.flatMap(([accountId, earlierA, earlierB]) => {
    const day = days.get(accountId);
    if (day === undefined) return [];
    return [{ ...named, accountId, earlierA, earlierB, fromSeq: day.firstSeq, toSeq: day.lastSeq }];
  });
}

/** Sections cut into pieces that one short statement reads. */
export function piecesOf(sections: readonly Section[], firstPlace = 0): BillPiece[] {
  return sections.flatMap(cut).map((piece, index) => ({ ...piece, place: firstPlace + index }));
}

/** The days of these merchants' accounts on a date. */
export async function daysOn(db: Db, billed: readonly Billed[], date: string): Promise<Map<Id, AccountDay>> {
  const accounts = billed.flatMap((one) => Object.values(ownAccounts(one)));
  const days = await accountDays(db, accounts, { from: date, to: date });
  return new Map(days.map((day) => [day.accountId, day]));
}

async function daysOfPage(
  db: Db,
  page: readonly Billed[],
  date: string,
  goOn: () => Promise<void>,
): Promise<Map<Id, AccountDay>> {
  const days = new Map<Id, AccountDay>();
  for (const some of stepsOf(page, DAYS_PER_READ)) {
    await goOn();
    for (const [account, day] of await daysOn(db, some, date)) days.set(account, day);
  }
  return days;
}

type Page = {
  readonly date: string;
  readonly page: readonly Billed[];
  readonly days: ReadonlyMap<Id, AccountDay>;
};
type Told = {
  readonly goOn: () => Promise<void>;
  /** Called with how many bills were made. */
  readonly told: (bills: number) => Promise<void>;
};
/** How the pieces of bills are read, and of how many entries by one statement. */
type Read = {
  readonly chunks: (pieces: readonly BillPiece[]) => Promise<BillChunk[]>;
  readonly entries: bigint;
};

/**
 * Most of a large date is read with its journals side by side, on connections that have the time: each part
 * reads all of them, and gains nothing where it needs a few.
 */
async function billPage(deps: SettleDeps, of: Page, { goOn, told }: Told): Promise<void> {
  const { cell, withTime = (work) => work(cell), sideBySideMin = SIDE_BY_SIDE_MIN } = deps;
  const make = (steps: Iterable<readonly Billed[]>, read: Read) =>
    inLanes(steps, STEPS_AT_ONCE, async (step) => {
      await billStep(deps, { ...of, page: step }, read, goOn);
      await told(step.length);
    });
  const entries = of.page.map((billed) => entriesOf(billed, of.days));
  const total = entries.reduce((sum, own) => sum + own, 0n);
  const each = () => {
    const chunks = (pieces: readonly BillPiece[]) =>
      cell.transact((tx) => billChunks(tx, pieces), { repeatable: true });
    return make(stepsOf(of.page, BILLS_PER_STEP), { chunks, entries: ENTRIES_PER_STATEMENT });
  };
  if (total < BigInt(sideBySideMin)) return each();
  await withTime(async (database) => {
    const span = await database.transact((tx) => dateSpanOf(tx, of.date), { repeatable: true });
    if (total < span.journals / 2n) return each();
    const part = entriesOfPart(total, { most: SIDE_BY_SIDE_MOST, lanes: STEPS_AT_ONCE });
    const chunks = sideBySide(database, span);
    await make(partsOf(of.page, entries, part), { chunks, entries: SIDE_BY_SIDE_MOST });
  });
}

function sideBySide(database: Pick<Database, "transact">, span: DateSpan): Read["chunks"] {
  return (pieces) => database.transact((tx) => billChunksSideBySide(tx, pieces, span), { repeatable: true });
}

/** Entries of a merchant's accounts on the date. */
function entriesOf(billed: Billed, days: ReadonlyMap<Id, AccountDay>): bigint {
  return Object.values(ownAccounts(billed)).reduce((sum, account) => {
    const day = days.get(account);
    return day === undefined ? sum : sum + day.lastSeq - day.firstSeq + 1n;
  }, 0n);
}

function* stepsOf(page: readonly Billed[], bills: number): Iterable<readonly Billed[]> {
  for (let at = 0; at < page.length; at += bills) yield page.slice(at, at + bills);
}

/** Merchants together until they have about so many entries. */
function* partsOf(
  page: readonly Billed[],
  entries: readonly bigint[],
  part: bigint,
): Iterable<readonly Billed[]> {
  let from = 0;
  let held = 0n;
  for (const [at, own] of entries.entries()) {
    held += own;
    if (held < part && at < page.length - 1) continue;
    yield page.slice(from, at + 1);
    from = at + 1;
    held = 0n;
  }
}

async function billStep(
  { cell }: SettleDeps,
  { date, page, days }: Page,
  read: Read,
  goOn: () => Promise<void>,
): Promise<void> {
  const pieces: BillPiece[] = [];
  const owners: Draft[] = [];
  const drafts = page.map((billed): Draft => new Draft(billed, date));
  for (const draft of drafts) {
    for (const piece of piecesOf(sectionsOf(draft.billed, days), pieces.length)) {
      pieces.push(piece);
      owners.push(draft);
    }
  }
  for (const group of together(pieces, read.entries)) {
    await goOn();
    for (const chunk of await read.chunks(group)) owners[chunk.place]?.add(chunk);
  }
  const now = cell.clock.now();
  const bills = drafts.map((draft) => draft.bill(now));
  await cell.transact((tx) => insertBills(tx, bills), { repeatable: true });
}

/** A bill while its file is read piece by piece. */
class Draft {
  readonly billed: Billed;
  readonly #date: string;
  readonly #hash = createHash("sha256").update(CSV_HEAD);
  readonly #sums = { lines: 0, payments: 0, refunds: 0 };
  readonly #amounts = { payments: 0n, refunds: 0n, fees: 0n, others: 0n };

  constructor(billed: Billed, date: string) {
    this.billed = billed;
    this.#date = date;
  }

  add(chunk: BillChunk): void {
    this.#hash.update(chunk.text);
    this.#sums.lines += chunk.lines;
    this.#sums.payments += chunk.payments;
    this.#sums.refunds += chunk.refunds;
    this.#amounts.payments += chunk.paymentsAmount;
    this.#amounts.refunds += chunk.refundsAmount;
    this.#amounts.fees += chunk.fees;
    this.#amounts.others += chunk.others;
  }

  bill(madeAt: Date): Bill {
    const { payments, refunds, fees, others } = this.#amounts;
    return {
      ...this.billed,
      ...this.#sums,
      accountingDate: this.#date,
      paymentsAmount: payments,
      refundsAmount: refunds,
      fees,
      others,
      total: payments + refunds + fees + others,
      hash: this.#hash.digest(),
      madeAt,
    };
  }
}

/** The file of a bill, piece by piece. */
export async function* billFile(db: Db, billed: Billed, date: string): AsyncGenerator<string> {
  yield CSV_HEAD;
  const pieces = piecesOf(sectionsOf(billed, await daysOn(db, [billed], date)));
  for (const piece of pieces) {
    const [chunk] = await billChunks(db, [piece]);
    if (chunk !== undefined) yield chunk.text;
  }
}
