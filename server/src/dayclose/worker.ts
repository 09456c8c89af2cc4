import { SECOND } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import { type DueWorker, startDueWorker } from "../kernel/due.ts";
import type { Log } from "../kernel/log.ts";
import type { Job } from "../kernel/schedules.ts";
import type { Alarms } from "./alarms.ts";
import type { Run } from "./model.ts";
import type { DayClose } from "./service.ts";

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

/** Begins the close of each date that was cut over, at a time of day, and says what needs a person. */
export function nightlyClose(deps: {
  readonly dayClose: Pick<DayClose, "beginMissing">;
  readonly alarms: Pick<Alarms, "say">;
  readonly log: Log;
  /** `hh:mm`; null: only what operators ask for is closed. */
  readonly closeAt: string | null;
}): readonly Job[] {
  const { dayClose, alarms, log, closeAt } = deps;
  const late: Job = { name: "dayclose_late", cron: "*/10 * * * *", run: () => alarms.say() };
  if (closeAt === null) return [late];
  const [hour, minute] = closeAt.split(":").map(Number);
  const begin: Job = {
    name: "dayclose_begin",
    cron: `${minute} ${hour} * * *`,
    run: async () => {
      const begun = await dayClose.beginMissing();
      if (begun > 0) log.info({ days: begun }, "the close of what was cut over has begun");
    },
  };
  return [begin, late];
}
