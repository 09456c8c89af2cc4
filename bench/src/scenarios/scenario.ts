/** What a scenario is given, and what it gives back. */
import type { Arguments } from "../arguments.ts";
import type { Stretch } from "../run.ts";
import type { Verdict } from "../stage.ts";
import type { Figures } from "../summary.ts";

export type Given = Arguments & {
  /** Says what happens, for whoever waits. */
  readonly progress: (line: string) => void;
};

export type Outcome = {
  readonly figures: Figures;
  /** Whether the run counts: the invariants hold and everything acknowledged was found. */
  readonly valid: boolean;
};

export type Scenario = (given: Given) => Promise<Outcome>;

/** Adds what was checked after the run; a backlog that stays voids it as a violation does. */
export function outcomeOf(
  { invariants, found, settings }: Verdict,
  { backlogEnd }: Pick<Stretch, "backlogEnd">,
  figures: Figures,
): Outcome {
  return {
    figures: { ...figures, settings, ...found, invariants },
    valid: invariants === "ok" && backlogEnd === 0,
  };
}
