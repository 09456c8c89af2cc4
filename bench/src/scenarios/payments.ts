/**
 * `payments`: the closed-loop ceiling first, then open loop at 95 % of it; every printed figure is from the
 * open loop. Beside it, in the same run, what the ceiling is compared with.
 */

import { measureOpen } from "../ceiling.ts";
import { compareRows } from "../comparisons/rows.ts";
import { compareTpcB } from "../comparisons/tpc-b.ts";
import type { Stretch } from "../run.ts";
import { runSkeleton } from "../skeleton/skeleton.ts";
import { onStage, SPREAD, type Stage } from "../stage.ts";
import { type Figures, round, summaryOf } from "../summary.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

export async function payments(given: Given): Promise<Outcome> {
  const { seconds, progress, profileDir } = given;
  const comparing = given.compare ?? true;
  const { result, verdict } = await onStage({ shape: SPREAD, progress, profileDir }, async (stage) => {
    const { ceiling, open } = await measureOpen(stage, seconds);
    const beside = comparing ? await compareOnSameServer(stage, seconds) : {};
    return { ceiling, open, beside, settings: await stage.gauge.settings() };
  });
  const { ceiling, open } = result;
  const rows = comparing ? await compareRows(seconds, progress) : {};
  return outcomeOf(verdict, open, {
    ...summaryOf(given.scenario, open),
    ceiling_per_second: round(ceiling.completedPerSecond),
    ...ratios(open, result.beside),
    ...rows,
    settings: result.settings,
  });
}

async function compareOnSameServer(stage: Stage, seconds: number): Promise<Figures> {
  const skeleton = await runSkeleton(stage, seconds);
  return { ...skeleton, ...(await compareTpcB(stage, seconds)) };
}

/** The platform's rate as a share of the skeleton's. */
function ratios(open: Stretch, beside: Figures): Figures {
  const skeleton = beside.skeleton as Figures | undefined;
  if (skeleton === undefined) return beside;
  const share = open.completedPerSecond / (skeleton.completed_per_second as number);
  return { ...beside, share_of_skeleton: round(share, 3) };
}
