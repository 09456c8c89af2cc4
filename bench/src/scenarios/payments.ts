/**
 * `payments`: the closed-loop ceiling first, then open loop at 95 % of it; every printed figure is from the
 * open loop. Beside it, in the same run, what it is compared with.
 */
import { measureOpen } from "../ceiling.ts";
import { compareAll, compareOnServer } from "../comparisons/beside.ts";
import { onStage, SPREAD } from "../stage.ts";
import { round, summaryOf } from "../summary.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

export async function payments(given: Given): Promise<Outcome> {
  const { scenario, seconds, progress, profileDir, inFlight } = given;
  const comparing = { seconds, progress, inFlight, compare: given.compare ?? true };
  const { result, verdict } = await onStage(
    { shape: SPREAD, progress, profileDir, inFlight },
    async (stage) => ({
      ...(await measureOpen(stage, seconds)),
      beside: await compareOnServer(comparing, stage),
    }),
  );
  const { ceiling, open, beside } = result;
  return outcomeOf(verdict, open, {
    ...summaryOf(scenario, open),
    ceiling_per_second: round(ceiling.completedPerSecond),
    ...(await compareAll(comparing, open, beside)),
  });
}
