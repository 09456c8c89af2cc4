import type { Cell, WithTime } from "../../kernel/database.ts";
import type { Log } from "../../kernel/log.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { Webhooks } from "../../webhooks/index.ts";
import type { Readings } from "../readings.ts";

/** What a run is built from. */
export type SettleDeps = {
  readonly cell: Cell;
  readonly platform: Platform;
  readonly webhooks: Pick<Webhooks, "endpointsOf" | "record" | "deliver">;
  readonly readings: Readings;
  readonly log: Log;
  /** The cell's own when absent. */
  readonly withTime?: WithTime | undefined;
  /** From how many entries on a date's journals are read side by side; `SIDE_BY_SIDE_MIN` when absent. */
  readonly sideBySideMin?: number | undefined;
};
