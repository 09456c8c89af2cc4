/** What a scenario's figures stand beside when a comparison is asked for: all measured in the same run. */
import type { Stretch } from "../run.ts";
import { runSkeleton } from "../skeleton/skeleton.ts";
import type { Stage } from "../stage.ts";
import { type Figures, round } from "../summary.ts";
import { compareRows } from "./rows.ts";
import { compareTpcB } from "./tpc-b.ts";

export type Comparing = {
  readonly seconds: number;
  readonly progress: (line: string) => void;
  readonly compare: boolean;
  readonly inFlight: number;
};

/** The skeleton and TPC-B on the stage's own PostgreSQL, while the platform does nothing. */
export async function compareOnServer({ compare, seconds }: Comparing, stage: Stage): Promise<Figures> {
  if (!compare) return {};
  return { ...(await runSkeleton(stage, seconds)), ...(await compareTpcB(stage, seconds)) };
}

/** Adds row at a time, on a platform of its own, and the share of the skeleton that `open` reaches. */
export async function compareAll(
  { compare, seconds, progress, inFlight }: Comparing,
  open: Stretch,
  onServer: Figures,
): Promise<Figures> {
  if (!compare) return {};
  const skeleton = (onServer.skeleton as Figures).completed_per_second as number;
  return {
    share_of_skeleton: round(open.completedPerSecond / skeleton, 3),
    ...onServer,
    ...(await compareRows(seconds, inFlight, progress)),
  };
}
