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
};

const DATES_MAX = 1_000;

const unclosedSql = sql(
  "close_dates_unclosed",
  `select d.accounting_date, d.closed_at, r.state, r.due_at, s.name as step, s.detail, s.failed_since
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
     and r.ended_at is null
   order by d.accounting_date
   limit ${DATES_MAX}`,
);

/** In the order of their dates. */
export function unclosedDates(db: Db, now: Date, timeZone: string): Promise<Unclosed[]> {
  return db.all<Unclosed>(unclosedSql, [now, timeZone]);
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
