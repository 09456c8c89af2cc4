/**
 * What accounts held at the end of closed accounting dates. A closed date gains no entry, so what is written
 * of it once holds for ever, and is the same whoever writes it.
 */
import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { TrialBalanceRow } from "./model.ts";

const CLAIM_DATE = sql(
  "ledger_closed_day_insert",
  `insert into closed_days (accounting_date, accounts, written_at)
   values ($1, 0, $2)
   on conflict on constraint closed_days_pkey do nothing`,
);

// Entries bear no date, but dates never fall along an account: its last place of a date is its last of all,
// or is found by halving. Most accounts have none after a date that has just ended. ("limit 1" of what is
// unique anyway: each place is looked up, and no table read whole for all of them.)
const WRITE_BALANCES = sql(
  "ledger_closed_balances_insert",
  `with recursive search (account_id, low, high, probe) as (
     select a.id, coalesce(c.last_seq, 0), a.last_seq, a.last_seq
     from accounts a
     left join lateral (
       select last_seq
       from closed_balances
       where account_id = a.id
         and accounting_date < $1
       order by accounting_date desc
       limit 1
     ) c on true
     where a.last_seq > coalesce(c.last_seq, 0)
     union all
     select s.account_id, p.low, p.high, (p.low + p.high + 1) / 2
     from search s
     cross join lateral (
       select j.accounting_date <= $1 as is_within
       from entries e
       join journals j on j.id = e.journal_id
       where e.account_id = s.account_id
         and e.seq = s.probe
       limit 1
     ) d
     cross join lateral (
       select case when d.is_within then s.probe else s.low end as low,
         case when d.is_within then s.high else s.probe - 1 end as high
     ) p
     where s.low < s.high
   )
   insert into closed_balances (account_id, accounting_date, balance, last_seq)
   select s.account_id, $1::date, l.balance_after, s.high
   from search s
   cross join lateral (
     select e.balance_after
     from entries e
     join journals j on j.id = e.journal_id
     where e.account_id = s.account_id
       and e.seq = s.high
       and j.accounting_date = $1
     limit 1
   ) l
   where s.low = s.high`,
);

const COUNT_ACCOUNTS = sql(
  "ledger_closed_day_update",
  "update closed_days set accounts = $2 where accounting_date = $1",
);

const FIND_CLOSED_DAY = sql(
  "ledger_closed_day",
  "select accounts from closed_days where accounting_date = $1",
);

const IS_CLOSED = sql(
  "ledger_is_closed",
  "select accounting_date from days where accounting_date = $1 and closed_at is not null",
);

const LAST_CLOSED_DAY = sql(
  "ledger_last_closed_day",
  "select accounting_date from closed_days order by accounting_date desc limit 1",
);

/** The newest accounting date whose balances are written down, or null before the first. */
export async function lastClosedDay(db: Db): Promise<string | null> {
  return (await db.one<{ accountingDate: string }>(LAST_CLOSED_DAY))?.accountingDate ?? null;
}

/**
 * Writes down what the accounts that a closed date changed held at its end; how many they are. Safe to
 * repeat: the second of two finds the row of the first. One statement looks at every account that moved since
 * the dates before, so it needs a connection with time. Throws a RangeError for a date that is not closed.
 */
export async function writeClosedBalances(tx: Tx, date: string, at: Date): Promise<number> {
  if ((await tx.one(IS_CLOSED, [date])) === null) throw new RangeError(`${date} is not closed`);
  if ((await tx.run(CLAIM_DATE, [date, at])) === 0) {
    return (await tx.one<{ accounts: number }>(FIND_CLOSED_DAY, [date]))?.accounts ?? 0;
  }
  const accounts = await tx.run(WRITE_BALANCES, [date]);
  await tx.run(COUNT_ACCOUNTS, [date, accounts]);
  return accounts;
}

const CLOSED_BALANCES = sql(
  "ledger_closed_balances_of",
  `select a.account_id, coalesce(c.balance, 0)::bigint as balance, coalesce(c.last_seq, 0)::bigint as seq
   from unnest($1::uuid[]) as a (account_id)
   left join lateral (
     select balance, last_seq
     from closed_balances
     where account_id = a.account_id
       and accounting_date <= $2
     order by accounting_date desc
     limit 1
   ) c on true
   order by a.account_id`,
);

export type ClosedBalance = { readonly accountId: Id; readonly balance: bigint; readonly seq: bigint };

/**
 * The signed balances of accounts at the end of a date whose balances are written, and the seq of the last
 * entry in each; zero and 0 before the first.
 */
export function closedBalances(db: Db, accountIds: readonly Id[], date: string): Promise<ClosedBalance[]> {
  return db.all<ClosedBalance>(CLOSED_BALANCES, [accountIds, date]);
}

const LAST_WRITTEN = sql(
  "ledger_closed_days_last",
  "select accounting_date from closed_days order by accounting_date desc limit 1",
);

/** The last date whose balances are written, with those of every date before it; null: of none. */
export async function closedBalancesThrough(db: Db): Promise<string | null> {
  return (await db.one<{ accountingDate: string }>(LAST_WRITTEN))?.accountingDate ?? null;
}

const ACCOUNT_DAYS = sql(
  "ledger_account_days",
  `select c.account_id, c.accounting_date, coalesce(p.last_seq, 0) + 1 as first_seq, c.last_seq,
     coalesce(p.balance, 0)::bigint as opening, c.balance as closing
   from closed_balances c
   left join lateral (
     select balance, last_seq
     from closed_balances
     where account_id = c.account_id
       and accounting_date < c.accounting_date
     order by accounting_date desc
     limit 1
   ) p on true
   where c.account_id = any($1::uuid[])
     and c.accounting_date between $2 and $3
   order by c.account_id, c.accounting_date`,
);

export type AccountDay = {
  readonly accountId: Id;
  readonly accountingDate: string;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  /** Signed, as entries are. */
  readonly opening: bigint;
  readonly closing: bigint;
};

/**
 * The dates that changed these accounts, from one to another, both included: the entries of each date, and
 * the balances before and after them. The balances of all dates up to the last must be written.
 */
export function accountDays(
  db: Db,
  accountIds: readonly Id[],
  dates: { readonly from: string; readonly to: string },
): Promise<AccountDay[]> {
  return db.all<AccountDay>(ACCOUNT_DAYS, [accountIds, dates.from, dates.to]);
}

const TRIAL_BALANCE_OF_DATE = sql(
  "ledger_trial_balance_of_date",
  `select a.code, a.currency, count(*)::int as accounts,
     coalesce(sum(c.balance) filter (where c.balance > 0), 0)::bigint as debit,
     coalesce(-sum(c.balance) filter (where c.balance < 0), 0)::bigint as credit
   from accounts a
   cross join lateral (
     select balance
     from closed_balances
     where account_id = a.id
       and accounting_date <= $1
     order by accounting_date desc
     limit 1
   ) c
   group by a.code, a.currency
   order by a.currency, a.code`,
);

/** The trial balance of all books at the end of a date whose balances are written. */
export function closedTrialBalance(db: Db, date: string): Promise<TrialBalanceRow[]> {
  return db.all<TrialBalanceRow>(TRIAL_BALANCE_OF_DATE, [date]);
}
