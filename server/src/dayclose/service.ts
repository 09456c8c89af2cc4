/** Runs of the close: asked for, carried on step by step, shown. */
import { plus } from "../kernel/clock.ts";
import { problem } from "../kernel/errors.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import type { Actor, Operators } from "../operators/index.ts";
import { type AdvanceDeps, advance, LEASE_MS } from "./advance.ts";
import type { Alarm, Alarms } from "./alarms.ts";
import { estimatedRunEnd, RUNS_MEASURED } from "./estimate.ts";
import type { Run, Step } from "./model.ts";
import * as store from "./store.ts";

const NEW_RUNS_MAX = 100;

export type CloseDeps = AdvanceDeps & {
  readonly operators: Pick<Operators, "auditAlone">;
  readonly alarms: Alarms;
};

export type RunWithSteps = {
  readonly run: Run;
  readonly steps: readonly Step[];
  /** What of it needs a person. */
  readonly alarms: readonly Alarm[];
  /** About when it will be done; null: it is, or nothing is known to go by. */
  readonly estimatedEnd: Date | null;
};

export type ClosedDate = store.ClosedDate & { readonly alarms: readonly Alarm[] };

export type DayClose = {
  /**
   * Asks for the close of a date; a date that has a run gets that one, due at once. Throws `not_found` for a
   * date that the books have not had, `day_open` for the open one.
   * @param withoutStatements go on without those that are missing
   */
  request(
    date: string,
    by: Actor | null,
    wish?: { readonly withoutStatements: boolean },
  ): Promise<RunWithSteps & { readonly made: boolean }>;
  /** The run of a date. Throws `not_found`. */
  get(date: string): Promise<RunWithSteps>;
  list(before: string | null, limit: number): Promise<ClosedDate[]>;
  /** What of the days' closes needs a person. */
  readonly alarms: Pick<Alarms, "now" | "page">;
  report(date: string): Promise<store.StoredReport | null>;
  /** Begins a run for every closed date without one; how many. */
  beginMissing(): Promise<number>;
  /** Claims runs that are due. */
  claim(limit: number): Promise<Run[]>;
  /**
   * Carries a claimed run on: each step as soon as those before it are done, until none can go on.
   * @param isStopping asked between parts of a step; true leaves the rest to another process, at once
   */
  advance(run: Run, isStopping: () => boolean): Promise<void>;
  /** Titles of the steps by their names. */
  readonly titles: ReadonlyMap<string, string>;
  unfinished(): ReturnType<typeof store.unfinishedDays>;
};

export function createDayClose(deps: CloseDeps): DayClose {
  const { cell, steps } = deps;
  return {
    request: (date, by, wish = { withoutStatements: false }) => request(deps, date, by, wish),
    get: async (date) => {
      const run = await store.runOfDate(cell.db, date);
      if (run === null) throw problem("not_found", { detail: `no close of ${date} was begun` });
      return withSteps(deps, run);
    },
    list: (before, limit) => list(deps, before, limit),
    alarms: deps.alarms,
    report: (date) => store.reportOfDate(cell.db, date),
    beginMissing: async () => {
      const dates = await store.datesWithoutRun(cell.db, NEW_RUNS_MAX);
      for (const date of dates) await begin(deps, date, null, false);
      if (dates.length > 0) deps.onDue();
      return dates.length;
    },
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => store.claimRuns(tx, now, plus(now, LEASE_MS), limit));
    },
    advance: (run, isStopping) => advance(deps, run, isStopping),
    titles: new Map(steps.map(({ name, title }) => [name, title])),
    unfinished: () => store.unfinishedDays(cell.db),
  };
}

async function list(
  { cell, alarms }: CloseDeps,
  before: string | null,
  limit: number,
): Promise<ClosedDate[]> {
  const dates = await store.listDates(cell.db, before, limit);
  const unclosed = dates.filter(({ run }) => run?.state !== "done").map((date) => date.accountingDate);
  const found = unclosed.length === 0 ? [] : await alarms.of(unclosed);
  const byDate = Map.groupBy(found, ({ accountingDate }) => accountingDate);
  return dates.map((date) => ({ ...date, alarms: byDate.get(date.accountingDate) ?? [] }));
}

async function withSteps(deps: CloseDeps, run: Run): Promise<RunWithSteps> {
  const { cell } = deps;
  const steps = await store.stepsOfRun(cell.db, run.id);
  if (run.state === "done") return { run, steps, alarms: [], estimatedEnd: null };
  const measured = await store.measuredSteps(cell.db, RUNS_MEASURED);
  return {
    run,
    steps,
    alarms: await deps.alarms.of([run.accountingDate]),
    estimatedEnd: estimatedRunEnd(deps.steps, steps, measured, cell.clock.now()),
  };
}

async function request(
  deps: CloseDeps,
  date: string,
  by: Actor | null,
  { withoutStatements }: { readonly withoutStatements: boolean },
): Promise<RunWithSteps & { made: boolean }> {
  const { cell } = deps;
  const day = await store.dayState(cell.db, date);
  if (day === null) throw problem("not_found", { detail: `the books have had no day ${date}` });
  if (day.closedAt === null) throw problem("day_open", { detail: `${date} is the day that is open now` });
  // A day waits for the one before: whoever asks for it asks for those that nobody has begun.
  const earlier = (await store.datesWithoutRun(cell.db, NEW_RUNS_MAX)).filter((one) => one < date);
  for (const one of earlier) await begin(deps, one, by?.operator.id ?? null, withoutStatements);
  const made = await begin(deps, date, by?.operator.id ?? null, withoutStatements);
  if (!made) await hasten(deps, date, withoutStatements);
  deps.onDue();
  const found = await store.runOfDate(cell.db, date);
  if (found === null) throw new Error(`the run of ${date} vanished`);
  if (by !== null) {
    await deps.operators.auditAlone(by, {
      action: made ? "day.close_requested" : "day.close_hastened",
      subject: formatId("cls", found.id),
      before: null,
      after: { accounting_date: date, without_statements: found.withoutStatements },
    });
  }
  return { ...(await withSteps(deps, found)), made };
}

/** False: the date had a run. */
function begin(
  { cell, steps }: CloseDeps,
  date: string,
  requestedBy: Id | null,
  withoutStatements: boolean,
): Promise<boolean> {
  const now = cell.clock.now();
  const id = cell.newId();
  return cell.transact(
    async (tx) => {
      const run: Run = {
        id,
        accountingDate: date,
        state: "running",
        withoutStatements,
        requestedBy,
        requestedAt: now,
        dueAt: now,
        endedAt: null,
      };
      if (!(await store.insertRun(tx, run))) return (await store.lockRun(tx, date))?.id === id;
      await store.insertSteps(
        tx,
        id,
        steps.map(({ name }) => name),
      );
      return true;
    },
    { repeatable: true },
  );
}

/** Makes a run that waits due at once. One that is worked on keeps its lease, and is due once that ends. */
async function hasten({ cell }: CloseDeps, date: string, withoutStatements: boolean): Promise<void> {
  await cell.transact(
    async (tx) => {
      const run = await store.lockRun(tx, date);
      if (run === null || run.state === "done") return;
      const rests = run.state === "waiting" || run.state === "failing";
      if (!rests) await store.askAgain(tx, run.id);
      await store.updateRun(tx, {
        ...run,
        state: "running",
        withoutStatements: run.withoutStatements || withoutStatements,
        dueAt: rests ? cell.clock.now() : run.dueAt,
      });
    },
    { repeatable: true },
  );
}
