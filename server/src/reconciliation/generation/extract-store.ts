import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** A closed date taken out of the ledger. */
export type Extract = {
  readonly accountingDate: string;
  readonly hash: Buffer;
  readonly bytes: bigint;
  readonly accounts: bigint;
  readonly entries: bigint;
  readonly journals: bigint;
  readonly madeAt: Date;
};

/** What a channel owes, by our books. */
export type ReceivableAccount = {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly currency: Currency;
  readonly lastSeq: bigint;
};

const FIND_CLOSED_DATES = sql(
  "reconciliation_closed_dates",
  `select accounting_date
   from days
   where accounting_date between $1 and $2
     and closed_at is not null
   order by accounting_date`,
);

const FIND_FIRST_DATE = sql(
  "reconciliation_first_date",
  `select accounting_date
   from days
   order by accounting_date
   limit 1`,
);

const FIND_EXTRACT = sql(
  "reconciliation_extract",
  `select accounting_date, hash, bytes, accounts, entries, journals, made_at
   from extracts
   where accounting_date = $1
   order by accounting_date`,
);

const FIND_ACCOUNTS = sql(
  "reconciliation_receivable_accounts",
  `select id, channel_account_id, currency, last_seq
   from accounts
   where code in ('channel_receivable', 'memo_channel_receivable')
     and id > $1
     and last_seq > 0
   order by id
   limit $2`,
);

const FIND_PLACES = sql(
  "reconciliation_dates_of_places",
  `select p.place, j.accounting_date, e.balance_after
   from unnest($1::uuid[], $2::bigint[]) with ordinality as p (account_id, seq, place)
   join entries e on e.account_id = p.account_id
     and e.seq = p.seq
   join journals j on j.id = e.journal_id
   order by p.place`,
);

const INSERT_EXTRACT = sql(
  "reconciliation_insert_extract",
  `insert into extracts (accounting_date, hash, bytes, accounts, entries, journals, made_at)
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict (accounting_date) do nothing`,
);

const INSERT_SUM = sql(
  "reconciliation_insert_extract_sum",
  `insert into extract_sums (accounting_date, currency, entries, amount)
   values ($1, $2, $3, $4)`,
);

/** The closed dates from one to another, in order. */
export async function closedDates(db: Db, from: string, through: string): Promise<readonly string[]> {
  const rows = await db.all<{ accountingDate: string }>(FIND_CLOSED_DATES, [from, through]);
  return rows.map((row) => row.accountingDate);
}

/** The first date that was ever open. */
export async function firstDate(db: Db): Promise<string | null> {
  return (await db.one<{ accountingDate: string }>(FIND_FIRST_DATE))?.accountingDate ?? null;
}

export function findExtract(db: Db, accountingDate: string): Promise<Extract | null> {
  return db.one<Extract>(FIND_EXTRACT, [accountingDate]);
}

/** Accounts that have entries, in the order of their ids. */
export function receivableAccounts(db: Db, after: Id, limit: number): Promise<ReceivableAccount[]> {
  return db.all<ReceivableAccount>(FIND_ACCOUNTS, [after, limit]);
}

export type Place = { readonly account: Id; readonly seq: bigint };

/** For each place of an account its date and the balance after it, in the order asked. */
export function datesOf(
  db: Db,
  places: readonly Place[],
): Promise<readonly { readonly accountingDate: string; readonly balanceAfter: bigint }[]> {
  const columns = [places.map((place) => place.account), places.map((place) => place.seq)];
  return db.all(FIND_PLACES, columns);
}

export type ExtractSum = {
  readonly currency: Currency;
  readonly entries: bigint;
  readonly amount: bigint;
};

/** Writes the row of an extract; false where there is one already. */
export async function insertExtract(tx: Tx, extract: Extract, sums: readonly ExtractSum[]): Promise<boolean> {
  const { accountingDate, hash, bytes, accounts, entries, journals, madeAt } = extract;
  const made = await tx.run(INSERT_EXTRACT, [
    accountingDate,
    hash,
    bytes,
    accounts,
    entries,
    journals,
    madeAt,
  ]);
  if (made === 0) return false;
  for (const sum of sums) await tx.run(INSERT_SUM, [accountingDate, sum.currency, sum.entries, sum.amount]);
  return true;
}
