/** Going through the entries of accounts that owe something to many, each once and in their order. */
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type AccountCode, type Day, lockDay, openDay } from "../../ledger/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { lockOwedAccount, type OwedAccount, undividedAccounts } from "./store.ts";

const ACCOUNTS_PER_PAGE = 500;
/** Divided in one transaction. */
const ENTRIES_PER_STEP = 2_000;

/** How the entries of one code are divided. */
export type Division<Row extends { readonly seq: bigint }> = {
  readonly code: AccountCode;
  /** Those after what is divided, of dates before `today`, at most `limit`. */
  rows(account: OwedAccount, today: string, limit: number): Promise<readonly Row[]>;
  /** What is to be known beforehand; the gift writes what the rows come to, under the account's lock. */
  prepare(
    rows: readonly Row[],
  ): Promise<(tx: Tx, account: OwedAccount, day: Day, upTo: bigint) => Promise<void>>;
};

/**
 * Divides all merchants' entries of days that are over. Safe to repeat and to race: an account's entries are
 * divided once, under the lock of its row. `goOn` is called between short transactions.
 */
export async function divide<Row extends { readonly seq: bigint }>(
  deps: Pick<PayoutsDeps, "cell">,
  division: Division<Row>,
  goOn: () => Promise<void>,
): Promise<void> {
  const today = (await openDay(deps.cell.db))?.accountingDate;
  if (today === undefined) return;
  for (let after: Id | null = null; ; ) {
    await goOn();
    const accounts: OwedAccount[] = await undividedAccounts(
      deps.cell.db,
      { code: division.code, today },
      after,
      ACCOUNTS_PER_PAGE,
    );
    for (const account of accounts) await divideAccount(deps, division, { account, today, goOn });
    if (accounts.length < ACCOUNTS_PER_PAGE) return;
    after = accounts.at(-1)?.accountId ?? null;
  }
}

async function divideAccount<Row extends { readonly seq: bigint }>(
  { cell }: Pick<PayoutsDeps, "cell">,
  division: Division<Row>,
  { account, today, goOn }: { account: OwedAccount; today: string; goOn: () => Promise<void> },
): Promise<void> {
  for (let from = account; ; ) {
    const rows = await division.rows(from, today, ENTRIES_PER_STEP);
    const upTo = rows.at(-1)?.seq;
    if (upTo === undefined) return;
    await goOn();
    const write = await division.prepare(rows);
    const isMine = await cell.transact(
      async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const locked = await lockOwedAccount(tx, from);
        // Another process has divided these, or this one before its answer was lost.
        if (locked.dividedSeq !== from.dividedSeq) return locked.dividedSeq === upTo;
        await write(tx, from, day, upTo);
        return true;
      },
      { repeatable: true },
    );
    if (!isMine || rows.length < ENTRIES_PER_STEP) return;
    from = { ...from, dividedSeq: upTo };
  }
}
