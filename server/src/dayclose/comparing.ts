/** The steps that explain the channels' statements: they are asked for, compared, and become breaks. */
import { type Clock, HOUR, MINUTE, plus, startOfDate } from "../kernel/clock.ts";
import { shiftDate } from "../kernel/dates.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { inLanes } from "../kernel/lanes.ts";
import { type GoOn, type Progress, progressOf } from "../kernel/progress.ts";
import {
  type Breaks,
  comparedOtherwise,
  countUnapplied,
  type Reconciliation,
  type Scope,
  unappliedGenerations,
} from "../reconciliation/index.ts";
import type { StatementsRoom } from "../statements/index.ts";
import type { StepContext, StepEnd } from "./model.ts";
import { type DueScope, dueScopes, type ScopesDeps } from "./scopes.ts";
import * as store from "./store.ts";

export type ComparingDeps = ScopesDeps & {
  readonly clock: Clock;
  readonly statements: Pick<StatementsRoom, "statements" | "fetching">;
  readonly reconciliation: Pick<Reconciliation, "extract" | "reconcile">;
  readonly breaks: Pick<Breaks, "apply" | "applyPlain" | "holdUntold">;
};

/**
 * Scopes that one comparison takes: all that are due of an account, and so many in all. Each reads the whole
 * extract.
 */
const SCOPES_PER_RUN = 2_500;
/** The statements of one are read while the engine compares those of another. */
const RUNS_AT_ONCE = 2;
/** Most of an apply is waiting for the database. */
const APPLIED_AT_ONCE = 4;
const GENERATIONS_PER_LOOK = 500;
const STATEMENTS_PER_LOOK = 500;
const SCOPES_PER_LOOK = 2_000;
const ANSWERED_MS = MINUTE / 2;
/** After the end of the date. */
const PATIENCE_MS = 14 * HOUR;
/** Notes of statements that a report repeats. */
const NOTED_MAX = 50;
/** Statements that a sentence names. */
const NAMED_MAX = 5;

export async function extract(deps: ComparingDeps, date: string, { goOn }: StepContext): Promise<StepEnd> {
  const made = await deps.reconciliation.extract(date, goOn);
  return {
    end: "done",
    units: made.entries,
    detail: `${made.journals} movements on ${made.accounts} accounts at channels`,
    result: { journals: made.journals, entries: made.entries },
  };
}

/**
 * Waits for the statements until two in the afternoon, unless an operator said to go on without the missing
 * ones: a channel that publishes late, or one whose keys have ended, does not keep the money of all others.
 */
export async function statements(
  deps: ComparingDeps,
  date: string,
  { run, goOn }: StepContext,
): Promise<StepEnd> {
  const due = await scopesToCompare(deps, date);
  await deps.statements.fetching.expect(
    due.flatMap(({ channelAccountId, channelDate: statementDate, hasFundBill }) => {
      const trade = { channelAccountId, statementDate };
      // Nothing of the close waits for a fund bill: payouts are announced when it comes.
      return hasFundBill ? [trade, { ...trade, kind: "fund" as const }] : [trade];
    }),
  );
  const missing = await missingOf(deps, due, () => goOn());
  await goOn(progressOf(due.length - missing.length, due.length));
  const isPatient = !run.withoutStatements && deps.clock.now() < patienceEnd(deps, date);
  const awaited = isPatient ? await awaitedOf(deps, due, missing, () => goOn()) : [];
  if (awaited.length > 0) {
    return {
      end: "waiting",
      waitsFor: `the statements ${named(awaited)}`,
      until: await nextLook(deps, date),
    };
  }
  const without = missing.length === 0 ? "" : `; gone on without ${named(missing)}`;
  return {
    end: "done",
    detail: `${due.length - missing.length} statements are there${without}`,
    result: { missing: missing.map(textOf), noted: await notedOf(deps, due, () => goOn()) },
  };
}

/**
 * Those that are worth a wait: of a contract that takes no orders, only while the books know of something
 * that the statement could show.
 */
async function awaitedOf(
  { statements: { fetching } }: ComparingDeps,
  due: readonly DueScope[],
  missing: readonly Scope[],
  goOn: GoOn,
): Promise<Scope[]> {
  const active = new Set(due.filter(({ isActive }) => isActive).map((scope) => scope.channelAccountId));
  const awaited: Scope[] = [];
  for (const scope of missing) {
    const { channelAccountId, channelDate } = scope;
    if (!active.has(channelAccountId)) {
      await goOn();
      if (await fetching.isQuiet(channelAccountId, channelDate)) continue;
    }
    awaited.push(scope);
  }
  return awaited;
}

/** When the next one is asked for, and a moment more for the answer. */
async function nextLook(deps: ComparingDeps, date: string): Promise<Date> {
  const end = patienceEnd(deps, date);
  const next = await deps.statements.fetching.nextDue();
  return next === null || next > end ? end : plus(next, ANSWERED_MS);
}

/** Until then the close of a date waits for its statements. */
export function patienceEnd({ timeZone }: Pick<ScopesDeps, "timeZone">, date: string): Date {
  return plus(startOfDate(timeZone, shiftDate(date, 1)), PATIENCE_MS);
}

/** What is new, after what was compared before its statement was corrected: that is carried into the new. */
export async function reconcile(deps: ComparingDeps, date: string, { goOn }: StepContext): Promise<StepEnd> {
  const corrected = await correctedScopes(deps, () => goOn());
  const due = await scopesToCompare(deps, date);
  const missing = await missingOf(deps, due, () => goOn());
  const ready = [...corrected, ...withoutGaps(due, new Set(missing.map(textOf)))];
  let findings = 0;
  let done = 0n;
  const waiting: string[] = [];
  await inLanes(runsOf(ready), RUNS_AT_ONCE, async (some) => {
    if (waiting.length > 0) return;
    const asked = new Set(some.map(textOf));
    let doneOfRun = 0n;
    const left = (ofRun?: Progress) => {
      const doneNow = ofRun?.done ?? doneOfRun;
      done += doneNow - doneOfRun;
      doneOfRun = doneNow;
      return goOn(progressOf(done, ready.length));
    };
    const compared = await deps.reconciliation.reconcile(some, { closedThrough: date, goOn: left });
    for (const one of compared) {
      if (one.end === "done") findings += one.generation.findings;
      else if (asked.has(textOf(one))) waiting.push(`${textOf(one)}: ${one.reason}`);
    }
  });
  if (waiting[0] !== undefined) return { end: "waiting", waitsFor: waiting[0] };
  const again = corrected.length === 0 ? "" : `, ${corrected.length} of them again`;
  return {
    end: "done",
    detail: `${ready.length} statements compared${again}, ${findings} differences`,
    result: { scopes: BigInt(ready.length), findings: BigInt(findings) },
  };
}

/** All scopes of an account in one run: its dates are compared in their order. */
function* runsOf(scopes: readonly Scope[]): Iterable<readonly Scope[]> {
  let run: Scope[] = [];
  for (const own of Map.groupBy(scopes, ({ channelAccountId }) => channelAccountId).values()) {
    if (run.length > 0 && run.length + own.length > SCOPES_PER_RUN) {
      yield run;
      run = [];
    }
    run.push(...own);
  }
  if (run.length > 0) yield run;
}

/**
 * What was compared becomes breaks; of corrected statements too. So does what the door holds for people, such
 * as what channels took back by themselves and told before their statements.
 */
export async function applyFindings(deps: ComparingDeps, { goOn }: StepContext): Promise<StepEnd> {
  const total = await countUnapplied(deps.db);
  let applied = 0n;
  for (;;) {
    const ids = await unappliedGenerations(deps.db, GENERATIONS_PER_LOOK);
    if (ids.length === 0) break;
    await goOn(progressOf(applied, total));
    const plain = new Set(await deps.breaks.applyPlain(ids));
    applied += BigInt(plain.size);
    const others = ids.filter((one) => !plain.has(one));
    await inLanes(others, APPLIED_AT_ONCE, async (id) => {
      await goOn(progressOf(applied, total));
      await deps.breaks.apply(id, () => goOn());
      applied += 1n;
    });
  }
  const held = await deps.breaks.holdUntold(() => goOn());
  const more = held === 0 ? "" : `; ${held} for what the door holds in suspense`;
  return { end: "done", detail: `${applied} comparisons${more}`, result: { applied } };
}

async function scopesToCompare(deps: ComparingDeps, date: string): Promise<readonly DueScope[]> {
  const first = await store.firstDate(deps.db);
  return first === null ? [] : dueScopes(deps, date, first);
}

/** Scopes whose statement was corrected since they were compared, the earliest date first. */
async function correctedScopes(deps: ComparingDeps, goOn: GoOn): Promise<readonly Scope[]> {
  const corrected: Scope[] = [];
  for (let after: Id | null = null; ; ) {
    await goOn();
    const page = await deps.statements.statements.corrected(after, STATEMENTS_PER_LOOK);
    const scopes = page.map(({ id, channelAccountId, statementDate }) => ({
      channelAccountId,
      channelDate: statementDate,
      statementId: id,
    }));
    corrected.push(...(await comparedOtherwise(deps.db, scopes)));
    if (page.length < STATEMENTS_PER_LOOK) break;
    after = page.at(-1)?.id ?? null;
  }
  return corrected.toSorted((one, other) => one.channelDate.localeCompare(other.channelDate));
}

async function missingOf(deps: ComparingDeps, scopes: readonly Scope[], goOn: GoOn): Promise<Scope[]> {
  const missing: Scope[] = [];
  for (let at = 0; at < scopes.length; at += SCOPES_PER_LOOK) {
    await goOn();
    const some = scopes.slice(at, at + SCOPES_PER_LOOK).map(statementScopeOf);
    for (const { channelAccountId, statementDate } of await deps.statements.statements.without(some)) {
      missing.push({ channelAccountId, channelDate: statementDate });
    }
  }
  return missing;
}

/** What the statements that are to be compared note, corrected ones too: for the report. */
async function notedOf(deps: ComparingDeps, due: readonly Scope[], goOn: GoOn): Promise<string[]> {
  const scopes = [...due, ...(await correctedScopes(deps, goOn))];
  const noted: string[] = [];
  for (let at = 0; at < scopes.length; at += SCOPES_PER_LOOK) {
    await goOn();
    const some = scopes.slice(at, at + SCOPES_PER_LOOK).map(statementScopeOf);
    for (const { channelAccountId, statementDate, notes } of await deps.statements.statements.noted(some)) {
      const statement = textOf({ channelAccountId, channelDate: statementDate });
      noted.push(...notes.map((note) => `The statement ${statement}: ${note}.`));
    }
  }
  const more = noted.length - NOTED_MAX;
  return more > 0 ? [...noted.slice(0, NOTED_MAX), `${more} more notes stand with the statements.`] : noted;
}

/** Of each account the dates before its first missing statement: dates are compared in their order. */
function withoutGaps(scopes: readonly Scope[], missing: ReadonlySet<string>): Scope[] {
  const stopped = new Set<string>();
  return scopes.filter((scope) => {
    if (missing.has(textOf(scope))) stopped.add(scope.channelAccountId);
    return !stopped.has(scope.channelAccountId);
  });
}

/** The place of a channel's statement of a day among all statements. */
export function statementScopeOf({ channelAccountId, channelDate }: Scope) {
  return { kind: "trade", channelAccountId, account: "", statementDate: channelDate } as const;
}

function textOf({ channelAccountId, channelDate }: Scope): string {
  return `${formatId("cha", channelAccountId)} ${channelDate}`;
}

function named(scopes: readonly Scope[]): string {
  const shown = scopes.slice(0, NAMED_MAX).map(textOf).join(", ");
  return scopes.length > NAMED_MAX ? `${shown} and ${scopes.length - NAMED_MAX} more` : shown;
}
