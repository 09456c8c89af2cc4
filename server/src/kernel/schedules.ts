/**
 * What is done by the calendar. Truth is the job's row with its due time: whichever process claims it under
 * `skip locked` does the work, one that dies leaves it to the lease's end, and the simulation runs it like
 * anything else that is due.
 */
import { Cron } from "croner";
import { MINUTE, plus } from "./clock.ts";
import { type Cell, sql, type Tx } from "./database.ts";
import { type DueWorker, startDueWorker } from "./due.ts";
import type { Log } from "./log.ts";

export type Job = {
  /** Its row's key. */
  readonly name: string;
  /** When, as cron text in the operator's time zone: `30 3 * * *`. A change counts from the next run on. */
  readonly cron: string;
  /**
   * Does the work. Call `goOn` between its parts: it renews the lease, and throws `Stopped` when the process
   * is stopping; the job is then due at once for another one.
   */
  run(goOn: () => Promise<void>): Promise<void>;
};

/** The process is stopping; what is left of the job is another's. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** More than any part of a job takes: one that reads a whole table may take half an hour. */
const LEASE_MS = 60 * MINUTE;
const IDLE_MS = MINUTE;

const insertSql = sql(
  "schedules_insert",
  `insert into schedules (name, due_at)
   values ($1, $2)
   on conflict on constraint schedules_pkey do nothing`,
);

const claimSql = sql(
  "schedules_claim",
  `update schedules s
   set due_at = $2, began_at = $1
   from (
     select name
     from schedules
     where due_at <= $1
       and name = any($3::text[])
     order by name
     limit $4
     for no key update skip locked
   ) due
   where s.name = due.name
   returning s.name`,
);

const renewSql = sql("schedules_renew", "update schedules set due_at = $2 where name = $1");
const endSql = sql("schedules_end", "update schedules set due_at = $2, ended_at = $3 where name = $1");

export type SchedulesDeps = {
  readonly cell: Cell;
  readonly timeZone: string;
  readonly log: Log;
  readonly jobs: readonly Job[];
};

/** Runs a cell's jobs when they are due; any number of processes may. */
export function startSchedules(deps: SchedulesDeps): DueWorker {
  const { cell, jobs, log, timeZone } = deps;
  const { clock } = cell;
  let stopping = false;
  let known = false;
  const write = (work: (tx: Tx) => Promise<unknown>) => cell.transact(work, { repeatable: true });

  const ensureRows = async (now: Date) => {
    if (known) return;
    await write(async (tx) => {
      for (const { name, cron } of jobs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        await tx.run(insertSql, [name, nextRun(cron, timeZone, now)]);
      }
    });
    known = true;
  };

  const worker = startDueWorker<Job>({
    name: "schedules",
    clock,
    log,
    concurrencyMax: 1,
    idleMs: IDLE_MS,
    claim: async (limit) => {
      const now = clock.now();
      await ensureRows(now);
      const names = jobs.map(({ name }) => name);
      // Not repeatable: whoever does not hear of its claim leaves the job to the lease's end.
      const claimed = await cell.transact((tx) =>
        tx.all<{ name: string }>(claimSql, [now, plus(now, LEASE_MS), names, limit]),
      );
      return jobs.filter(({ name }) => claimed.some((row) => row.name === name));
    },
    handle: async ({ name, cron, run }) => {
      const goOn = async () => {
        if (stopping) throw new Stopped();
        await write((tx) => tx.run(renewSql, [name, plus(clock.now(), LEASE_MS)]));
      };
      try {
        await run(goOn);
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        await write((tx) => tx.run(renewSql, [name, clock.now()]));
        return;
      }
      const now = clock.now();
      await write((tx) => tx.run(endSql, [name, nextRun(cron, timeZone, now), now]));
    },
  });
  return {
    ...worker,
    stop: () => {
      stopping = true;
      return worker.stop();
    },
  };
}

/** The first instant after `from` that a cron text names in a time zone. */
export function nextRun(cron: string, timeZone: string, from: Date): Date {
  const next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun(from);
  if (next === null) throw new Error(`"${cron}" never comes again`);
  return next;
}
