import { MINUTE, plus, SECOND } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import { type DueWorker, startDueWorker } from "../kernel/due.ts";
import type { Log } from "../kernel/log.ts";
import type { Verification } from "./model.ts";
import type { Verifications } from "./service.ts";
import { claimVerifications } from "./store.ts";

/** Longer than the bills of two days take, five minutes each at the worst. */
const LEASE_MS = 12 * MINUTE;
const IDLE_MS = 2 * SECOND;
const CONCURRENCY_MAX = 2;

/** Goes on with verifications that are due; any number of processes may run it. */
export function startVerificationWorker(deps: {
  readonly cell: Cell;
  readonly verifications: Pick<Verifications, "advance">;
  readonly log: Log;
}): DueWorker {
  const { cell, log, verifications } = deps;
  return startDueWorker<Verification>({
    name: "verifications",
    clock: cell.clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => claimVerifications(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: async ({ id }) => {
      await verifications.advance(id);
    },
  });
}
