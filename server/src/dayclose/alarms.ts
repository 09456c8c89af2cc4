/**
 * Alarms: what of the days' closes needs a person. They are read from the days and runs as those stand, so
 * that an alarm is gone when its cause is; a row for each remembers when it was last said in the log.
 */
import { HOUR, MINUTE, plus, startOfDate } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import { shiftDate } from "../kernel/dates.ts";
import type { Log } from "../kernel/log.ts";
import { nextRun } from "../kernel/schedules.ts";
import * as store from "./alarms-store.ts";
import { patienceEnd } from "./comparing.ts";

export type AlarmKind = "not_begun" | "failed" | "stuck" | "not_done";

export type Alarm = {
  readonly accountingDate: string;
  readonly what: AlarmKind;
  /** When it should have happened, or went wrong first. */
  readonly since: Date;
  /** The step that it is about, and what that step says of itself. */
  readonly step: string | null;
  readonly detail: string | null;
  /** For a person: what to do. */
  readonly remedy: string;
};

export type AlarmsDeps = {
  readonly cell: Cell;
  readonly log: Log;
  readonly timeZone: string;
  /** `hh:mm`; null: a person begins each close. */
  readonly closeAt: string | null;
};

export type AlarmPage = {
  readonly alarms: readonly Alarm[];
  /** The earliest date that was looked at; null: there are no others. */
  readonly through: string | null;
};

export type Alarms = {
  /**
   * Those that hold now: of a thousand dates that are over and not closed, those with a run before others.
   */
  now(): Promise<readonly Alarm[]>;
  /** Those of these dates. */
  of(dates: readonly string[]): Promise<readonly Alarm[]>;
  /**
   * Those of so many dates that are over and not closed, the newest first.
   * @param before only of earlier ones than this
   */
  page(before: string | null, dates: number): Promise<AlarmPage>;
  /**
   * Says each kind in the log, of the earliest date that has it: at once, then every hour while it lasts,
   * by whichever process takes its row. Says once that one is over.
   */
  say(): Promise<void>;
};

/** After the time at which it should have begun, and after the end of patience for statements. */
const NOT_BEGUN_AFTER_MS = HOUR;
const NOT_DONE_AFTER_MS = 4 * HOUR;
/** A run that is due is claimed within seconds, or when its dead worker's lease has ended. */
const STUCK_AFTER_MS = 15 * MINUTE;
const SAID_EVERY_MS = HOUR;
const DATES_MAX = 1_000;

const SENTENCES: Readonly<Record<AlarmKind, string>> = {
  not_begun: "the close of a day has not begun",
  failed: "a step of a day's close fails",
  stuck: "the close of a day stands still: it is due, and no process carries it on",
  not_done: "the close of a day is not done",
};

export function createAlarms(deps: AlarmsDeps): Alarms {
  const { cell } = deps;
  const unclosed = (now: Date, wanted: Partial<store.Wanted>) => {
    const all = { dates: null, before: null, limit: DATES_MAX, begunFirst: false };
    return store.unclosedDates(cell.db, now, deps.timeZone, { ...all, ...wanted });
  };
  const at = async (now: Date, wanted: Partial<store.Wanted>) => {
    return alarmsOf(await unclosed(now, wanted), now, deps);
  };
  return {
    now: () => at(cell.clock.now(), { begunFirst: true }),
    of: (dates) => at(cell.clock.now(), { dates }),
    page: async (before, dates) => {
      const now = cell.clock.now();
      const found = await unclosed(now, { before, limit: dates + 1 });
      const shown = found.slice(0, dates);
      const through = found.length > dates ? (shown.at(-1)?.accountingDate ?? null) : null;
      return { alarms: alarmsOf(shown, now, deps), through };
    },
    say: async () => {
      const now = cell.clock.now();
      await say(deps, await at(now, { begunFirst: true }), now);
    },
  };
}

/** @param dates that are over and not closed */
export function alarmsOf(
  dates: readonly store.Unclosed[],
  now: Date,
  calendar: Pick<AlarmsDeps, "timeZone" | "closeAt">,
): readonly Alarm[] {
  return dates.flatMap((date) =>
    [notBegun(date, now, calendar), failed(date), stuck(date, now), notDone(date, now, calendar)].filter(
      (alarm) => alarm !== null,
    ),
  );
}

function notBegun(
  { accountingDate, closedAt, state }: store.Unclosed,
  now: Date,
  calendar: Pick<AlarmsDeps, "timeZone" | "closeAt">,
): Alarm | null {
  if (state !== null) return null;
  const since = beginsAt(accountingDate, calendar);
  const late = closedAt === null || closedAt < since ? since : closedAt;
  if (now < plus(late, calendar.closeAt === null ? 0 : NOT_BEGUN_AFTER_MS)) return null;
  const remedy =
    closedAt === null
      ? "the ledger's day is not cut over: start a process with the role worker, and read its log"
      : `begin it: npm run close -- --date ${accountingDate}, or POST /v1/ops/days/${accountingDate}/close`;
  return { accountingDate, what: "not_begun", since, step: null, detail: null, remedy };
}

/** When the calendar begins it; without one, when patience for statements ends: until then people may. */
function beginsAt(date: string, calendar: Pick<AlarmsDeps, "timeZone" | "closeAt">): Date {
  const { timeZone, closeAt } = calendar;
  if (closeAt === null) return patienceEnd(calendar, date);
  const [hour, minute] = closeAt.split(":").map(Number);
  const midnight = startOfDate(timeZone, shiftDate(date, 1));
  return nextRun(`${minute} ${hour} * * *`, timeZone, plus(midnight, -1));
}

function failed({ accountingDate, failedSince, step, detail }: store.Unclosed): Alarm | null {
  if (failedSince === null) return null;
  const remedy =
    "mend what its detail says; it is tried again by itself, and at once by " +
    `npm run close -- --date ${accountingDate}`;
  return { accountingDate, what: "failed", since: failedSince, step, detail, remedy };
}

function stuck(date: store.Unclosed, now: Date): Alarm | null {
  const { accountingDate, dueAt, step, detail, isAnyUnderWay } = date;
  if (isAnyUnderWay || dueAt === null || now < plus(dueAt, STUCK_AFTER_MS)) return null;
  const remedy =
    "start a process with the role worker, or restart the one that hangs; the run goes on where it stopped";
  return { accountingDate, what: "stuck", since: dueAt, step, detail, remedy };
}

function notDone(
  { accountingDate, state, step, detail }: store.Unclosed,
  now: Date,
  calendar: Pick<AlarmsDeps, "timeZone" | "closeAt">,
): Alarm | null {
  if (state === null) return null;
  const ends = [patienceEnd(calendar, accountingDate), beginsAt(accountingDate, calendar)];
  const since = plus(new Date(Math.max(...ends.map(Number))), NOT_DONE_AFTER_MS);
  if (now < since) return null;
  const remedy =
    `GET /v1/ops/days/${accountingDate} says what each step waits for; ` +
    "--without-statements goes on without those that are missing";
  return { accountingDate, what: "not_done", since, step, detail, remedy };
}

async function say({ cell, log }: AlarmsDeps, alarms: readonly Alarm[], now: Date): Promise<void> {
  for (const [what, all] of Map.groupBy(alarms, (alarm) => alarm.what)) {
    const [alarm] = all.toSorted((one, other) => one.accountingDate.localeCompare(other.accountingDate));
    if (alarm === undefined || !(await mayBeSaid(cell, alarm, now))) continue;
    const { accountingDate, since, step, detail, remedy } = alarm;
    log.error(
      { alarm: what, accountingDate, since, step, detail, remedy, days: all.length },
      SENTENCES[what],
    );
  }
  const over = await cell.transact((tx) => store.forgetOthers(tx, alarms, now), { repeatable: true });
  for (const { accountingDate, what } of over) log.info({ accountingDate }, `it is over: ${SENTENCES[what]}`);
}

/** Not repeatable: whoever does not hear of its commit says nothing, and fails aloud instead. */
function mayBeSaid(cell: Cell, alarm: Alarm, now: Date): Promise<boolean> {
  return cell.transact((tx) => store.take(tx, alarm, now, plus(now, -SAID_EVERY_MS)));
}
