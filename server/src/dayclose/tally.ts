/** How far a step is over all of its tries, and how long they worked. Pure. */
import type { Clock } from "../kernel/clock.ts";
import type { Progress } from "../kernel/progress.ts";
import type { Step, StepWork } from "./model.ts";

export type Tally = {
  /** What the try counts now. */
  count(progress: Progress): void;
  /** All that the try counted is done. @param units what it counted, where it did not say so before */
  complete(units: bigint | undefined): void;
  /** The step with what its tries counted and worked up to now. */
  soFar(): Step;
};

/** @param before as the tries before this one left it */
export function beginTally(before: Step, { countsRest }: Pick<StepWork, "countsRest">, clock: Clock): Tally {
  const beganAt = clock.now();
  let { unitsDone, unitsLeft } = before;
  let earlier: bigint | null = null;
  let counted = 0n;
  const count = (progress: Progress) => {
    earlier ??= countsRest ? doneBefore(before, progress) : 0n;
    counted = progress.done;
    unitsDone = earlier + counted;
    unitsLeft = progress.left;
  };
  return {
    count,
    complete: (units) => {
      if (units !== undefined || earlier !== null) {
        count({ done: units ?? counted + (unitsLeft ?? 0n), left: 0n });
        return;
      }
      unitsDone += unitsLeft ?? 0n;
      unitsLeft = 0n;
    },
    soFar: () => {
      const now = clock.now();
      return {
        ...before,
        unitsDone,
        unitsLeft,
        unitsWorked: before.unitsWorked + counted,
        workedMs: (before.workedMs ?? 0n) + BigInt(Math.max(0, now.getTime() - beganAt.getTime())),
        beganAt: before.beganAt ?? beganAt,
        toldAt: now,
      };
    },
  };
}

/** What was left then and is not now was done by a try that died before it told of it. */
function doneBefore({ unitsDone, unitsLeft }: Step, rest: Progress): bigint {
  const untold = (unitsLeft ?? 0n) - (rest.done + (rest.left ?? 0n));
  return untold > 0n ? unitsDone + untold : unitsDone;
}
