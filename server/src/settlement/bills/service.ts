/**
 * Bills: what a closed date did to each merchant's money, payouts apart. Totals and the hash of the file are
 * written at the close; the lines are the journals themselves, which never change, so the file is the same
 * whenever it is asked for.
 */
import { createHash } from "node:crypto";
import type { Db } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { accountIdOf, bookIdOf } from "../../ledger/index.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { isClosed } from "../settle/finish-store.ts";
import {
  type AccountDay,
  accountDays,
  type Billed,
  type MovedAccount,
  markDays,
  movedAccounts,
  OWN_CODES,
  withoutBill,
} from "./days-store.ts";
import { type BillChunk, type BillPiece, billChunks } from "./lines-store.ts";
import { type Bill, type BillTotals, billTotals, insertBills } from "./store.ts";

const ACCOUNTS_PER_STEP = 500;
const BILLS_PER_STEP = 200;
/** Journals' entries read by one statement: some 100 ms. */
const ENTRIES_PER_CHUNK = 10_000n;

export const CSV_HEAD = "posted_at,kind,merchant_order_no,merchant_refund_no,amount,fee,net,journal\n";

export type BillsResult = { readonly date: string; readonly totals: readonly BillTotals[] };

/** Makes the bills of a closed date that are not there yet. Throws a RangeError while the date is open. */
export async function makeBills(
  deps: SettleDeps,
  date: string,
  goOn: () => Promise<void>,
): Promise<BillsResult> {
  const { db } = deps.cell;
  if (!(await isClosed(db, date))) throw new RangeError(`${date} is not a closed accounting date`);
  await markAll(deps, date, goOn);
  let after: Billed | null = null;
  for (;;) {
    await goOn();
    const page: Billed[] = await withoutBill(db, date, { after, limit: BILLS_PER_STEP });
    const half = Math.ceil(page.length / 2);
    // Side by side: the database has a core for each.
    await Promise.all([
      billPage(deps, page.slice(0, half), date, goOn),
      billPage(deps, page.slice(half), date, goOn),
    ]);
    if (page.length < BILLS_PER_STEP) break;
    after = page.at(-1) ?? null;
  }
  return { date, totals: await billTotals(db, date) };
}

/** Writes down where every account that moved stood at the end of each date up to this one. */
async function markAll({ cell }: SettleDeps, date: string, goOn: () => Promise<void>): Promise<void> {
  let after: Id | null = null;
  for (;;) {
    const page: MovedAccount[] = await movedAccounts(cell.db, after, ACCOUNTS_PER_STEP);
    let left: MovedAccount[] = page;
    while (left.length > 0) {
      await goOn();
      const step = left;
      const marked = await cell.transact((tx) => markDays(tx, step, date), { repeatable: true });
      const known = new Map(marked.map(({ accountId, lastSeq }) => [accountId, lastSeq]));
      left = step.flatMap((account) => {
        const knownSeq = known.get(account.accountId);
        return knownSeq === undefined || knownSeq >= account.lastSeq ? [] : [{ ...account, knownSeq }];
      });
    }
    if (page.length < ACCOUNTS_PER_STEP) return;
    after = page.at(-1)?.accountId ?? null;
  }
}

type Section = Omit<BillPiece, "place">;

/** The accounts of a merchant in one currency that are its money. */
export function ownAccounts({ merchantId, currency }: Billed): Record<(typeof OWN_CODES)[number], Id> {
  const bookId = bookIdOf("merchant", merchantId);
  return Object.fromEntries(
    OWN_CODES.map((code) => [code, accountIdOf(bookId, code, currency, null)]),
  ) as Record<(typeof OWN_CODES)[number], Id>;
}

/** Where the lines of a merchant's bill are, in the order of the file. */
export function sectionsOf(billed: Billed, days: ReadonlyMap<Id, AccountDay>): Section[] {
  const own = ownAccounts(billed);
  const named = {
    pendingId: own.merchant_pending,
    availableId: own.merchant_available,
    reserveId: own.merchant_reserve,
    receivableId: own.merchant_receivable,
    feeId: accountIdOf(bookIdOf("merchant", billed.merchantId), "fee_income", billed.currency, null),
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
  const pieces: BillPiece[] = [];
  for (const section of sections) {
    for (let from = section.fromSeq; from <= section.toSeq; from += ENTRIES_PER_CHUNK) {
      const end = from + ENTRIES_PER_CHUNK - 1n;
      const toSeq = end < section.toSeq ? end : section.toSeq;
      pieces.push({ ...section, place: firstPlace + pieces.length, fromSeq: from, toSeq });
    }
  }
  return pieces;
}

/** The days of these merchants' accounts on a date. */
export async function daysOn(db: Db, billed: readonly Billed[], date: string): Promise<Map<Id, AccountDay>> {
  const accounts = billed.flatMap((one) => Object.values(ownAccounts(one)));
  const days = await accountDays(db, accounts, { from: date, to: date });
  return new Map(days.map((day) => [day.accountId, day]));
}

async function billPage(
  deps: SettleDeps,
  page: readonly Billed[],
  date: string,
  goOn: () => Promise<void>,
): Promise<void> {
  if (page.length === 0) return;
  const { cell } = deps;
  const days = await daysOn(cell.db, page, date);
  const pieces: BillPiece[] = [];
  const owners: Draft[] = [];
  const drafts = page.map((billed): Draft => new Draft(billed, date));
  for (const draft of drafts) {
    for (const piece of piecesOf(sectionsOf(draft.billed, days), pieces.length)) {
      pieces.push(piece);
      owners.push(draft);
    }
  }
  for (const group of groupsOf(pieces)) {
    await goOn();
    const chunks = await cell.transact((tx) => billChunks(tx, group), { repeatable: true });
    for (const chunk of chunks) owners[chunk.place]?.add(chunk);
  }
  const now = cell.clock.now();
  const bills = drafts.map((draft) => draft.bill(now));
  await cell.transact((tx) => insertBills(tx, bills), { repeatable: true });
}

function groupsOf(pieces: readonly BillPiece[]): BillPiece[][] {
  const groups: BillPiece[][] = [];
  let room = 0n;
  for (const piece of pieces) {
    const entries = piece.toSeq - piece.fromSeq + 1n;
    const last = groups.at(-1);
    if (last === undefined || entries > room) groups.push([piece]);
    else last.push(piece);
    room = (last === undefined || entries > room ? ENTRIES_PER_CHUNK : room) - entries;
  }
  return groups;
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
