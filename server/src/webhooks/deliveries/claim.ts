import type { Clock } from "../../kernel/clock.ts";
import { plus } from "../../kernel/clock.ts";
import type { Database } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Delivery, type Health, LEASE_MS, sendsAllowed } from "../model.ts";
import type { Lanes } from "../sending/lanes.ts";
import { claimDeliveries, endpointsWaiting, type WaitingEndpoint } from "./store.ts";

/** Endpoints looked at per step; a claim goes on until it is full or has seen them all. */
const ENDPOINTS_PER_STEP = 1_000;
const BEFORE_ALL: Id = "00000000-0000-0000-0000-000000000000";

/**
 * Claims due deliveries fairly: each endpoint only for as many places as its lane has, a paused one not at
 * all, one that has yet to recover for a single one, and turn by turn where there are more than `limit`. The
 * next claim goes on behind the endpoints of this one.
 */
export function createClaim(deps: {
  readonly cell: Database;
  readonly clock: Clock;
  readonly lanes: Pick<Lanes, "busy" | "learn" | "expectMore">;
}): (limit: number) => Promise<readonly Delivery[]> {
  const { cell, clock, lanes } = deps;
  let after = BEFORE_ALL;

  /** One transaction over the next endpoints; `after` is where to go on. */
  const step = async (limit: number): Promise<readonly Delivery[]> => {
    const found = await cell.transact(async (tx) => {
      const now = clock.now();
      const waiting = await endpointsWaiting(tx, after, ENDPOINTS_PER_STEP);
      const open = waiting
        .filter(({ dueAt }) => dueAt <= now)
        .map((endpoint) => ({ endpointId: endpoint.endpointId, places: placesOf(endpoint, lanes, now) }))
        .filter(({ places }) => places > 0);
      const lease = { now, leasedUntil: plus(now, LEASE_MS) };
      return {
        waiting,
        open,
        claimed: open.length === 0 ? [] : await claimDeliveries(tx, open, lease, limit),
      };
    });
    after =
      found.waiting.length === ENDPOINTS_PER_STEP
        ? (found.waiting.at(-1)?.endpointId ?? BEFORE_ALL)
        : BEFORE_ALL;
    const taken = Map.groupBy(found.claimed, ({ endpointId }) => endpointId);
    for (const { endpointId, places } of found.open) {
      if (taken.get(endpointId)?.length === places) lanes.expectMore(endpointId);
    }
    return found.claimed;
  };

  return async (limit) => {
    const claimed: Delivery[] = [];
    // From the middle of the endpoints a whole circle passes their end twice.
    let endsToPass = after === BEFORE_ALL ? 1 : 2;
    while (endsToPass > 0 && claimed.length < limit) {
      claimed.push(...(await step(limit - claimed.length)));
      if (after === BEFORE_ALL) endsToPass -= 1;
    }
    return claimed;
  };
}

function placesOf(endpoint: WaitingEndpoint, lanes: Pick<Lanes, "busy" | "learn">, now: Date): number {
  const health = lanes.learn(endpoint.endpointId, storedHealth(endpoint));
  return Math.max(0, sendsAllowed(health, now) - lanes.busy(endpoint.endpointId));
}

function storedHealth({ failures, failingSince, failedAt, pausedUntil }: WaitingEndpoint): Health | null {
  if (failures === null || failingSince === null || failedAt === null) return null;
  return { failures, failingSince, failedAt, pausedUntil };
}
