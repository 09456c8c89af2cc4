/**
 * What must hold of the books at every moment. Large books are read in pieces that each fit a short
 * statement; an entry, once committed, never changes, so the pieces need no common moment.
 */

import { columnsOf, type Db, sql } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";
import { closedTrialBalance, lastClosedDay } from "./closing.ts";
import { moneyPositions } from "./own-money.ts";

/** Entries looked at by one statement: some 100 ms. */
const ENTRIES_PER_READ = 20_000;
/** Journals looked at by one statement. */
const JOURNALS_PER_READ = 5_000;

/** It is of each currency by itself: one that breaks it says nothing of the others. */
export const CLIENT_MONEY_INVARIANT = "8 client money is whole";

export const invariants: readonly Invariant[] = [
  {
    name: "1 balances follow entries",
    sentence:
      "Each account's balance is that after its last entry and the sum of its entries; seq has no gap, " +
      "time never falls, every entry belongs to a journal of its book, and what is held is the sum of holds.",
    per: "book",
    check: async (db, bookId) => checkBook(db, bookId as Id),
  },
  {
    name: "1 journals sum to zero",
    sentence:
      "Each journal has all its entries, in accounts of its own book and currency, and they sum to zero; a " +
      "reversal is the exact opposite of what it takes back.",
    per: "cell",
    check: (db) => checkJournals(db),
  },
  {
    name: "1 currencies sum to zero",
    sentence:
      "Over all accounts of all books the balances of each currency sum to zero; memo accounts on their own.",
    per: "cell",
    check: (db) => db.all<Violation>(UNBALANCED_CURRENCIES),
  },
  {
    name: "7 interbook accounts meet",
    sentence:
      "What books owe each other sums to zero per currency, but for the steps whose second book is due to " +
      "have its side.",
    per: "cell",
    check: (db) => db.all<Violation>(UNMET_INTERBOOK),
  },
  {
    name: CLIENT_MONEY_INVARIANT,
    sentence:
      "At the end of the last closed day, what clients are owed is at banks and channels for them: the " +
      "platform's own money among it is not below zero.",
    per: "cell",
    check: (db) => checkOwnMoney(db),
  },
];

async function checkOwnMoney(db: Db): Promise<readonly Violation[]> {
  const last = await lastClosedDay(db);
  if (last === null) return [];
  const positions = moneyPositions(await closedTrialBalance(db, last));
  return positions
    .filter(({ ownMoneyInside }) => ownMoneyInside < 0n)
    .map(({ currency, ownMoneyInside }) => ({
      subject: currency,
      detail: `at the end of ${last} it had paid ${-ownMoneyInside} for the platform`,
    }));
}

const UNBALANCED_CURRENCIES = sql(
  "ledger_audit_currencies",
  `select currency || case when code like 'memo\\_%' then ' (memo)' else '' end as subject,
     'the balances sum to ' || sum(balance) as detail
   from accounts
   group by currency, code like 'memo\\_%'
   having sum(balance) <> 0
   order by 1`,
);

// Each book has its side of a step in a transaction of its own: what the first has booked, and the second is
// due to, is on its way. The row of such a step is written with the first side and marked with the second.
const UNMET_INTERBOOK = sql(
  "ledger_audit_interbook",
  `with on_their_way as (
     select currency, id, amount
     from channel_payouts
     where due_at is not null
     union all
     select currency, id, -amount
     from payouts
     where due_at is not null
       and paid_booked_at is null
     union all
     select currency, id, amount
     from payouts
     where due_at is not null
       and returned_at is not null
       and returned_booked_at is null
     union all
     select currency, id, -merchant_amount
     from channel_cost_payments
     where due_at is not null
       and paid_booked_at is null
     union all
     select currency, id, merchant_amount
     from channel_cost_payments
     where due_at is not null
       and returned_at is not null
       and returned_booked_at is null
     union all
     select currency, id, amount
     from commission_receipts
     where due_at is not null
   ), steps as (
     select currency, sum(amount) as amount, string_agg(id::text, ', ' order by id) as ids
     from on_their_way
     group by currency
   ), held as (
     select currency, sum(balance) as amount
     from accounts
     where code = 'interbook'
     group by currency
   )
   select coalesce(h.currency, s.currency) as subject,
     'the interbook accounts sum to ' || coalesce(h.amount, 0) || ', the steps on their way to '
       || coalesce(s.amount, 0) || coalesce(' (' || left(s.ids, 500) || ')', '') as detail
   from held h
   full join steps s on s.currency = h.currency
   where coalesce(h.amount, 0) <> coalesce(s.amount, 0)
   order by 1`,
);

type AuditedAccount = {
  readonly id: Id;
  readonly lastSeq: bigint;
  readonly detail: string | null;
};

// One statement, so that accounts, their last entries and their holds are seen at one moment.
const ACCOUNTS_OF_BOOK = sql(
  "ledger_audit_accounts",
  `select a.id, a.last_seq,
     case
       when a.last_seq > 0 and e.seq is null
         then 'its last entry ' || a.last_seq || ' is missing'
       when a.balance <> coalesce(e.balance_after, 0)
         then 'its balance is ' || a.balance || ', after its last entry ' || coalesce(e.balance_after, 0)
       when a.last_posted_at is distinct from e.posted_at
         then 'its last entry is of another instant than it says'
       when beyond.seq is not null
         then 'it has an entry ' || beyond.seq || ' after its last one ' || a.last_seq
       when a.held <> h.held
         then 'it holds ' || a.held || ', its holds sum to ' || h.held
     end as detail
   from accounts a
   left join entries e on e.account_id = a.id and e.seq = a.last_seq
   left join lateral (
     select seq
     from entries
     where account_id = a.id
       and seq > a.last_seq
     order by seq
     limit 1
   ) beyond on true
   cross join lateral (
     select coalesce(sum(amount), 0)::bigint as held
     from holds
     where account_id = a.id
       and state = 'placed'
   ) h
   where a.book_id = $1
   order by a.id`,
);

// Each piece begins with the entry before it, which only serves to compare. A gap at a piece's end shows in
// the next one, the last entry is checked with the account.
const BROKEN_ENTRIES = sql(
  "ledger_audit_entries",
  `select c.account_id || ' entry ' || c.seq as subject,
     case
       when c.seq_before + 1 <> c.seq then 'the entries before it are missing since ' || c.seq_before
       when c.amount = 0 then 'its amount is zero'
       when c.balance_before + c.amount <> c.balance_after
         then 'the balance after it is ' || c.balance_after || ', not ' || (c.balance_before + c.amount)
       when c.posted_at < c.posted_before then 'it is earlier than the entry before it'
       when j.id is null then 'its journal ' || c.journal_id || ' does not exist'
       when j.book_id <> $5 then 'its journal ' || c.journal_id || ' is of another book'
       when j.posted_at <> c.posted_at then 'its journal ' || c.journal_id || ' is of another instant'
       else 'its journal ' || c.journal_id || ' does not name it'
     end as detail
   from (
     select p.account_id, p.first_seq, e.seq, e.journal_id, e.amount, e.balance_after, e.posted_at,
       coalesce(lag(e.seq) over w, 0) as seq_before,
       coalesce(lag(e.balance_after) over w, 0) as balance_before,
       lag(e.posted_at) over w as posted_before
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as p(account_id, first_seq, last_seq)
     join entries e on e.account_id = p.account_id and e.seq between p.first_seq - 1 and p.last_seq
     window w as (partition by p.account_id, p.first_seq order by e.seq)
   ) c
   left join journals j on j.id = c.journal_id
   where c.seq >= c.first_seq
     and (
       c.seq_before + 1 <> c.seq
       or c.amount = 0
       or c.balance_before + c.amount <> c.balance_after
       or c.posted_at < c.posted_before
       or j.id is null
       or j.book_id <> $5
       or j.posted_at <> c.posted_at
       or not exists (
         select from unnest(j.entry_accounts, j.entry_seqs) as place(account_id, seq)
         where place.account_id = c.account_id
           and place.seq = c.seq
       )
     )
   order by c.account_id, c.seq
   limit $4`,
);

type Piece = { readonly accountId: Id; readonly firstSeq: bigint; readonly lastSeq: bigint };

async function checkBook(db: Db, bookId: Id): Promise<readonly Violation[]> {
  const accounts = await db.all<AuditedAccount>(ACCOUNTS_OF_BOOK, [bookId]);
  const found: Violation[] = accounts.flatMap(({ id, detail }) =>
    detail === null ? [] : [{ subject: id, detail }],
  );
  for (const pieces of readsOf(accounts)) {
    if (found.length >= VIOLATIONS_MAX) break;
    const columns = columnsOf(pieces, ["accountId", "firstSeq", "lastSeq"]);
    found.push(...(await db.all<Violation>(BROKEN_ENTRIES, [...columns, VIOLATIONS_MAX, bookId])));
  }
  return found.slice(0, VIOLATIONS_MAX);
}

/**
 * Every entry of the accounts once, in reads of at most `ENTRIES_PER_READ` entries over many small accounts
 * or one large.
 */
function* readsOf(accounts: readonly AuditedAccount[]): Generator<readonly Piece[]> {
  let pieces: Piece[] = [];
  let room = BigInt(ENTRIES_PER_READ);
  for (const { id, lastSeq } of accounts) {
    for (let done = 0n; done < lastSeq; ) {
      const size = lastSeq - done < room ? lastSeq - done : room;
      pieces.push({ accountId: id, firstSeq: done + 1n, lastSeq: done + size });
      done += size;
      room -= size;
      if (room === 0n) {
        yield pieces;
        pieces = [];
        room = BigInt(ENTRIES_PER_READ);
      }
    }
  }
  if (pieces.length > 0) yield pieces;
}

const NEXT_JOURNALS = sql(
  "ledger_audit_next_journals",
  `select id as last
   from (
     select id
     from journals
     where $1::uuid is null or id > $1
     order by id
     limit $2
   ) piece
   order by id desc
   limit 1`,
);

const BROKEN_JOURNALS = sql(
  "ledger_audit_journals",
  `select j.id as subject,
     case
       when cardinality(j.entry_accounts) = 0 or cardinality(j.entry_accounts) <> cardinality(j.entry_seqs)
         then 'it names no entries'
       when s.entries <> cardinality(j.entry_accounts)
         then 'it has ' || s.entries || ' of its ' || cardinality(j.entry_accounts) || ' entries'
       when s.foreign_accounts then 'it has an account of another book or currency'
       when s.kinds_of_money > 1 then 'it mixes memo accounts with real ones'
       when s.total <> 0 then 'its entries sum to ' || s.total
       else 'it is not the opposite of ' || j.reversal_of || ', which it takes back'
     end as detail
   from journals j
   cross join lateral (
     select count(*) as entries,
       coalesce(sum(e.amount), 0) as total,
       coalesce(bool_or(a.book_id <> j.book_id or a.currency <> j.currency), false) as foreign_accounts,
       count(distinct a.code like 'memo\\_%') as kinds_of_money
     from unnest(j.entry_accounts, j.entry_seqs) as place(account_id, seq)
     join entries e on e.account_id = place.account_id and e.seq = place.seq and e.journal_id = j.id
     join accounts a on a.id = e.account_id
   ) s
   where ($1::uuid is null or j.id > $1)
     and j.id <= $2
     and (
       cardinality(j.entry_accounts) = 0
       or cardinality(j.entry_accounts) <> cardinality(j.entry_seqs)
       or s.entries <> cardinality(j.entry_accounts)
       or s.foreign_accounts
       or s.kinds_of_money > 1
       or s.total <> 0
       or (
         j.reversal_of is not null
         and exists (
           select e.account_id
           from journals k
           cross join lateral unnest(k.entry_accounts, k.entry_seqs) as place(account_id, seq)
           join entries e on e.account_id = place.account_id and e.seq = place.seq
           where k.id in (j.id, j.reversal_of)
           group by e.account_id
           having sum(e.amount) <> 0
         )
       )
     )
   order by j.id
   limit $3`,
);

async function checkJournals(db: Db): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  let after: Id | null = null;
  while (found.length < VIOLATIONS_MAX) {
    const next: { last: Id | null } | null = await db.one(NEXT_JOURNALS, [after, JOURNALS_PER_READ]);
    const last: Id | null = next?.last ?? null;
    if (last === null) break;
    found.push(...(await db.all<Violation>(BROKEN_JOURNALS, [after, last, VIOLATIONS_MAX])));
    after = last;
  }
  return found.slice(0, VIOLATIONS_MAX);
}
