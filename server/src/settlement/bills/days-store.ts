/** The SQL of where a merchant's accounts stood at the end of each date. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { AccountCode } from "../../ledger/index.ts";

/** The accounts that are a merchant's money; what it owes lowers it. */
export const OWN_CODES = [
  "merchant_pending",
  "merchant_available",
  "merchant_reserve",
  "merchant_receivable",
] as const satisfies readonly AccountCode[];

const pageSql = sql(
  "account_days_accounts",
  `select a.id as account_id, a.last_seq, coalesce(d.last_seq, 0)::bigint as known_seq
   from accounts a
   left join lateral (
     select last_seq
     from account_days
     where account_id = a.id
     order by accounting_date desc
     limit 1
   ) d on true
   where a.code = any($1::text[])
     and a.last_seq > coalesce(d.last_seq, 0)
     and ($2::uuid is null or a.id > $2)
   order by a.id
   limit $3`,
);

export type MovedAccount = { readonly accountId: Id; readonly lastSeq: bigint; readonly knownSeq: bigint };

/** Accounts with entries after their last known date, in the order of their ids. */
export function movedAccounts(db: Db, after: Id | null, limit: number): Promise<MovedAccount[]> {
  return db.all<MovedAccount>(pageSql, [OWN_CODES, after, limit]);
}

const amongSql = sql(
  "account_days_among",
  `select a.id as account_id, a.last_seq, coalesce(d.last_seq, 0)::bigint as known_seq
   from accounts a
   left join lateral (
     select last_seq
     from account_days
     where account_id = a.id
     order by accounting_date desc
     limit 1
   ) d on true
   where a.id = any($1::uuid[])
     and a.last_seq > coalesce(d.last_seq, 0)
   order by a.id`,
);

/** Those of these accounts with entries after their last known date. */
export function movedAmong(db: Db, accountIds: readonly Id[]): Promise<MovedAccount[]> {
  return db.all<MovedAccount>(amongSql, [accountIds]);
}

// Dates never fall along an account, so the last entry of a date is found by halving: some 20 look-ups in a
// million entries, where reading them all would be a million.
const markSql = sql(
  "account_days_mark",
  `with recursive halving (account_id, first_seq, accounting_date, low, high) as (
     select p.account_id, e.seq, j.accounting_date, e.seq, p.last_seq
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as p(account_id, known_seq, last_seq)
     join entries e on e.account_id = p.account_id and e.seq = p.known_seq + 1
     join journals j on j.id = e.journal_id
     where j.accounting_date <= $4
     union all
     select h.account_id, h.first_seq, h.accounting_date,
       case when j.accounting_date <= h.accounting_date then e.seq else h.low end,
       case when j.accounting_date <= h.accounting_date then h.high else e.seq - 1 end
     from halving h
     join entries e on e.account_id = h.account_id and e.seq = (h.low + h.high + 1) / 2
     join journals j on j.id = e.journal_id
     where h.low < h.high
   ), marked as (
     insert into account_days
       (account_id, accounting_date, first_seq, last_seq, opening, closing, debits, credits)
     select h.account_id, h.accounting_date, h.first_seq, h.low, f.balance_after - f.amount, l.balance_after,
       s.debits, s.credits
     from halving h
     join entries f on f.account_id = h.account_id and f.seq = h.first_seq
     join entries l on l.account_id = h.account_id and l.seq = h.low
     cross join lateral (
       select coalesce(sum(amount) filter (where amount > 0), 0)::bigint as debits,
         coalesce(-sum(amount) filter (where amount < 0), 0)::bigint as credits
       from entries
       where account_id = h.account_id
         and seq between h.first_seq and h.low
     ) s
     where h.low = h.high
     order by h.account_id
     on conflict on constraint account_days_pkey do nothing
   )
   select account_id, low as last_seq
   from halving
   where low = high
   order by account_id`,
);

/**
 * Writes down the next closed date of each account; gives how far it goes. An account is absent once its next
 * entry is of a date after `date`.
 */
export function markDays(
  tx: Tx,
  accounts: readonly MovedAccount[],
  date: string,
): Promise<{ accountId: Id; lastSeq: bigint }[]> {
  return tx.all(markSql, [...columnsOf(accounts, ["accountId", "knownSeq", "lastSeq"]), date]);
}

const ofAccountSql = sql(
  "account_days_of_accounts",
  `select account_id, accounting_date, first_seq, last_seq, opening, closing, debits, credits
   from account_days
   where account_id = any($1::uuid[])
     and accounting_date between $2 and $3
   order by account_id, accounting_date`,
);

export type AccountDay = {
  readonly accountId: Id;
  readonly accountingDate: string;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  /** Signed, as entries are. */
  readonly opening: bigint;
  readonly closing: bigint;
  readonly debits: bigint;
  readonly credits: bigint;
};

/** The dates on which these accounts moved, from one to another, both included. */
export function accountDays(
  db: Db,
  accountIds: readonly Id[],
  dates: { readonly from: string; readonly to: string },
): Promise<AccountDay[]> {
  return db.all<AccountDay>(ofAccountSql, [accountIds, dates.from, dates.to]);
}

const beforeSql = sql(
  "account_days_before",
  `select distinct on (account_id) account_id, closing
   from account_days
   where account_id = any($1::uuid[])
     and accounting_date < $2
   order by account_id, accounting_date desc`,
);

/** The signed balances of accounts before a date; an account that had not moved is absent. */
export function balancesBefore(
  db: Db,
  accountIds: readonly Id[],
  date: string,
): Promise<{ accountId: Id; closing: bigint }[]> {
  return db.all(beforeSql, [accountIds, date]);
}

const nextBillsSql = sql(
  "bills_next_books",
  `select distinct b.owner_id as merchant_id, a.currency
   from books b
   join accounts a on a.book_id = b.id and a.code = any($1::text[])
   join account_days d on d.account_id = a.id and d.accounting_date = $2
   where b.kind = 'merchant'
     and ($3::uuid is null or (b.owner_id, a.currency) > ($3, $4::char(3)))
     and not exists (
       select
       from bills
       where merchant_id = b.owner_id
         and accounting_date = $2
         and currency = a.currency
     )
   order by b.owner_id, a.currency
   limit $5`,
);

export type Billed = { readonly merchantId: Id; readonly currency: string };

/** Merchants and currencies whose money moved on a date and which have no bill of it. */
export function withoutBill(
  db: Db,
  date: string,
  page: { readonly after: Billed | null; readonly limit: number },
): Promise<Billed[]> {
  const { after } = page;
  return db.all<Billed>(nextBillsSql, [
    OWN_CODES,
    date,
    after?.merchantId ?? null,
    after?.currency ?? null,
    page.limit,
  ]);
}
