import type { Clock } from "../../kernel/clock.ts";
import { SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Written } from "../deliveries/results.ts";
import type { Delivery, Endpoint, TryResult } from "../model.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import type { Sender } from "./sender.ts";

/** Sends deliveries that this process holds, and has their results written. */
export type Deliverer = {
  /** Sends when there is a place; otherwise leaves the delivery to its lease. Never throws. */
  offer(delivery: Delivery): void;
  /** The same, resolving when the result is written or the delivery was left. */
  send(delivery: Delivery): Promise<void>;
  readonly lanes: Pick<Lanes, "busy" | "learn" | "expectMore" | "forget">;
  /** Sends nothing more; waits shortly for what is under way, then cuts it and leaves it to its lease. */
  stop(): Promise<void>;
  readonly gauges: {
    readonly inFlight: number;
    readonly waiting: number;
    readonly left: number;
    readonly delivered: number;
    readonly failedTries: number;
    readonly dead: number;
  };
};

export type DelivererDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly sender: Sender;
  /** The endpoint as it is now; null when it is gone. */
  readonly endpointOf: (merchantId: Id, endpointId: Id) => Promise<Endpoint | null>;
  /** Writes a result. When it rejects, the delivery is left to its lease. */
  readonly report: (result: TryResult) => Promise<Written>;
  /** A lane that had more due than places has places again. */
  readonly onPlaces: () => void;
};

const STOP_GRACE_MS = 2 * SECOND;

export function createDeliverer(deps: DelivererDeps): Deliverer {
  const cut = new AbortController();
  const counts = { delivered: 0, failedTries: 0, dead: 0 };

  const attempt = async (delivery: Delivery, answered: () => void): Promise<boolean> => {
    const result = await tryOnce(deps, delivery, cut.signal);
    if (result === null) return false;
    const delivered = result.fault === null;
    if (result.fault !== "endpoint_disabled") lanes.note(delivery.endpointId, { ...result, delivered });
    counts[delivered ? "delivered" : "failedTries"] += 1;
    answered();
    if ((await deps.report(result)) === "dead") counts.dead += 1;
    return true;
  };

  const lanes = createLanes({
    clock: deps.clock,
    onPlaces: deps.onPlaces,
    run: (delivery, answered) =>
      attempt(delivery, answered).catch((error: unknown) => {
        const id = formatId("dlv", delivery.id);
        deps.log.warn({ err: error, delivery: id }, "a delivery is left to its lease");
        return false;
      }),
  });

  return {
    offer: (delivery) => lanes.take(delivery, () => {}),
    send: (delivery) => new Promise((resolve) => lanes.take(delivery, resolve)),
    lanes,
    stop: async () => {
      lanes.close();
      const over = new AbortController();
      await Promise.race([lanes.idle(), deps.clock.sleep(STOP_GRACE_MS, over.signal)]);
      over.abort();
      cut.abort();
      await lanes.idle();
    },
    gauges: {
      get inFlight() {
        return lanes.gauges.inFlight;
      },
      get waiting() {
        return lanes.gauges.waiting;
      },
      get left() {
        return lanes.gauges.left;
      },
      get delivered() {
        return counts.delivered;
      },
      get failedTries() {
        return counts.failedTries;
      },
      get dead() {
        return counts.dead;
      },
    },
  };
}

/** One try; null when it was cut by our own stop, so that nobody knows what came of it. */
async function tryOnce(deps: DelivererDeps, delivery: Delivery, cut: AbortSignal): Promise<TryResult | null> {
  const endpoint = await deps.endpointOf(delivery.merchantId, delivery.endpointId);
  const startedAt = deps.clock.now();
  const about = { deliveryId: delivery.id, endpointId: delivery.endpointId, startedAt };
  if (endpoint === null || endpoint.status !== "enabled") {
    const error = "the endpoint is disabled";
    const fault = "endpoint_disabled";
    return { ...about, endedAt: startedAt, status: null, answer: null, fault, error };
  }
  if (endpoint.keys.length === 0) throw new Error("the endpoint's secret does not open: see the master keys");
  const sent = await deps.sender.send(delivery, endpoint, startedAt, cut);
  if (sent.fault !== null && cut.aborted) return null;
  return { ...about, ...sent, endedAt: deps.clock.now() };
}
