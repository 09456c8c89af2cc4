/**
 * Closing a day.
 *
 * - **Run** (日终): the close of one accounting date; there is one for each. It lists its steps before it
 *   begins, is done only when all of them are, and goes on at the step where it stopped.
 * - **Step**: one part of it, done once and safe to repeat. It may *wait* for somebody else, such as a
 *   channel that publishes its statement late; that is no error. One that *failed* is tried again.
 * - **Report**: what the day came to, written when all steps are done; it never changes afterwards.
 */
import type { Id } from "../kernel/ids.ts";
import type { GoOn } from "../kernel/progress.ts";

export type RunState = "running" | "waiting" | "failing" | "done";
export type StepState = "expected" | "running" | "waiting" | "failed" | "done";

export type Run = {
  readonly id: Id;
  readonly accountingDate: string;
  readonly state: RunState;
  readonly withoutStatements: boolean;
  /** The operator who asked for it; null: the calendar. */
  readonly requestedBy: Id | null;
  readonly requestedAt: Date;
  readonly dueAt: Date | null;
  readonly endedAt: Date | null;
};

export type Step = {
  readonly runId: Id;
  /** From 1; a step comes after those that it depends on. */
  readonly place: number;
  readonly name: string;
  readonly state: StepState;
  readonly unitsDone: bigint;
  /** Null: not known yet. */
  readonly unitsLeft: bigint | null;
  readonly detail: string | null;
  /** JSON. */
  readonly result: string | null;
  readonly tries: number;
  /** Since when each of its tries fails; null: the last one did not. */
  readonly failedSince: Date | null;
  /** How long its tries worked, without waits; null: not measured. */
  readonly workedMs: bigint | null;
  /** What they worked on in that time: more than is done where a try began anew. */
  readonly unitsWorked: bigint;
  /** Up to when it is told what is done and worked; null: not measured. */
  readonly toldAt: Date | null;
  readonly beganAt: Date | null;
  readonly endedAt: Date | null;
};

/** How a try of a step ended, unless it threw. */
export type StepEnd =
  | {
      readonly end: "done";
      readonly detail: string;
      readonly result: StepResult;
      /** What it counted, where it could not say so before; as last told where absent. */
      readonly units?: bigint;
    }
  | {
      readonly end: "waiting";
      readonly waitsFor: string;
      /** Before it there is nothing to look for; a minute from now where absent. */
      readonly until?: Date;
    };

/** What a step came to, for the report: its integers as bigint. */
export type StepResult = { readonly [name: string]: unknown };

/** What a step is given beside its date. */
export type StepContext = {
  readonly run: Run;
  /** Keeps the run's lease and tells how far the step is. Throws `Stopped` when the process is stopping. */
  readonly goOn: GoOn;
};

export type StepWork = {
  /** Its key in the run, and in the API. */
  readonly name: string;
  /** For people: what it does, as an imperative. */
  readonly title: string;
  /** Steps that are done before it begins; the one before it in the list where absent. */
  readonly after?: readonly string[];
  /** A try counts what those before it left, so that their units add up; else each counts the whole. */
  readonly countsRest?: boolean;
  /** Does the rest of it. Safe to repeat at any point, also by two processes at once. */
  readonly work: (date: string, context: StepContext) => Promise<StepEnd>;
};

/** Where a run stands whose steps all rest: one that failed needs somebody sooner than one that waits. */
export function runStateOf(steps: readonly Pick<Step, "state">[]): RunState {
  const states = new Set(steps.map(({ state }) => state));
  if (states.has("failed")) return "failing";
  if (states.has("waiting")) return "waiting";
  return states.has("expected") || states.has("running") ? "running" : "done";
}

/** Names of the steps that a run has: what the program had when it was begun. */
export type Listed = { readonly all: ReadonlySet<string>; readonly done: ReadonlySet<string> };

/** Whether all that a step comes after is done. One that the program does not know is tried, and says so. */
export function isReady(steps: readonly StepWork[], name: string, { all, done }: Listed): boolean {
  return stepsBefore(steps, name, all).every((one) => done.has(one));
}

/**
 * The steps of a run that one comes after; in place of a step that the run has not, what that one comes
 * after.
 * @param all names of the run's steps
 */
export function stepsBefore(
  steps: readonly StepWork[],
  name: string,
  all: ReadonlySet<string>,
): readonly string[] {
  const place = steps.findIndex((step) => step.name === name);
  const previous = steps[place - 1]?.name;
  const before = steps[place]?.after ?? (previous === undefined ? [] : [previous]);
  return before.flatMap((one) => (all.has(one) ? [one] : stepsBefore(steps, one, all)));
}

/**
 * When the step under way will be done if it goes on as its tries went; null while nothing is known.
 */
export function estimatedEndOf(
  step: Pick<Step, "state" | "unitsWorked" | "unitsLeft" | "workedMs" | "toldAt">,
  now: Date,
): Date | null {
  const { state, unitsWorked, unitsLeft, workedMs, toldAt } = step;
  if (state !== "running" || unitsLeft === null || workedMs === null || toldAt === null) return null;
  if (unitsWorked === 0n) return null;
  const takes = Number((workedMs * unitsLeft) / unitsWorked);
  return new Date(Math.max(now.getTime(), toldAt.getTime() + takes));
}

const SECOND_MS = 1_000;
const WAIT_MS = 60 * SECOND_MS;
/** Somebody may send in what is waited for before it was to come. */
const WAIT_MAX_MS = 60 * WAIT_MS;
const RETRY_FIRST_MS = 10 * SECOND_MS;
const RETRY_MAX_MS = 600 * SECOND_MS;

/** How long until a step that waits is looked at again: a minute at least, an hour at most. */
export function waitMsOf(now: Date, until: Date | undefined): number {
  const wanted = until === undefined ? WAIT_MS : until.getTime() - now.getTime();
  return Math.min(Math.max(wanted, WAIT_MS), WAIT_MAX_MS);
}

/** How long until a step that failed is tried again. @param tries that failed so far, from 1 */
export function pauseMsOf(tries: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 10), RETRY_MAX_MS);
}
