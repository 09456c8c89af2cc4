import { type Batcher, createBatcher } from "../../kernel/batcher.ts";
import type { Cell } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import { type AttemptPlace, attemptPlaces } from "./store.ts";

/** Where orders belong. It never changes, so what was placed a moment ago is not looked up. */
export type AttemptPlaces = {
  /** Remembers an attempt that is committed. */
  note(place: AttemptPlace): void;
  /** The attempt's place; null where there is no such attempt. */
  of(id: Id): Promise<AttemptPlace | null>;
  readonly gauges: Batcher<Id, AttemptPlace | null>["gauges"];
};

/** Two generations of this many: memory is bounded, and what is asked for early is still there. */
const GENERATION_MAX = 20_000;

export function createAttemptPlaces({
  cell,
  log,
}: {
  readonly cell: Cell;
  readonly log: Log;
}): AttemptPlaces {
  // Notifications come in swarms: one query finds the orders of all that arrived while the last one ran.
  const lookUp = createBatcher<Id, AttemptPlace | null>({
    name: "notified orders",
    log,
    clock: cell.clock,
    run: (ids) => attemptPlaces(cell.db, ids),
  });
  let young = new Map<Id, AttemptPlace>();
  let old = new Map<Id, AttemptPlace>();
  return {
    note: ({ id, paymentId, merchantId, channelAccountId }) => {
      if (young.size >= GENERATION_MAX) {
        old = young;
        young = new Map();
      }
      young.set(id, { id, paymentId, merchantId, channelAccountId });
    },
    of: async (id) => young.get(id) ?? old.get(id) ?? lookUp.submit(id),
    gauges: lookUp.gauges,
  };
}
