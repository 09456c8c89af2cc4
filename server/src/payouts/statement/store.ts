import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

export type EntryState = "placed" | "unplaced" | "contradiction";

export type EntryRow = {
  readonly accountNumber: string;
  readonly entryRef: string;
  readonly statementDate: string;
  readonly valueDate: string;
  readonly bookingDate: string;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly endToEndId: string | null;
  readonly counterpartyName: string | null;
  readonly counterpartyLast: string | null;
  readonly info: string | null;
  readonly state: EntryState;
  readonly placedAs: string | null;
  readonly subjectId: Id | null;
  readonly readAt: Date;
  readonly placedAt: Date | null;
};

const KEYS = [
  "accountNumber",
  "entryRef",
  "statementDate",
  "valueDate",
  "bookingDate",
  "amount",
  "currency",
  "endToEndId",
  "counterpartyName",
  "counterpartyLast",
  "info",
  "state",
  "placedAs",
  "subjectId",
  "readAt",
  "placedAt",
] as const;

const COLUMNS = `
  account_number, entry_ref, statement_date, value_date, booking_date, amount, currency, end_to_end_id,
  counterparty_name, counterparty_last, info, state, placed_as, subject_id, read_at, placed_at`;

const insertSql = sql(
  "bank_entries_insert",
  `insert into bank_entries (${COLUMNS})
   select u.*
   from unnest(
     $1::text[], $2::text[], $3::date[], $4::date[], $5::date[], $6::bigint[], $7::text[], $8::text[],
     $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::timestamptz[],
     $16::timestamptz[]
   ) as u
   on conflict on constraint bank_entries_pkey do update
   set state = excluded.state, placed_as = excluded.placed_as, subject_id = excluded.subject_id,
     placed_at = excluded.placed_at
   where bank_entries.state <> 'placed'
     and excluded.state = 'placed'`,
);

/** Keeps entries; one that was read and placed before stays as it was taken then. */
export async function insertEntries(tx: Tx, rows: readonly EntryRow[]): Promise<void> {
  const sorted = rows.toSorted((a, b) => (a.entryRef < b.entryRef ? -1 : 1));
  if (sorted.length > 0) await tx.run(insertSql, columnsOf(sorted, KEYS));
}

const byRefsSql = sql(
  "bank_entries_by_refs",
  `select ${COLUMNS}
   from bank_entries
   where account_number = $1
     and entry_ref = any($2::text[])
   order by entry_ref`,
);

export function entriesByRefs(db: Db, accountNumber: string, refs: readonly string[]): Promise<EntryRow[]> {
  return db.all<EntryRow>(byRefsSql, [accountNumber, refs]);
}

/** The entry with this reference, or null. */
export async function findEntry(db: Db, accountNumber: string, entryRef: string): Promise<EntryRow | null> {
  return (await entriesByRefs(db, accountNumber, [entryRef]))[0] ?? null;
}

const lockEntrySql = sql(
  "bank_entry_lock",
  `select ${COLUMNS}
   from bank_entries
   where account_number = $1
     and entry_ref = $2
   for no key update`,
);

export function lockEntry(tx: Tx, accountNumber: string, entryRef: string): Promise<EntryRow | null> {
  return tx.one<EntryRow>(lockEntrySql, [accountNumber, entryRef]);
}

const placeSql = sql(
  "bank_entry_place",
  `update bank_entries
   set state = 'placed', placed_as = $3, subject_id = $4, placed_at = $5
   where account_number = $1
     and entry_ref = $2`,
);

/** Says what an entry is that this transaction has locked. */
export async function placeEntry(
  tx: Tx,
  accountNumber: string,
  entryRef: string,
  placed: { readonly as: string; readonly subjectId: Id; readonly at: Date },
): Promise<void> {
  await tx.run(placeSql, [accountNumber, entryRef, placed.as, placed.subjectId, placed.at]);
}

const listSql = sql(
  "bank_entries_list",
  `select ${COLUMNS}
   from bank_entries
   where ($1::text is null or account_number = $1)
     and ($2::text is null or state = $2)
     and ($3::text is null or (account_number, entry_ref) > ($3, $4))
   order by account_number, entry_ref
   limit $5`,
);

/** By account and reference, from the one after `after`. */
export function listEntries(
  db: Db,
  filter: { readonly accountNumber: string | null; readonly state: EntryState | null },
  after: readonly [accountNumber: string, entryRef: string] | null,
  limit: number,
): Promise<EntryRow[]> {
  const [account, ref] = after ?? [null, null];
  return db.all<EntryRow>(listSql, [filter.accountNumber, filter.state, account, ref, limit]);
}

const creditsSql = sql(
  "bank_entries_unplaced_credits",
  `select ${COLUMNS}
   from bank_entries
   where state = 'unplaced'
     and currency = $1
     and amount > 0
     and value_date >= $2
   order by value_date, account_number, entry_ref
   limit $3`,
);

/** Money that came in from a date on and that nothing explains, the oldest first. */
export function unplacedCredits(
  db: Db,
  currency: Currency,
  from: string,
  limit: number,
): Promise<EntryRow[]> {
  return db.all<EntryRow>(creditsSql, [currency, from, limit]);
}

const statementSql = sql(
  "bank_statement_keep",
  `insert into bank_statements (
     account_number, statement_date, currency, holds, opening, closing, entries, read_at, version
   )
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   on conflict on constraint bank_statements_pkey do update
   set opening = excluded.opening, closing = excluded.closing, entries = excluded.entries,
     read_at = excluded.read_at, version = excluded.version
   where bank_statements.version <= excluded.version`,
);

/** Of a date it says the balances unless a later version was read before it. */
export async function keepStatement(
  tx: Tx,
  row: {
    readonly accountNumber: string;
    readonly date: string;
    readonly currency: Currency;
    readonly holds: string;
    readonly opening: bigint;
    readonly closing: bigint;
    readonly entries: number;
    readonly readAt: Date;
    readonly version: number;
  },
): Promise<void> {
  const { accountNumber, date, currency, holds, opening, closing, entries, readAt, version } = row;
  const figures = [opening, closing, entries, readAt, version];
  await tx.run(statementSql, [accountNumber, date, currency, holds, ...figures]);
}
