/**
 * A run carried on: each step is begun when those that it comes after are done, so that what does not depend
 * on a late channel goes on meanwhile. Each step writes its own row; how the run stands is written when none
 * of them can go on.
 */
import { MINUTE, plus, SECOND } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import type { Log } from "../kernel/log.ts";
import type { Progress } from "../kernel/progress.ts";
import { Stopped } from "../kernel/schedules.ts";
import type { Alarms } from "./alarms.ts";
import {
  isReady,
  pauseMsOf,
  type Run,
  runStateOf,
  type Step,
  type StepEnd,
  type StepWork,
  waitMsOf,
} from "./model.ts";
import { jsonOf } from "./report-model.ts";
import * as store from "./store.ts";
import { beginTally, type Tally } from "./tally.ts";

/** Longer than any stretch of a step between two `goOn`. */
export const LEASE_MS = 15 * MINUTE;
/** A step tells how far it is so often at most: each time is a transaction. */
const TELLS_EVERY_MS = SECOND;

export type AdvanceDeps = {
  readonly cell: Cell;
  readonly log: Log;
  readonly steps: readonly StepWork[];
  readonly alarms: Pick<Alarms, "say">;
  /** A run may be due: a hint for a worker of this process. */
  readonly onDue: () => void;
};

/** How a try of a step came out; until when it rests, or null: it is done. */
type Tried = { readonly step: Step; readonly rests: Date | null };

/** Carries a claimed run on until no step can go on. Safe to repeat, also by two processes at once. */
export async function advance(deps: AdvanceDeps, run: Run, isStopping: () => boolean): Promise<void> {
  try {
    const tried = await tryAll(deps, run, isStopping);
    const rests = tried.flatMap((one) => one.rests ?? []);
    if (rests.length > 0) await rest(deps, run, tried, new Date(Math.min(...rests.map(Number))));
    else await end(deps, run, tried);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await letGo(deps, run);
  }
}

/**
 * Every step of the run, as it was or came out. Throws what one of them threw when all of them have ended.
 */
async function tryAll(deps: AdvanceDeps, run: Run, isStopping: () => boolean): Promise<Tried[]> {
  const waiting = new Set(await store.stepsOfRun(deps.cell.db, run.id));
  const all = new Set([...waiting].map(({ name }) => name));
  const tried: Tried[] = [];
  const faults: unknown[] = [];
  const under = new Map<Step, Promise<void>>();
  const begin = (step: Step) => {
    waiting.delete(step);
    const ends = tryStep(deps, run, step, isStopping)
      .then((one) => void tried.push(one))
      .catch((error) => void faults.push(error))
      .finally(() => under.delete(step));
    under.set(step, ends);
  };
  for (const step of waiting) {
    if (step.state !== "done") continue;
    waiting.delete(step);
    tried.push({ step, rests: null });
  }
  for (;;) {
    const done = new Set(tried.filter(({ rests }) => rests === null).map(({ step }) => step.name));
    if (faults.length === 0) {
      for (const step of waiting) if (isReady(deps.steps, step.name, { all, done })) begin(step);
    }
    if (under.size === 0) break;
    await Promise.race(under.values());
  }
  if (faults.length > 0) throw faults.find((fault) => !(fault instanceof Stopped)) ?? faults[0];
  return [...tried, ...[...waiting].map((step) => ({ step, rests: null }))];
}

async function tryStep(deps: AdvanceDeps, run: Run, step: Step, isStopping: () => boolean): Promise<Tried> {
  const work = deps.steps.find(({ name }) => name === step.name);
  const tally = beginTally(step, work ?? {}, deps.cell.clock);
  try {
    if (work === undefined) throw new Error(`the program has no step ${step.name}: run the newer version`);
    return await carryOut(deps, run, { step, work, tally }, isStopping);
  } catch (error) {
    if (error instanceof Stopped) {
      await write(deps, working(deps, run), underWay(tally));
      throw error;
    }
    deps.log.warn(
      { err: error, accountingDate: run.accountingDate, step: step.name },
      "a step of the day's close failed; it is tried again",
    );
    const detail = error instanceof Error ? error.message : String(error);
    const tries = step.failedSince === null ? 1 : step.tries + 1;
    const failedSince = step.failedSince ?? deps.cell.clock.now();
    const failed = { ...tally.soFar(), state: "failed", detail, tries, failedSince } as const;
    const tried = await pause(deps, run, failed, pauseMsOf(tries));
    await sayAlarms(deps);
    return tried;
  }
}

/** A run goes on though nobody could be told: the calendar says it again. */
async function sayAlarms({ alarms, log }: AdvanceDeps): Promise<void> {
  try {
    await alarms.say();
  } catch (error) {
    log.warn({ err: error }, "the alarms of the day's close could not be said");
  }
}

/** A try of a step, and what it comes to. */
type Try = { readonly step: Step; readonly work: StepWork; readonly tally: Tally };

async function carryOut(
  deps: AdvanceDeps,
  run: Run,
  { step, work, tally }: Try,
  isStopping: () => boolean,
): Promise<Tried> {
  const { clock } = deps.cell;
  let toldAt = Number.NEGATIVE_INFINITY;
  const keep = async (progress: Progress | null) => {
    if (progress !== null) tally.count(progress);
    if (isStopping()) throw new Stopped();
    const now = clock.now().getTime();
    if (now - toldAt < TELLS_EVERY_MS) return;
    toldAt = now;
    await write(deps, working(deps, run), underWay(tally));
  };
  await keep(null);
  const context = { run, goOn: (progress?: Progress) => keep(progress ?? null) };
  const ended: StepEnd = await work.work(run.accountingDate, context);
  if (ended.end === "waiting") {
    const { waitsFor: detail, until } = ended;
    const tries = step.state === "waiting" ? step.tries + 1 : 1;
    const waits = { ...tally.soFar(), state: "waiting", detail, tries, failedSince: null } as const;
    return pause(deps, run, waits, waitMsOf(clock.now(), until));
  }
  tally.complete(ended.units);
  const done: Step = {
    ...tally.soFar(),
    state: "done",
    failedSince: null,
    detail: ended.detail,
    result: jsonOf(ended.result),
    endedAt: clock.now(),
  };
  await write(deps, working(deps, run), done);
  return { step: done, rests: null };
}

function underWay(tally: Tally): Step {
  return { ...tally.soFar(), state: "running", detail: null };
}

/** As it is while somebody works on it. */
function working({ cell }: AdvanceDeps, run: Run): Run {
  return { ...run, state: "running", dueAt: plus(cell.clock.now(), LEASE_MS) };
}

/**
 * What an operator changed of the run meanwhile stays. A run that is done gets nothing more: a process that
 * came back after its lease finds what another one finished.
 */
async function write({ cell }: AdvanceDeps, run: Run, step: Step | null): Promise<void> {
  await cell.transact(
    async (tx) => {
      const now = await store.lockRun(tx, run.accountingDate);
      if (now === null || now.state === "done") throw new Stopped();
      await store.updateRun(tx, { ...run, withoutStatements: now.withoutStatements });
      if (step !== null) await store.updateStep(tx, step);
    },
    { repeatable: true },
  );
}

async function pause(deps: AdvanceDeps, run: Run, paused: Step, ms: number): Promise<Tried> {
  const rests = plus(deps.cell.clock.now(), ms);
  await write(deps, working(deps, run), paused);
  return { step: paused, rests };
}

/** The run rests until one of its steps is tried again; at once where an operator has asked meanwhile. */
async function rest({ cell }: AdvanceDeps, run: Run, tried: readonly Tried[], until: Date): Promise<void> {
  await cell.transact(
    async (tx) => {
      const now = await store.lockRun(tx, run.accountingDate);
      if (now === null || now.state === "done") throw new Stopped();
      const steps = await store.stepsOfRun(tx, run.id);
      const expected = new Set(steps.filter(({ state }) => state === "expected").map(({ name }) => name));
      const isAsked =
        (now.withoutStatements && !run.withoutStatements) ||
        tried.some(({ step, rests }) => rests !== null && expected.has(step.name));
      await store.updateRun(tx, {
        ...now,
        state: runStateOf(tried.map(({ step }) => step)),
        dueAt: isAsked ? cell.clock.now() : until,
      });
    },
    { repeatable: true },
  );
}

/** Another process may go on at once. */
async function letGo({ cell }: AdvanceDeps, run: Run): Promise<void> {
  await cell.transact((tx) => store.setDue(tx, run.id, cell.clock.now()), { repeatable: true });
}

async function end(deps: AdvanceDeps, run: Run, tried: readonly Tried[]): Promise<void> {
  const { cell, log } = deps;
  const state = runStateOf(tried.map(({ step }) => step));
  if (state !== "done") throw new Error(`the steps of ${run.accountingDate} wait for each other`);
  await write(deps, { ...run, state: "done", dueAt: null, endedAt: cell.clock.now() }, null);
  await cell.transact((tx) => store.hastenAfter(tx, run.accountingDate, cell.clock.now()), {
    repeatable: true,
  });
  deps.onDue();
  log.info({ accountingDate: run.accountingDate }, "the day is closed");
}
