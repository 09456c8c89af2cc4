/** What a scenario's figures stand beside when a comparison is asked for: all measured in the same run. */
import type { Stretch } from "../run.ts";
import { SKELETON } from "../skeleton/skeleton.ts";
import { STACK } from "../stack/stack.ts";
import type { Stage } from "../stage.ts";
import { type Figures, round } from "../summary.ts";
import { measureOwnServer } from "./own-server.ts";
import { compareRows } from "./rows.ts";
import { compareTpcB } from "./tpc-b.ts";

export type Comparing = {
  readonly seconds: number;
  readonly progress: (line: string) => void;
  readonly compare: boolean;
  readonly inFlight: number;
};

/** Skeleton, stack and TPC-B on the stage's own PostgreSQL, while the platform does nothing. */
export async function compareOnServer({ compare, seconds }: Comparing, stage: Stage): Promise<Figures> {
  if (!compare) return {};
  const skeleton = await measureOwnServer(stage, SKELETON, seconds);
  const stack = await measureOwnServer(stage, STACK, seconds);
  return { skeleton, stack, ...(await compareTpcB(stage, seconds)) };
}

/**
 * Adds row at a time, on a platform of its own, and the shares of the skeleton and of the stack that `open`
 * reaches.
 */
export async function compareAll(
  { compare, seconds, progress, inFlight }: Comparing,
  open: Stretch,
  onServer: Figures,
): Promise<Figures> {
  if (!compare) return {};
  const shareOf = (name: "skeleton" | "stack") => {
    const { completed_per_second: beside } = onServer[name] as Figures;
    return round(open.completedPerSecond / (beside as number), 3);
  };
  return {
    share_of_skeleton: shareOf("skeleton"),
    share_of_stack: shareOf("stack"),
    ...onServer,
    ...(await compareRows(seconds, inFlight, progress)),
  };
}
