/** About when a run will be done, by what its steps took on the newest days that were closed. */
import { plus } from "../kernel/clock.ts";
import { estimatedEndOf, type Step, type StepWork, stepsBefore } from "./model.ts";

/** What a finished step counted, and how long its tries worked, on how much. */
export type Measured = Pick<Step, "name" | "unitsDone" | "unitsWorked"> & { readonly workedMs: bigint };

/** Finished runs that an estimate is made from. */
export const RUNS_MEASURED = 7;
/** What it counts is the size of a day: for steps that do not know theirs yet. */
const SIZED_BY = "extract";

/**
 * As if no channel were late from here on. Null where there is no basis: a step of which no finished run was
 * measured, a day whose size is not known yet, a step that waits for somebody or fails.
 */
export function estimatedRunEnd(
  works: readonly StepWork[],
  steps: readonly Step[],
  measured: readonly Measured[],
  now: Date,
): Date | null {
  const byName = Map.groupBy(measured, ({ name }) => name);
  const size = sizeOf(steps.find(({ name }) => name === SIZED_BY));
  const sizeBefore = median((byName.get(SIZED_BY) ?? []).map(({ unitsDone }) => Number(unitsDone)));
  const factor = size === null || !sizeBefore ? null : Number(size) / sizeBefore;
  const names = new Set(steps.map(({ name }) => name));
  const ends = new Map<string, number | null>();
  for (const step of steps) {
    const begins = stepsBefore(works, step.name, names).map((name) => ends.get(name) ?? null);
    const takes = remainingMs(step, byName.get(step.name) ?? [], factor, now);
    const isKnown = takes !== null && begins.every((end) => end !== null);
    ends.set(step.name, isKnown ? Math.max(now.getTime(), ...begins.map(Number)) + takes : null);
  }
  const all = [...ends.values()];
  return all.length === 0 || all.includes(null) ? null : new Date(Math.max(...all.map(Number)));
}

function remainingMs(
  step: Step,
  before: readonly Measured[],
  factor: number | null,
  now: Date,
): number | null {
  if (step.state === "done") return 0;
  if (step.state === "waiting" || step.state === "failed") return null;
  const goesOn = estimatedEndOf(step, now);
  if (goesOn !== null) return goesOn.getTime() - now.getTime();
  const whole = wholeMs(sizeOf(step), before, factor);
  if (whole === null || step.toldAt === null) return whole;
  const left = whole - Number(step.workedMs ?? 0n);
  return Math.max(0, plus(step.toldAt, left).getTime() - now.getTime());
}

/** By its own size where it is known, or else by the day's. */
function wholeMs(size: bigint | null, before: readonly Measured[], factor: number | null): number | null {
  const counted = before.filter(({ unitsWorked }) => unitsWorked > 0n);
  const perUnit = median(counted.map(paceOf));
  if (size !== null && perUnit !== null) return Number(size) * perUnit;
  const took = median(
    before.map((one) => (one.unitsWorked > 0n ? paceOf(one) * Number(one.unitsDone) : Number(one.workedMs))),
  );
  return took === null || factor === null ? null : took * factor;
}

/** Milliseconds for a unit, once. */
function paceOf({ workedMs, unitsWorked }: Measured): number {
  return Number(workedMs) / Number(unitsWorked);
}

/** Null: not known yet. */
function sizeOf(step: Step | undefined): bigint | null {
  if (step === undefined || step.unitsLeft === null) return null;
  return step.unitsDone + step.unitsLeft;
}

function median(numbers: readonly number[]): number | null {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? null;
}
