import type { Cell, Database } from "../kernel/database.ts";
import type { Invariant } from "../kernel/invariants.ts";
import type { Log } from "../kernel/log.ts";
import type { Job } from "../kernel/schedules.ts";
import { type AuditResult, runAudit } from "./audit.ts";
import { insertAudit } from "./audit-store.ts";

/** After the day's cut-over and its late notifications, before anybody pays out. */
const EVERY_NIGHT = "30 3 * * *";

export type NightlyAuditDeps = {
  /** Connections of its own, for the time of an audit: some checks read a whole table. */
  readonly open: () => Pick<Database, "db" | "close">;
  readonly cell: Cell;
  readonly log: Log;
  readonly invariants: readonly Invariant[];
};

/**
 * Checks every invariant each night, in short reads beside the running platform, and keeps what it found for
 * /metrics and `/v1/ops/invariants`. One process does it.
 */
export function nightlyAudit({ open, cell, log, invariants }: NightlyAuditDeps): Job {
  return {
    name: "audit",
    cron: EVERY_NIGHT,
    run: async (goOn) => {
      const id = cell.newId();
      const beganAt = cell.clock.now();
      const results = await readAll(open(), invariants, goOn);
      const audit = { id, beganAt, endedAt: cell.clock.now() };
      await cell.transact((tx) => insertAudit(tx, audit, results), { repeatable: true });
      const violated = results.filter(({ violations }) => violations.length > 0).map(({ name }) => name);
      if (violated.length === 0)
        log.info({ invariants: results.length }, "every invariant of the books holds");
      else log.error({ violated }, "invariants are violated: stop paying out until each is explained");
    },
  };
}

async function readAll(
  reading: Pick<Database, "db" | "close">,
  invariants: readonly Invariant[],
  goOn: () => Promise<void>,
): Promise<readonly AuditResult[]> {
  try {
    return await runAudit(reading.db, invariants, () => {}, { goOn });
  } finally {
    await reading.close();
  }
}
