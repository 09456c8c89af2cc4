/** What a scenario is given, and what it gives back. */
import type { Arguments } from "../arguments.ts";
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
