import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { AlarmKind } from "./alarms.ts";
import type { RunState } from "./model.ts";

/** A date that is over, while its close is not done. */
export type Unclosed = {
  readonly accountingDate: string;
  /** Null: the ledger's day is not cut over. */
  readonly closedAt: Date | null;
  /** Of its run; null: none was begun. */
  readonly state: RunState | null;
  readonly dueAt: Date | null;
  /** The step that fails, or else the first that is not done. */
  readonly step: string | null;
  readonly detail: string | null;
  readonly failedSince: Date | null;
  /** Whether a process carries on a run now: of this date or of another. */
  readonly isAnyUnderWay: boolean;
};

/** Which of them. */
export type Wanted = {
  /** Only these; null: all. */
  readonly dates: readonly string[] | null;
  /** Only earlier ones than this; null: all. */
  readonly before: string | null;
  readonly limit: number;
  /** Those with a run come first: their alarms are never those that a limit leaves out. */
  readonly begunFirst: boolean;
};

const unclosedSql = sql(
  "close_dates_unclosed",
  `select d.accounting_date, d.closed_at, r.state, r.due_at, s.name as step, s.detail,
     s.failed_since,
     exists (select from close_runs where state = 'running' and due_at > $1) as is_any_under_way
   from days d
   left join close_runs r on r.accounting_date = d.accounting_date
   left join lateral (
     select c.name, c.detail, c.failed_since
     from close_steps c
     where c.run_id = r.id
       and c.state <> 'done'
     order by c.failed_since, c.state = 'expected', c.place
     limit 1
   ) s on true
   where d.accounting_date < ($1::timestamptz at time zone $2)::date
     and d.accounting_date >= coalesce(
       (select min(accounting_date) from close_runs),
       (
         select accounting_date
         from days
         where accounting_date < ($1::timestamptz at time zone $2)::date
         order by accounting_date desc
         offset 1
         limit 1
       ),
       '-infinity'
     )
     and ($3::date[] is null or d.accounting_date = any($3))
     and ($4::date is null or d.accounting_date < $4)
     and r.ended_at is null
   order by $6 and r.id is null, d.accounting_date desc
   limit $5`,
);

/**
 * The newest first. Dates before the first that has a run are nobody's to close: they are older than the
 * room of closes. While no date has one, the newest two count: the last is not late yet when it is just over.
 */
export function unclosedDates(db: Db, now: Date, timeZone: string, wanted: Wanted): Promise<Unclosed[]> {
  const { dates, before, limit, begunFirst } = wanted;
  return db.all<Unclosed>(unclosedSql, [now, timeZone, dates, before, limit, begunFirst]);
}

type Key = { readonly accountingDate: string; readonly what: AlarmKind };

const takeSql = sql(
  "close_alarm_take",
  `insert into close_alarms as a (accounting_date, what, since, said_at)
   values ($1, $2, $3, $4)
   on conflict on constraint close_alarms_pkey do update
   set since = excluded.since, said_at = excluded.said_at
   where a.said_at <= $5
     or a.since < excluded.since`,
);

/** True: it was not said since then, nor of this beginning; this transaction alone may say it. */
export async function take(
  tx: Tx,
  { accountingDate, what, since }: Key & { readonly since: Date },
  now: Date,
  notSince: Date,
): Promise<boolean> {
  return (await tx.run(takeSql, [accountingDate, what, since, now, notSince])) === 1;
}

const forgetSql = sql(
  "close_alarms_forget_others",
  `delete from close_alarms a
   where a.said_at <= $3
     and not exists (
       select
       from unnest($1::date[], $2::text[]) as k (accounting_date, what)
       where k.accounting_date = a.accounting_date
         and k.what = a.what
     )
   returning a.accounting_date, a.what`,
);

/** Those that are over. @param readAt what was said later is of what these do not know */
export function forgetOthers(tx: Tx, alarms: readonly Key[], readAt: Date): Promise<Key[]> {
  return tx.all<Key>(forgetSql, [...columnsOf(alarms, ["accountingDate", "what"]), readAt]);
}
