/**
 * `hot`: one merchant takes everything. Its rate stands beside that of a hundred merchants, measured on the
 * same platform just before.
 */
import { findCeiling, openBelow, warmUp } from "../ceiling.ts";
import { compareAll, compareOnServer } from "../comparisons/beside.ts";
import { onStage, SPREAD } from "../stage.ts";
import { round, summaryOf } from "../summary.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

const HOT = { merchants: 1 } as const;

export async function hot(given: Given): Promise<Outcome> {
  const { scenario, seconds, progress, profileDir, inFlight } = given;
  const comparing = { seconds, progress, inFlight, compare: given.compare ?? false };
  const { result, verdict } = await onStage(
    { shape: SPREAD, progress, profileDir, inFlight },
    async (stage) => {
      await warmUp(stage, seconds);
      const spread = await findCeiling(stage, seconds);
      progress(`a hundred merchants: at most ${Math.round(spread.completedPerSecond)}/s`);
      const ceiling = await findCeiling(stage, seconds, HOT);
      const open = await openBelow(stage, seconds, ceiling, HOT);
      return { spread, ceiling, open, beside: await compareOnServer(comparing, stage) };
    },
  );
  const { spread, ceiling, open, beside } = result;
  return outcomeOf(verdict, open, {
    ...summaryOf(scenario, open),
    ceiling_per_second: round(ceiling.completedPerSecond),
    payments_ceiling_per_second: round(spread.completedPerSecond),
    share_of_payments: round(ceiling.completedPerSecond / spread.completedPerSecond, 3),
    ...(await compareAll(comparing, open, beside)),
  });
}
