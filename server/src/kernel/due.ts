import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/**
 * A worker over due rows. Truth is the row's due time in the database: a crash loses nothing, and several
 * processes may run the same worker, since a claim moves the due time into the future under `skip locked`.
 */
export type DueWorker = {
  /** Something may have become due: look now instead of after the idle gap. Only a hint. */
  nudge(): void;
  /** Claims no more and waits for what is in hand. */
  stop(): Promise<void>;
  readonly gauges: { readonly inFlight: number; readonly claimed: number; readonly failures: number };
};

export type DueOptions<Row> = {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Claims at most `limit` rows that are due: one short transaction that sets their due time to the lease's
   * end.
   */
  readonly claim: (limit: number) => Promise<readonly Row[]>;
  /** Does the work of one row. What it throws is logged; the row comes back when its lease ends. */
  readonly handle: (row: Row) => Promise<void>;
  readonly concurrencyMax: number;
  /** Rows of one claim; as many as have a place when absent. */
  readonly claimMax?: number;
  /** The gap between looks when nothing is due. */
  readonly idleMs: number;
};

/** How much of one kind waits for a worker, for metrics. */
export type Backlog = {
  readonly kind: string;
  /** Counted up to `BACKLOG_COUNTED_MAX`: beyond it the number is no news. */
  readonly due: bigint;
  readonly oldestDueAt: Date | null;
};

export const BACKLOG_COUNTED_MAX = 10_000;

/** Starts a worker; it runs until stopped. */
export function startDueWorker<Row>(options: DueOptions<Row>): DueWorker {
  const inFlight = new Set<Promise<void>>();
  const counts = { claimed: 0, failures: 0 };
  let rest: AbortController | null = null;
  let nudged = false;
  let stopping = false;

  const pause = async () => {
    if (nudged || stopping) return;
    rest = new AbortController();
    await options.clock.sleep(options.idleMs, rest.signal, options.name);
    rest = null;
  };

  const carryOut = async (row: Row) => {
    try {
      await options.handle(row);
    } catch (error) {
      counts.failures += 1;
      options.log.error(
        { err: error, worker: options.name },
        "a due row failed; it returns when its lease ends",
      );
    }
  };

  const start = (row: Row) => {
    const work = carryOut(row).then(() => {
      inFlight.delete(work);
      // A freed place is worth a look only when the last look left rows behind.
      if (inFlight.size === options.concurrencyMax - 1) rest?.abort();
    });
    inFlight.add(work);
  };

  const loop = async () => {
    while (!stopping) {
      nudged = false;
      const places = options.concurrencyMax - inFlight.size;
      const free = Math.min(places, options.claimMax ?? places);
      let rows: readonly Row[] = [];
      if (free > 0) {
        try {
          rows = await options.claim(free);
        } catch (error) {
          counts.failures += 1;
          options.log.warn({ err: error, worker: options.name }, "due rows could not be claimed");
        }
      }
      counts.claimed += rows.length;
      for (const row of rows) start(row);
      // A claim may bring more than it was asked for: then there are fewer than no places.
      if (rows.length < free || free <= 0) await pause();
    }
  };
  const running = loop();

  return {
    nudge: () => {
      nudged = true;
      rest?.abort();
    },
    stop: async () => {
      stopping = true;
      rest?.abort();
      await running;
      await Promise.all(inFlight);
    },
    gauges: {
      get inFlight() {
        return inFlight.size;
      },
      get claimed() {
        return counts.claimed;
      },
      get failures() {
        return counts.failures;
      },
    },
  };
}
