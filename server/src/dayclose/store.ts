import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Measured } from "./estimate.ts";
import type { Run, Step } from "./model.ts";

const RUN = `id, accounting_date, state, without_statements, requested_by, requested_at, due_at, ended_at`;
const STEP = `run_id, place, name, state, units_done, units_left, detail, result, tries, failed_since,
  worked_ms, units_worked, told_at, began_at, ended_at`;

const insertRunSql = sql(
  "close_run_insert",
  `insert into close_runs (${RUN})
   values ($1, $2, $3, $4, $5, $6, $7, $8)
   on conflict on constraint close_runs_date do nothing`,
);

/** False: the date has a run. */
export async function insertRun(tx: Tx, run: Run): Promise<boolean> {
  const row = [run.id, run.accountingDate, run.state, run.withoutStatements, run.requestedBy];
  return (await tx.run(insertRunSql, [...row, run.requestedAt, run.dueAt, run.endedAt])) === 1;
}

const insertStepsSql = sql(
  "close_steps_insert",
  `insert into close_steps (run_id, place, name, state, units_done, units_worked, tries)
   select $1, place, name, 'expected', 0, 0, 0
   from unnest($2::integer[], $3::text[]) as s (place, name)`,
);

export async function insertSteps(tx: Tx, runId: Id, names: readonly string[]): Promise<void> {
  const rows = names.map((name, index) => ({ place: index + 1, name }));
  await tx.run(insertStepsSql, [runId, ...columnsOf(rows, ["place", "name"])]);
}

const runOfDateSql = sql("close_run_of_date", `select ${RUN} from close_runs where accounting_date = $1`);

export function runOfDate(db: Db, date: string): Promise<Run | null> {
  return db.one<Run>(runOfDateSql, [date]);
}

const stepsOfRunSql = sql(
  "close_steps_of_run",
  `select ${STEP} from close_steps where run_id = $1 order by place`,
);

export function stepsOfRun(db: Db, runId: Id): Promise<Step[]> {
  return db.all<Step>(stepsOfRunSql, [runId]);
}

const lockRunSql = sql(
  "close_run_lock",
  `select ${RUN} from close_runs where accounting_date = $1 for no key update`,
);

export function lockRun(tx: Tx, date: string): Promise<Run | null> {
  return tx.one<Run>(lockRunSql, [date]);
}

const claimSql = sql(
  "close_runs_claim",
  // Materialized: joined as it is, it may be carried out again for each row, and each time find others.
  `with due as materialized (
     select id
     from close_runs
     where due_at <= $1
     order by accounting_date
     limit $3
     for no key update skip locked
   )
   update close_runs r
   set due_at = $2
   from due
   where r.id = due.id
   returning r.id, r.accounting_date, r.state, r.without_statements, r.requested_by, r.requested_at,
     r.due_at, r.ended_at`,
);

export function claimRuns(tx: Tx, now: Date, leaseEnd: Date, limit: number): Promise<Run[]> {
  return tx.all<Run>(claimSql, [now, leaseEnd, limit]);
}

const dueSql = sql("close_run_due", "update close_runs set due_at = $2 where id = $1 and ended_at is null");

export function setDue(tx: Tx, runId: Id, dueAt: Date): Promise<number> {
  return tx.run(dueSql, [runId, dueAt]);
}

const hastenAfterSql = sql(
  "close_run_hasten_after",
  `update close_runs
   set due_at = $2
   where accounting_date > $1
     and state = 'waiting'
     and due_at > $2`,
);

/** Runs of later dates, which wait for it, are due at once. */
export function hastenAfter(tx: Tx, date: string, now: Date): Promise<number> {
  return tx.run(hastenAfterSql, [date, now]);
}

const updateRunSql = sql(
  "close_run_update",
  `update close_runs
   set state = $2, without_statements = $3, due_at = $4, ended_at = $5
   where id = $1`,
);

export function updateRun(tx: Tx, run: Run): Promise<number> {
  return tx.run(updateRunSql, [run.id, run.state, run.withoutStatements, run.dueAt, run.endedAt]);
}

const updateStepSql = sql(
  "close_step_update",
  `update close_steps
   set state = $3, units_done = $4, units_left = $5, detail = $6, result = $7, tries = $8,
     failed_since = $9, worked_ms = $10, units_worked = $11, told_at = $12, began_at = $13, ended_at = $14
   where run_id = $1
     and place = $2
     and state <> 'done'`,
);

/** A step that is done stays as it is. */
export function updateStep(tx: Tx, step: Step): Promise<number> {
  const row = [step.runId, step.place, step.state, step.unitsDone, step.unitsLeft, step.detail];
  const worked = [step.workedMs, step.unitsWorked, step.toldAt];
  const times = [step.beganAt, step.endedAt];
  return tx.run(updateStepSql, [...row, step.result, step.tries, step.failedSince, ...worked, ...times]);
}

const measuredSql = sql(
  "close_steps_measured",
  `select s.name, s.units_done, s.units_worked, s.worked_ms
   from (
     select id
     from close_runs
     where state = 'done'
     order by accounting_date desc
     limit $1
   ) r
   join close_steps s on s.run_id = r.id
   where s.worked_ms is not null`,
);

/** What the steps of the newest finished runs took. */
export function measuredSteps(db: Db, runs: number): Promise<Measured[]> {
  return db.all<Measured>(measuredSql, [runs]);
}

const askAgainSql = sql(
  "close_steps_ask_again",
  `update close_steps
   set state = 'expected'
   where run_id = $1
     and state = 'waiting'`,
);

/** Those that wait are expected again: whoever works on the run tries them before it rests. */
export function askAgain(tx: Tx, runId: Id): Promise<number> {
  return tx.run(askAgainSql, [runId]);
}

/** A closed accounting date with its run, where one was begun. */
export type ClosedDate = {
  readonly accountingDate: string;
  readonly closedAt: Date;
  readonly run: Run | null;
};

type DateRow = { accountingDate: string; closedAt: Date; runId: Id | null } & Omit<Run, "id">;

const listSql = sql(
  "close_dates",
  `select d.accounting_date, d.closed_at, r.id as run_id, r.state, r.without_statements, r.requested_by,
     r.requested_at, r.due_at, r.ended_at
   from days d
   left join close_runs r on r.accounting_date = d.accounting_date
   where d.closed_at is not null
     and ($1::date is null or d.accounting_date < $1)
   order by d.accounting_date desc
   limit $2`,
);

/** Newest first. */
export async function listDates(db: Db, before: string | null, limit: number): Promise<ClosedDate[]> {
  const rows = await db.all<DateRow>(listSql, [before, limit]);
  return rows.map(({ runId, closedAt, ...run }) => ({
    accountingDate: run.accountingDate,
    closedAt,
    run: runId === null ? null : { id: runId, ...run },
  }));
}

const withoutRunSql = sql(
  "close_dates_without_run",
  `select d.accounting_date
   from days d
   where d.closed_at is not null
     and not exists (
       select
       from close_runs r
       where r.accounting_date = d.accounting_date
     )
   order by d.accounting_date
   limit $1`,
);

/** Closed dates that no run was begun for, the earliest first. */
export async function datesWithoutRun(db: Db, limit: number): Promise<string[]> {
  const rows = await db.all<{ accountingDate: string }>(withoutRunSql, [limit]);
  return rows.map(({ accountingDate }) => accountingDate);
}

const dayStateSql = sql(
  "close_day_state",
  `select d.accounting_date,
     d.closed_at,
     (
       select p.accounting_date
       from days p
       where p.accounting_date < d.accounting_date
       order by p.accounting_date desc
       limit 1
     ) as previous
   from days d
   where d.accounting_date = $1`,
);

export type DayState = {
  readonly accountingDate: string;
  readonly closedAt: Date | null;
  /** The accounting date before it; null: it is the first. */
  readonly previous: string | null;
};

/** Null: the ledger has had no such day. */
export function dayState(db: Db, date: string): Promise<DayState | null> {
  return db.one<DayState>(dayStateSql, [date]);
}

const firstDateSql = sql("close_first_date", "select min(accounting_date) as accounting_date from days");

/** The books' first date; null: they have none. */
export async function firstDate(db: Db): Promise<string | null> {
  return (await db.one<{ accountingDate: string | null }>(firstDateSql))?.accountingDate ?? null;
}

const dateAfterSql = sql(
  "close_date_after",
  "select min(accounting_date) as accounting_date from days where accounting_date > $1",
);

/** The accounting date that follows one; null: it is the open one. */
export async function dateAfter(db: Db, date: string): Promise<string | null> {
  return (await db.one<{ accountingDate: string | null }>(dateAfterSql, [date]))?.accountingDate ?? null;
}

const unfinishedSql = sql(
  "close_dates_unfinished",
  `select count(*) as days, min(d.closed_at) as oldest_closed_at
   from days d
   left join close_runs r on r.accounting_date = d.accounting_date
   where d.closed_at is not null
     and r.ended_at is null`,
);

/** Days that are closed in the ledger, while their run is not done. */
export async function unfinishedDays(db: Db): Promise<{ days: bigint; oldestClosedAt: Date | null }> {
  const row = await db.one<{ days: bigint; oldestClosedAt: Date | null }>(unfinishedSql);
  return row ?? { days: 0n, oldestClosedAt: null };
}

const insertReportSql = sql(
  "close_report_insert",
  `insert into close_reports (accounting_date, run_id, report, hash, made_at)
   values ($1, $2, $3, $4, $5)
   on conflict on constraint close_reports_pkey do nothing`,
);

export type StoredReport = {
  readonly accountingDate: string;
  readonly runId: Id;
  /** JSON. */
  readonly report: string;
  readonly hash: Buffer;
  readonly madeAt: Date;
};

export function insertReport(tx: Tx, stored: StoredReport): Promise<number> {
  const { accountingDate, runId, report, hash, madeAt } = stored;
  return tx.run(insertReportSql, [accountingDate, runId, report, hash, madeAt]);
}

const reportSql = sql(
  "close_report",
  `select accounting_date, run_id, report, hash, made_at from close_reports where accounting_date = $1`,
);

export function reportOfDate(db: Db, date: string): Promise<StoredReport | null> {
  return db.one<StoredReport>(reportSql, [date]);
}
