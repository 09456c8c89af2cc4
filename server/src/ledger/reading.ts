/** The SQL that only reads the books: accounts, statements, past balances, journals, trial balances. */
import { type Db, sql } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { AccountCode } from "./chart.ts";
import type { Account, Book, Journal, JournalEntry, StatementEntry, TrialBalanceRow } from "./model.ts";
import { OWN_MONEY_CODES } from "./own-money.ts";

const FIND_BOOK = sql(
  "ledger_find_book",
  `select id, kind, owner_id, opened_at
   from books
   where id = $1`,
);

/** A book by its id, or null. */
export function bookView(db: Db, bookId: Id): Promise<Book | null> {
  return db.one<Book>(FIND_BOOK, [bookId]);
}

const LIST_BOOKS = sql(
  "ledger_list_books",
  `select id, kind, owner_id, opened_at
   from books
   where $1::uuid is null or id > $1
   order by id
   limit $2`,
);

/** Books in the order of their ids, from the one after `after`. */
export function listBooks(db: Db, after: Id | null, limit: number): Promise<Book[]> {
  return db.all<Book>(LIST_BOOKS, [after, limit]);
}

const FIND_ACCOUNT = sql(
  "ledger_find_account",
  `select a.id, a.book_id, a.code, a.currency, a.channel_account_id, a.balance, a.held, a.floor, a.last_seq,
     a.last_posted_at, a.opened_at, b.kind as book_kind, b.owner_id
   from accounts a
   join books b on b.id = a.book_id
   where a.id = $1`,
);

/** An account as it is now, or null. */
export function accountView(db: Db, accountId: Id): Promise<Account | null> {
  return db.one<Account>(FIND_ACCOUNT, [accountId]);
}

const LIST_ACCOUNTS = sql(
  "ledger_list_accounts",
  `select a.id, a.book_id, a.code, a.currency, a.channel_account_id, a.balance, a.held, a.floor, a.last_seq,
     a.last_posted_at, a.opened_at, b.kind as book_kind, b.owner_id
   from accounts a
   join books b on b.id = a.book_id
   where ($1::text[] is null or a.code = any($1))
     and ($2::text is null or a.currency = $2)
     and ($3::uuid is null
       or (a.book_id, a.code, a.currency, a.id) > ($3, $4::text, $5::char(3), $6::uuid))
   order by a.book_id, a.code, a.currency, a.id
   limit $7`,
);

// With the book as an option of the statement above, its index would not be used.
const LIST_ACCOUNTS_OF_BOOK = sql(
  "ledger_list_accounts_of_book",
  `select a.id, a.book_id, a.code, a.currency, a.channel_account_id, a.balance, a.held, a.floor, a.last_seq,
     a.last_posted_at, a.opened_at, b.kind as book_kind, b.owner_id
   from accounts a
   join books b on b.id = a.book_id
   where a.book_id = $8
     and ($1::text[] is null or a.code = any($1))
     and ($2::text is null or a.currency = $2)
     and ($3::uuid is null
       or (a.book_id, a.code, a.currency, a.id) > ($3, $4::text, $5::char(3), $6::uuid))
   order by a.book_id, a.code, a.currency, a.id
   limit $7`,
);

export type AccountFilter = {
  /** Null: of every book. */
  readonly bookId: Id | null;
  readonly codes: readonly AccountCode[] | null;
  readonly currency: Currency | null;
};

/** A place in the list of accounts. */
export type AccountPlace = Pick<Account, "bookId" | "code" | "currency" | "id">;

/** Accounts by book, code, currency and id, from the one after `after`. */
export function listAccounts(
  db: Db,
  filter: AccountFilter,
  page: { readonly after: AccountPlace | null; readonly limit: number },
): Promise<Account[]> {
  const { after } = page;
  const place = [after?.bookId, after?.code, after?.currency, after?.id].map((part) => part ?? null);
  const params = [filter.codes, filter.currency, ...place, page.limit];
  return filter.bookId === null
    ? db.all<Account>(LIST_ACCOUNTS, params)
    : db.all<Account>(LIST_ACCOUNTS_OF_BOOK, [...params, filter.bookId]);
}

const LIST_ENTRIES = sql(
  "ledger_list_entries",
  `select e.seq, e.amount, e.balance_after, e.posted_at, e.journal_id, j.kind, j.source_id, j.subject_id,
     j.accounting_date, j.channel_date
   from entries e
   join journals j on j.id = e.journal_id
   where e.account_id = $1
     and ($2::bigint is null or e.seq < $2)
   order by e.seq desc
   limit $3`,
);

/** An account's statement, newest first, from the entry before `before`. */
export function entries(
  db: Db,
  accountId: Id,
  page: { readonly before: bigint | null; readonly limit: number },
): Promise<StatementEntry[]> {
  return db.all<StatementEntry>(LIST_ENTRIES, [accountId, page.before, page.limit]);
}

// posted_at never falls along seq, so the last entry up to a moment is found by halving the range of seq on
// the primary key: about 20 look-ups in a million entries, where an index on posted_at would cost every
// posting.
const BALANCE_AT = sql(
  "ledger_balance_at",
  `with recursive halving (low, high) as (
     select 0::bigint, last_seq
     from accounts
     where id = $1
     union all
     select
       case when e.posted_at <= $2 then e.seq else h.low end,
       case when e.posted_at <= $2 then h.high else e.seq - 1 end
     from halving h
     join entries e on e.account_id = $1 and e.seq = (h.low + h.high + 1) / 2
     where h.low < h.high
   )
   select e.seq, e.balance_after
   from halving h
   join entries e on e.account_id = $1 and e.seq = h.low
   where h.low = h.high
   order by e.seq`,
);

/**
 * The signed balance of an account after the last entry posted up to and including `at`, and that entry's
 * seq; zero and 0 before the first entry and for an account that does not exist. Entries still being
 * committed at `at` may yet come before.
 */
export async function balanceAt(
  db: Db,
  accountId: Id,
  at: Date,
): Promise<{ readonly balance: bigint; readonly seq: bigint }> {
  const found = await db.one<{ seq: bigint; balanceAfter: bigint }>(BALANCE_AT, [accountId, at]);
  return found === null ? { balance: 0n, seq: 0n } : { balance: found.balanceAfter, seq: found.seq };
}

const TRIAL_BALANCE = sql(
  "ledger_trial_balance",
  `select code, currency, count(*)::int as accounts,
     coalesce(sum(balance) filter (where balance > 0), 0)::bigint as debit,
     coalesce(-sum(balance) filter (where balance < 0), 0)::bigint as credit
   from accounts
   where last_seq > 0
   group by code, currency
   order by currency, code`,
);

const TRIAL_BALANCE_OF_BOOK = sql(
  "ledger_trial_balance_of_book",
  `select code, currency, count(*)::int as accounts,
     coalesce(sum(balance) filter (where balance > 0), 0)::bigint as debit,
     coalesce(-sum(balance) filter (where balance < 0), 0)::bigint as credit
   from accounts
   where book_id = $1
     and last_seq > 0
   group by code, currency
   order by currency, code`,
);

/**
 * What each code's accounts hold now, of one book or (null) of all: debits and credits are equal per
 * currency.
 */
export function trialBalance(db: Db, bookId: Id | null): Promise<TrialBalanceRow[]> {
  return bookId === null
    ? db.all<TrialBalanceRow>(TRIAL_BALANCE)
    : db.all<TrialBalanceRow>(TRIAL_BALANCE_OF_BOOK, [bookId]);
}

// The codes stand in the statement: as a parameter they would not prove that accounts_own_money has them all,
// and every account of the cell would be read under the lock of the currency's funds.
const OWN_MONEY_INSIDE = sql(
  "ledger_own_money_inside",
  `select coalesce(-sum(balance), 0)::bigint as amount
   from accounts
   where currency = $1
     and code in (${OWN_MONEY_CODES.map((code) => `'${code}'`).join(", ")})`,
);

/** The platform's own money among the clients' now, of one currency: as `moneyPositions` has it. */
export async function ownMoneyInside(db: Db, currency: Currency): Promise<bigint> {
  const row = await db.one<{ amount: bigint }>(OWN_MONEY_INSIDE, [currency]);
  return row?.amount ?? 0n;
}

const OWN_MONEY_SPENT = sql(
  "ledger_own_money_spent",
  `select (
     select coalesce(sum(balance), 0)
     from accounts
     where currency = $1
       and code in ('loss', 'marketing_expense')
   )::bigint as lost, (
     select coalesce(sum(e.amount), 0)
     from journals j
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as place (account_id, seq)
     join accounts a on a.id = place.account_id and a.code = 'channel_cost'
     join entries e on e.account_id = place.account_id and e.seq = place.seq
     where j.currency = $1
       and j.kind in ('resolution_cost', 'channel_movement')
       and not exists (
         select
         from journals r
         where r.reversal_of = j.id
       )
   )::bigint as apart`,
);

/**
 * What of a currency's own money was spent without an income that came with it: losses, marketing, and what
 * channels took apart from payments. Never negative.
 */
export async function ownMoneySpent(db: Db, currency: Currency): Promise<bigint> {
  const { lost, apart } = (await db.one<{ lost: bigint; apart: bigint }>(OWN_MONEY_SPENT, [currency])) ?? {
    lost: 0n,
    apart: 0n,
  };
  return (lost > 0n ? lost : 0n) + (apart > 0n ? apart : 0n);
}

type JournalRow = Omit<Journal, "entries">;
type EntryRow = JournalEntry & { readonly journalId: Id };

const FIND_JOURNAL = sql(
  "ledger_find_journal",
  `select id, book_id, kind, source_id, subject_id, counterparty_id, channel_account_id, currency, posted_at,
     accounting_date, channel_date, original_date, reversal_of
   from journals
   where id = $1`,
);

const FIND_JOURNALS_OF_SOURCES = sql(
  "ledger_find_journals_of_sources",
  `with own as (
     select id
     from journals
     where source_id = any($2::uuid[])
       and book_id = $1
   )
   select id, book_id, kind, source_id, subject_id, counterparty_id, channel_account_id, currency, posted_at,
     accounting_date, channel_date, original_date, reversal_of
   from journals
   where id in (select id from own)
     or reversal_of in (select id from own)
   order by posted_at, id`,
);

const FIND_ENTRIES_OF_JOURNALS = sql(
  "ledger_find_entries_of_journals",
  `select j.id as journal_id, e.account_id as account, a.code, e.seq, e.amount, e.balance_after
   from journals j
   cross join lateral unnest(j.entry_accounts, j.entry_seqs) with ordinality as place(account_id, seq, line)
   join entries e on e.account_id = place.account_id and e.seq = place.seq
   join accounts a on a.id = e.account_id
   where j.id = any($1::uuid[])
   order by j.id, place.line`,
);

/** A journal with its entries, or null. */
export async function journalById(db: Db, journalId: Id): Promise<Journal | null> {
  return (await withEntries(db, await db.all<JournalRow>(FIND_JOURNAL, [journalId])))[0] ?? null;
}

/** The journals in a book that these sources caused, and the reversals of those, in the order of posting. */
export async function journalsOfSources(db: Db, bookId: Id, sourceIds: readonly Id[]): Promise<Journal[]> {
  return withEntries(db, await db.all<JournalRow>(FIND_JOURNALS_OF_SOURCES, [bookId, sourceIds]));
}

async function withEntries(db: Db, rows: readonly JournalRow[]): Promise<Journal[]> {
  if (rows.length === 0) return [];
  const found = await db.all<EntryRow>(FIND_ENTRIES_OF_JOURNALS, [rows.map((row) => row.id)]);
  const byJournal = Map.groupBy(found, (entry) => entry.journalId);
  return rows.map((row) => ({
    ...row,
    entries: (byJournal.get(row.id) ?? []).map(({ account, code, seq, amount, balanceAfter }) => ({
      account,
      code,
      seq,
      amount,
      balanceAfter,
    })),
  }));
}
