/** What the close of a day asks of reconciliation: how far each account is, and what the day came to. */
import { columnsOf, type Db, sql } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { AccountCode } from "../ledger/index.ts";
import type { Generation, Scope } from "./model.ts";
import { IS_NEWEST } from "./newest.ts";

const LAST_DATES = sql(
  "reconciliation_last_dates",
  `select a.id as channel_account_id, last.channel_date
   from unnest($1::uuid[]) as a (id)
   cross join lateral (
     select channel_date
     from reconciliations
     where channel_account_id = a.id
     order by channel_date desc
     limit 1
   ) last
   order by a.id`,
);

/** The last channel date that was compared, of each of these accounts that has one. */
export function lastDates(db: Db, channelAccountIds: readonly Id[]): Promise<Scope[]> {
  return channelAccountIds.length === 0
    ? Promise.resolve([])
    : db.all<Scope>(LAST_DATES, [channelAccountIds]);
}

const COMPARED_OTHERWISE = sql(
  "reconciliation_compared_otherwise",
  `select s.account as channel_account_id, s.on_date as channel_date
   from unnest($1::uuid[], $2::date[], $3::uuid[]) as s (account, on_date, statement)
   cross join lateral (
     select statement_id
     from reconciliations
     where channel_account_id = s.account
       and channel_date = s.on_date
     order by generation desc
     limit 1
   ) newest
   where newest.statement_id <> s.statement
   order by s.on_date, s.account`,
);

/** Of these scopes with their current statements those whose newest generation is of another one. */
export function comparedOtherwise(
  db: Db,
  scopes: readonly (Scope & Pick<Generation, "statementId">)[],
): Promise<Scope[]> {
  if (scopes.length === 0) return Promise.resolve([]);
  return db.all<Scope>(
    COMPARED_OTHERWISE,
    columnsOf(scopes, ["channelAccountId", "channelDate", "statementId"]),
  );
}

const UNAPPLIED = sql(
  "reconciliation_unapplied",
  `select r.id
   from reconciliations r
   where r.state = 'found'
     and ${IS_NEWEST}
   order by r.channel_date, r.id
   limit $1`,
);

/** Generations whose findings are not made into breaks yet, the earliest date first. */
export async function unappliedGenerations(db: Db, limit: number): Promise<Id[]> {
  return (await db.all<{ id: Id }>(UNAPPLIED, [limit])).map(({ id }) => id);
}

const COUNT_UNAPPLIED = sql(
  "reconciliation_count_unapplied",
  `select count(*) as generations
   from reconciliations r
   where r.state = 'found'
     and ${IS_NEWEST}`,
);

/** How many `unappliedGenerations` there are. */
export async function countUnapplied(db: Db): Promise<bigint> {
  return (await db.one<{ generations: bigint }>(COUNT_UNAPPLIED))?.generations ?? 0n;
}

/** The newest generations that count the accounting date `$1` last. */
const OF_DATE = `
  select r.id, r.channel_account_id, r.channel_date, r.statement_id, r.matched, r.findings, r.closed_through,
    before.channel_date as date_before, before.closed_through as closed_before
  from reconciliations r
  left join reconciliations before on before.id = r.carried_from
  where r.closed_through = $1
    and ${IS_NEWEST}`;

const DAY_TOTALS = sql(
  "reconciliation_day_totals",
  `with of_date as (${OF_DATE})
   select d.channel_account_id, d.channel_date, d.statement_id, d.matched, d.findings, t.currency,
     sum(t.theirs_count)::bigint as theirs_count, sum(t.theirs_amount)::bigint as theirs_amount,
     sum(t.theirs_settle)::bigint as theirs_settle, sum(t.theirs_fee)::bigint as theirs_fee,
     sum(t.ours_count)::bigint as ours_count, sum(t.ours_amount)::bigint as ours_amount,
     sum(t.ours_settle)::bigint as ours_settle, sum(t.ours_fee)::bigint as ours_fee
   from of_date d
   join reconciliation_totals t on t.reconciliation_id = d.id
   group by d.channel_account_id, d.channel_date, d.statement_id, d.matched, d.findings, t.currency
   order by d.channel_account_id, d.channel_date, t.currency`,
);

/** One scope and currency of a day: what the statement adds up to, and what the books do. */
export type DayTotals = Scope &
  Pick<Generation, "statementId" | "matched" | "findings"> & {
    readonly currency: Currency;
    readonly theirsCount: bigint;
    readonly theirsAmount: bigint;
    readonly theirsSettle: bigint;
    readonly theirsFee: bigint;
    readonly oursCount: bigint;
    readonly oursAmount: bigint;
    readonly oursSettle: bigint;
    readonly oursFee: bigint;
  };

/** What was compared when an accounting date was closed. */
export function dayTotals(db: Db, closedThrough: string): Promise<DayTotals[]> {
  return db.all<DayTotals>(DAY_TOTALS, [closedThrough]);
}

// Read from the ledger, not from what was taken out of it: a second way to know. Nearly all that a date
// booked is of its scopes, so it is what the balances of the date changed by, less the journals of the date
// that are none of them, and with those of earlier dates that are.
const DAY_MOVEMENTS = sql(
  "reconciliation_day_movements",
  `with of_date as materialized (${OF_DATE}),
   since as (
     select coalesce(min(date_before) - 2, '-infinity'::date) as first
     from of_date
   ), movements as materialized (
     select j.id
     from of_date d
     join journals j
       on j.channel_account_id = d.channel_account_id
       and j.channel_date <= d.channel_date
       and j.accounting_date <= d.closed_through
       and (
         d.date_before is null
         or j.channel_date > d.date_before
         or j.accounting_date > d.closed_before
       )
     cross join since
     where j.accounting_date >= since.first
       and j.kind not in ('channel_payout', 'channel_payout_withdrawn', 'channel_movement',
         'manual_correction', 'commission_earned', 'share_done', 'share_returned')
       and not exists (select from break_journals b where b.journal_id = j.id)
       and not exists (select from break_journals b where b.journal_id = j.reversal_of)
   ), near as (
     select j.accounting_date = $1 as of_the_date, m.id is not null as is_movement, j.entry_accounts,
       j.entry_seqs
     from journals j
     cross join since
     left join movements m on m.id = j.id
     where j.accounting_date between since.first and $1
   ), others as materialized (
     select place.account_id, place.seq, case when n.of_the_date then -1 else 1 end as sign
     from near n
     cross join lateral unnest(n.entry_accounts, n.entry_seqs) as place (account_id, seq)
     where n.of_the_date <> n.is_movement
   ), sums as (
     select b.account_id, b.balance - coalesce(before.balance, 0) as amount
     from closed_balances b
     left join lateral (
       select balance
       from closed_balances
       where account_id = b.account_id
         and accounting_date < $1
       order by accounting_date desc
       limit 1
     ) before on true
     where b.accounting_date = $1
     union all
     select o.account_id, o.sign * e.amount
     from others o
     join entries e on e.account_id = o.account_id and e.seq = o.seq
   )
   select a.currency, a.code, sum(s.amount)::bigint as amount
   from sums s
   join accounts a on a.id = s.account_id
   group by a.currency, a.code
   having sum(s.amount) <> 0
   order by a.currency, a.code`,
);

/** By account code, what the movements of a day's scopes did; signed. */
export function dayMovements(
  db: Db,
  closedThrough: string,
): Promise<{ currency: Currency; code: AccountCode; amount: bigint }[]> {
  return db.all(DAY_MOVEMENTS, [closedThrough]);
}
