import { type Clock, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";

/**
 * The calls about due rows, by channel account: so many of one account at once, and no more. An account whose
 * channel is slow fills its own lane, and no row of it is claimed until there is room again, so the places of
 * the workers stay with the others.
 */
export type Lanes = {
  /**
   * Runs `work` when the account has a place. A row whose turn comes too late for its lease is left to it,
   * and comes back. `waited`: what is known of the row may be old by now.
   */
  run(account: LaneOwner, work: (waited: boolean) => Promise<void>): Promise<void>;
  /** The accounts that have no place, of which nothing more should be claimed. */
  full(): Id[];
};

export type LaneOwner = { readonly id: Id; readonly callsInFlightMax: number };

/** A third of the lease: what is left is as long as two calls may take. */
const WAIT_MS_MAX = 10 * SECOND;

type Lane = {
  inFlight: number;
  placesMax: number;
  readonly waiting: { readonly since: number; readonly go: (inTime: boolean) => void }[];
};

/** @param freed called when an account has room again after it had none */
export function createLanes(deps: { readonly clock: Clock; readonly freed: () => void }): Lanes {
  const lanes = new Map<Id, Lane>();
  const now = () => deps.clock.now().getTime();

  const leave = (id: Id, lane: Lane) => {
    lane.inFlight -= 1;
    while (lane.inFlight < lane.placesMax) {
      const next = lane.waiting.shift();
      if (next === undefined) break;
      const inTime = now() - next.since <= WAIT_MS_MAX;
      if (inTime) lane.inFlight += 1;
      next.go(inTime);
    }
    if (lane.inFlight === 0) lanes.delete(id);
    if (lane.inFlight === lane.placesMax - 1) deps.freed();
  };

  return {
    run: async ({ id, callsInFlightMax }, work) => {
      const lane: Lane = lanes.get(id) ?? { inFlight: 0, placesMax: callsInFlightMax, waiting: [] };
      lanes.set(id, lane);
      lane.placesMax = callsInFlightMax;
      const mustWait = lane.inFlight >= lane.placesMax;
      if (!mustWait) lane.inFlight += 1;
      else if (!(await new Promise<boolean>((go) => lane.waiting.push({ since: now(), go })))) return;
      try {
        await work(mustWait);
      } finally {
        leave(id, lane);
      }
    },
    full: () => [...lanes].filter(([, { inFlight, placesMax }]) => inFlight >= placesMax).map(([id]) => id),
  };
}
