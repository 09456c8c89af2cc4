import { SECOND } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import { type DueWorker, startDueWorker } from "../kernel/due.ts";
import type { Log } from "../kernel/log.ts";
import type { Job } from "../kernel/schedules.ts";
import type { Run } from "./model.ts";
import { type DayClose, LATE_AFTER_MS } from "./service.ts";

const IDLE_MS = 5 * SECOND;

/** Carries on runs that are due, one at a time; any number of processes may run it. */
export function startCloseWorker(deps: {
  readonly cell: Cell;
  readonly dayClose: Pick<DayClose, "claim" | "advance">;
  readonly log: Log;
}): DueWorker {
  const { cell, log, dayClose } = deps;
  let stopping = false;
  const worker = startDueWorker<Run>({
    name: "dayclose",
    clock: cell.clock,
    log,
    concurrencyMax: 1,
    idleMs: IDLE_MS,
    claim: (limit) => dayClose.claim(limit),
    handle: (run) => dayClose.advance(run, () => stopping),
  });
  return {
    ...worker,
    stop: () => {
      stopping = true;
      return worker.stop();
    },
  };
}

/**
 * Begins the close of each date that was cut over, at a time of day, and tells of those that are late.
 */
export function nightlyClose(deps: {
  readonly cell: Cell;
  readonly dayClose: Pick<DayClose, "beginMissing" | "unfinished">;
  readonly log: Log;
  /** `hh:mm`; null: only what operators ask for is closed. */
  readonly closeAt: string | null;
}): readonly Job[] {
  const { cell, dayClose, log, closeAt } = deps;
  if (closeAt === null) return [];
  const [hour, minute] = closeAt.split(":").map(Number);
  return [
    {
      name: "dayclose_begin",
      cron: `${minute} ${hour} * * *`,
      run: async () => {
        const begun = await dayClose.beginMissing();
        if (begun > 0) log.info({ days: begun }, "the close of what was cut over has begun");
      },
    },
    {
      name: "dayclose_late",
      cron: "0 * * * *",
      run: async () => {
        const { days, oldestClosedAt } = await dayClose.unfinished();
        if (oldestClosedAt === null) return;
        if (cell.clock.now().getTime() - oldestClosedAt.getTime() < LATE_AFTER_MS) return;
        log.error(
          { days: Number(days), oldestClosedAt },
          "a day that was cut over is not closed; see GET /v1/ops/days for the step that it stands at",
        );
      },
    },
  ];
}
