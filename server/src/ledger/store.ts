/** The SQL that writes the books, and what it reads under their locks. */
import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { AccountState, NewEntry, NewJournal } from "./books.ts";
import type { EndedHold, Hold } from "./holds.ts";
import type { Account, Book, HoldCommand, JournalKind } from "./model.ts";

const INSERT_BOOK = sql(
  "ledger_insert_book",
  `insert into books (id, kind, owner_id, opened_at)
   values ($1, $2, $3, $4)
   on conflict do nothing`,
);

export async function insertBook(tx: Tx, book: Book): Promise<void> {
  await tx.run(INSERT_BOOK, [book.id, book.kind, book.ownerId, book.openedAt]);
}

const INSERT_ACCOUNTS = sql(
  "ledger_insert_accounts",
  `insert into accounts
     (id, book_id, code, currency, channel_account_id, floor, balance, held, last_seq, last_posted_at,
      opened_at)
   select a.id, a.book_id, a.code, a.currency, a.channel_account_id, a.floor, 0, 0, 0, null, $7
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[])
     as a(id, book_id, code, currency, channel_account_id, floor)
   order by a.id
   on conflict do nothing`,
);

export type NewAccount = Pick<Account, "id" | "bookId" | "code" | "currency" | "channelAccountId" | "floor">;

export async function insertAccounts(tx: Tx, accounts: readonly NewAccount[], openedAt: Date): Promise<void> {
  await tx.run(INSERT_ACCOUNTS, [
    ...columnsOf(accounts, ["id", "bookId", "code", "currency", "channelAccountId", "floor"]),
    openedAt,
  ]);
}

// The sort stands below the locking of rows, so that rows are locked in the order of their ids.
const LOCK_ACCOUNTS = sql(
  "ledger_lock_accounts",
  `select id, book_id, code, currency, floor, balance, held, last_seq, last_posted_at
   from accounts
   where id = any($1::uuid[])
   order by id
   for no key update`,
);

export function lockAccounts(tx: Tx, ids: readonly Id[]): Promise<AccountState[]> {
  return tx.all<AccountState>(LOCK_ACCOUNTS, [ids]);
}

const FIND_POSTED = sql(
  "ledger_find_posted",
  `select id, source_id, kind, book_id
   from journals
   where source_id = any($1::uuid[])
   order by id`,
);

export type PostedJournal = {
  readonly id: Id;
  readonly sourceId: Id;
  readonly kind: JournalKind;
  readonly bookId: Id;
};

export function findPosted(db: Db, sourceIds: readonly Id[]): Promise<PostedJournal[]> {
  return db.all<PostedJournal>(FIND_POSTED, [sourceIds]);
}

const FIND_REVERSALS = sql(
  "ledger_find_reversals",
  `select id, reversal_of
   from journals
   where reversal_of = any($1::uuid[])
   order by id`,
);

export function findReversals(db: Db, journalIds: readonly Id[]): Promise<{ id: Id; reversalOf: Id }[]> {
  return db.all(FIND_REVERSALS, [journalIds]);
}

const FIND_HOLDS = sql(
  "ledger_find_holds",
  `select id, account_id, amount, state
   from holds
   where id = any($1::uuid[])
   order by id`,
);

export function findHolds(db: Db, ids: readonly Id[]): Promise<Hold[]> {
  return db.all<Hold>(FIND_HOLDS, [ids]);
}

// An array of arrays would arrive flattened by unnest: the places of a journal's entries travel as array
// literals.
const INSERT_JOURNALS = sql(
  "ledger_insert_journals",
  `insert into journals
     (id, book_id, source_id, subject_id, counterparty_id, channel_account_id, reversal_of, currency, kind,
      posted_at, accounting_date, channel_date, original_date, entry_accounts, entry_seqs)
   select j.id, j.book_id, j.source_id, j.subject_id, j.counterparty_id, j.channel_account_id, j.reversal_of,
     j.currency, j.kind, j.posted_at, j.accounting_date, j.channel_date, j.original_date,
     j.entry_accounts::uuid[], j.entry_seqs::bigint[]
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[],
     $9::text[], $10::timestamptz[], $11::date[], $12::date[], $13::date[], $14::text[], $15::text[]
   ) as j(id, book_id, source_id, subject_id, counterparty_id, channel_account_id, reversal_of, currency,
     kind, posted_at, accounting_date, channel_date, original_date, entry_accounts, entry_seqs)`,
);

export function insertJournals(tx: Tx, journals: readonly NewJournal[]): Promise<number> {
  const rows = journals.map(({ draft, postedAt, accountingDate, entries }) => ({
    ...draft,
    postedAt: postedAt.toISOString(),
    accountingDate,
    entryAccounts: `{${entries.map((entry) => entry.accountId).join(",")}}`,
    entrySeqs: `{${entries.map((entry) => entry.seq).join(",")}}`,
  }));
  return tx.run(
    INSERT_JOURNALS,
    columnsOf(rows, [
      "id",
      "bookId",
      "sourceId",
      "subjectId",
      "counterpartyId",
      "channelAccountId",
      "reversalOf",
      "currency",
      "kind",
      "postedAt",
      "accountingDate",
      "channelDate",
      "originalDate",
      "entryAccounts",
      "entrySeqs",
    ]),
  );
}

const INSERT_ENTRIES = sql(
  "ledger_insert_entries",
  `insert into entries (account_id, seq, journal_id, amount, balance_after, posted_at)
   select e.account_id, e.seq, e.journal_id, e.amount, e.balance_after, e.posted_at
   from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::timestamptz[])
     as e(account_id, seq, journal_id, amount, balance_after, posted_at)`,
);

export function insertEntries(tx: Tx, entries: readonly NewEntry[]): Promise<number> {
  const rows = entries.map((entry) => ({ ...entry, postedAt: entry.postedAt.toISOString() }));
  return tx.run(
    INSERT_ENTRIES,
    columnsOf(rows, ["accountId", "seq", "journalId", "amount", "balanceAfter", "postedAt"]),
  );
}

const UPDATE_ACCOUNTS = sql(
  "ledger_update_accounts",
  `update accounts
   set balance = a.balance,
     held = a.held,
     last_seq = a.last_seq,
     last_posted_at = a.last_posted_at
   from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[])
     as a(id, balance, held, last_seq, last_posted_at)
   where accounts.id = a.id`,
);

export function updateAccounts(tx: Tx, accounts: readonly AccountState[]): Promise<number> {
  return tx.run(UPDATE_ACCOUNTS, columnsOf(accounts, ["id", "balance", "held", "lastSeq", "lastPostedAt"]));
}

const INSERT_HOLDS = sql(
  "ledger_insert_holds",
  `insert into holds (id, account_id, amount, state, source_id, journal_id, placed_at, ended_at)
   select h.id, h.account_id, h.amount, 'placed', h.source_id, null, $5, null
   from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[]) as h(id, account_id, amount, source_id)`,
);

export function insertHolds(
  tx: Tx,
  holds: readonly Extract<HoldCommand, { hold: "place" }>[],
  placedAt: Date,
): Promise<number> {
  return tx.run(INSERT_HOLDS, [...columnsOf(holds, ["id", "account", "amount", "sourceId"]), placedAt]);
}

const END_HOLDS = sql(
  "ledger_end_holds",
  `update holds
   set state = h.state,
     journal_id = h.journal_id,
     ended_at = $4
   from unnest($1::uuid[], $2::text[], $3::uuid[]) as h(id, state, journal_id)
   where holds.id = h.id`,
);

export function endHolds(tx: Tx, holds: readonly EndedHold[], endedAt: Date): Promise<number> {
  return tx.run(END_HOLDS, [...columnsOf(holds, ["id", "state", "journalId"]), endedAt]);
}
