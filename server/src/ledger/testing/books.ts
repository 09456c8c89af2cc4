/** What the ledger's tests share: a cell on a database of their own, with books in it. */
import { createTestDatabase } from "../../../../tools/testing/database.ts";
import { type Clock, systemClock, systemRandom } from "../../kernel/clock.ts";
import { type Cell, type Database, openDatabase } from "../../kernel/database.ts";
import { createIdMaker, type Id } from "../../kernel/ids.ts";
import type { Violation } from "../../kernel/invariants.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AccountCode, accountIdOf, bookIdOf, isPerChannelAccount } from "../chart.ts";
import { ensureDay, lockDay } from "../days.ts";
import { invariants } from "../invariants.ts";
import type { HoldCommand, JournalDraft, JournalKind, Line } from "../model.ts";
import { openAccounts, openMerchantAccounts, postWithHolds } from "../service.ts";

export const newId = createIdMaker({ clock: systemClock, random: systemRandom }, 0);

export type TestCell = Cell & {
  readonly url: string;
  /** Another process' way into the same books. */
  another(): Database;
  close(): Promise<void>;
};

/** A cell with an open day. Close it at the end. */
export async function createTestCell(clock: Clock = systemClock): Promise<TestCell> {
  const database = await createTestDatabase();
  const opened: Database[] = [];
  const open = () => {
    const made = openDatabase({
      url: database.url,
      schema: "cell_0",
      readersMax: 2,
      writersMax: 4,
      log: silentLog(),
    });
    opened.push(made);
    return made;
  };
  const cell: TestCell = {
    ...open(),
    url: database.url,
    cell: 0,
    clock,
    random: systemRandom,
    newId,
    another: open,
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await database.drop();
    },
  };
  await ensureDay(cell, "Asia/Shanghai");
  return cell;
}

export type TestMerchant = { readonly bookId: Id; account(code: AccountCode): Id };

/**
 * A merchant with everything open in CNY through one channel account; `floor`: of its receivers' available
 * money.
 */
export async function openTestMerchant(cell: TestCell, floor: bigint | null = null): Promise<TestMerchant> {
  const [merchantId, channelAccountId] = [newId(), newId()];
  const needs = { merchantId, channelAccountId, currency: "CNY", fundFlow: "through_platform" } as const;
  const bookId = bookIdOf("merchant", merchantId);
  const special = {
    bookId,
    code: "receiver_available",
    currency: "CNY",
    channelAccountId: null,
    floor,
  } as const;
  await cell.transact(async (tx) => {
    await openAccounts(tx, [special], cell.clock.now());
    await openMerchantAccounts(tx, needs, cell.clock.now());
  });
  return {
    bookId,
    account: (code) => accountIdOf(bookId, code, "CNY", isPerChannelAccount(code) ? channelAccountId : null),
  };
}

export function draftOf(
  bookId: Id,
  lines: readonly Line[],
  rest: Partial<Omit<JournalDraft, "kind">> & { kind?: JournalKind } = {},
): JournalDraft {
  return {
    id: newId(),
    bookId,
    kind: "payment_success",
    sourceId: newId(),
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency: "CNY",
    channelDate: null,
    lines,
    ...rest,
  };
}

/** `amount` from one account to another: debit the first, credit the second. */
export function move(debit: Id, credit: Id, amount: bigint): readonly Line[] {
  return [
    { account: debit, debit: amount },
    { account: credit, credit: amount },
  ];
}

export function postNow(
  cell: Pick<TestCell, "cell" | "clock">,
  database: Database,
  drafts: readonly JournalDraft[],
  holds: readonly HoldCommand[] = [],
) {
  return database.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    return await postWithHolds(tx, day, { drafts, holds }, cell.clock.now());
  });
}

/** All that any invariant of the ledger finds, book by book and over the cell. */
export async function violationsOf(cell: TestCell, bookIds: readonly Id[]): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const invariant of invariants) {
    const books = invariant.per === "cell" ? [null] : bookIds;
    for (const bookId of books) found.push(...(await invariant.check(cell.db, bookId)));
  }
  return found;
}
