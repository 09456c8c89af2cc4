import type { Clock } from "../../kernel/clock.ts";
import { plus } from "../../kernel/clock.ts";
import type { Cell, Db } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, type IdMaker } from "../../kernel/ids.ts";
import type { EndpointService } from "../endpoints/service.ts";
import { recordEvents, writePayload } from "../events/record.ts";
import { eventsOfTimeline } from "../events/store.ts";
import { type Delivery, type DeliveryView, type Endpoint, type EventView, LEASE_MS } from "../model.ts";
import {
  type DeliveryRow,
  deliveriesOfTimeline,
  failedTriesOf,
  findDelivery,
  lockDeliveries,
  updateDeliveries,
} from "./store.ts";

export type DeliveryService = {
  /** A delivery with its failed tries. Throws `not_found`, for another merchant's too. */
  get(merchantId: Id, id: Id): Promise<DeliveryDetail>;
  /**
   * Sends a delivery again, now and through a whole new round of the schedule, whatever its state: with the
   * same body and webhook-id. Throws `not_found`, and `conflict` while its endpoint is disabled.
   */
  resend(merchantId: Id, id: Id): Promise<DeliveryDetail>;
  /**
   * Sends a `ping` to an endpoint, whatever it subscribes to. Throws `not_found`, `conflict` while it is
   * disabled.
   */
  test(merchantId: Id, endpointId: Id): Promise<DeliveryDetail>;
};

export type DeliveryDetail = { readonly row: DeliveryRow; readonly view: DeliveryView };

export type DeliveryServiceDeps = {
  readonly cell: Cell;
  readonly clock: Clock;
  readonly newId: IdMaker;
  readonly endpoints: EndpointService;
  /** Sends from memory, after the commit. */
  readonly deliver: (deliveries: readonly Delivery[]) => void;
};

const FAILED_TRIES_SHOWN_MAX = 200;
const TIMELINE_MAX = 200;

export function createDeliveryService(deps: DeliveryServiceDeps): DeliveryService {
  const { cell, clock } = deps;
  const find = async (merchantId: Id, id: Id) => {
    const row = await findDelivery(cell.db, id);
    if (row === null || row.merchantId !== merchantId) throw problem("not_found");
    return row;
  };
  const get: DeliveryService["get"] = async (merchantId, id) => {
    const row = await find(merchantId, id);
    const [view] = await withTries(cell.db, [row]);
    return { row, view: view as DeliveryView };
  };

  return {
    get,
    resend: async (merchantId, id) => {
      const { eventId, endpointId, payload } = await find(merchantId, id);
      requireEnabled(await deps.endpoints.get(merchantId, endpointId));
      const leasedUntil = plus(clock.now(), LEASE_MS);
      await cell.transact(
        async (tx) => {
          const progress = await lockDeliveries(tx, [id]);
          const again = { state: "scheduled", dueAt: leasedUntil, roundFailures: 0 } as const;
          await updateDeliveries(
            tx,
            progress.map((delivery) => ({ ...delivery, ...again })),
          );
        },
        { repeatable: true },
      );
      deps.deliver([{ id, eventId, merchantId, endpointId, payload, leasedUntil }]);
      return get(merchantId, id);
    },
    test: async (merchantId, endpointId) => {
      const endpoint = await deps.endpoints.get(merchantId, endpointId);
      requireEnabled(endpoint);
      const deliveries = await recordPing(deps, endpoint);
      deps.deliver(deliveries);
      return get(merchantId, (deliveries[0] as Delivery).id);
    },
  };
}

async function recordPing(deps: DeliveryServiceDeps, endpoint: Endpoint): Promise<readonly Delivery[]> {
  const createdAt = deps.clock.now();
  const id = deps.newId();
  const type = "ping";
  const data = { webhook_endpoint: formatId("whe", endpoint.id) };
  const event = {
    id,
    merchantId: endpoint.merchantId,
    type,
    subjectId: endpoint.id,
    paymentId: null,
    createdAt,
    payload: writePayload({ id, type, createdAt, data }),
  } as const;
  return deps.cell.transact((tx) =>
    recordEvents(tx, deps.newId, [{ event, endpoints: [endpoint] }], createdAt),
  );
}

function requireEnabled(endpoint: Endpoint): void {
  if (endpoint.status === "enabled") return;
  throw problem("conflict", { detail: "the endpoint is disabled; enable it first" });
}

/** Deliveries with the tries that failed. */
async function withTries(db: Db, rows: readonly DeliveryRow[]): Promise<readonly DeliveryView[]> {
  const failing = rows.filter(({ tries }) => tries > 0).map(({ id }) => id);
  const tries = failing.length === 0 ? [] : await failedTriesOf(db, failing, FAILED_TRIES_SHOWN_MAX);
  const byDelivery = Map.groupBy(tries, ({ deliveryId }) => deliveryId);
  return rows.map(({ roundFailures: _, merchantId: __, paymentId: ___, ...delivery }) => ({
    ...delivery,
    failedTries: (byDelivery.get(delivery.id) ?? []).map(({ deliveryId: _, ...tried }) => tried),
  }));
}

/** The events of a payment's timeline, in order of time; at most 200. */
export function eventsOfPayment(db: Db, paymentId: Id): Promise<readonly EventView[]> {
  return eventsOfTimeline(db, paymentId, TIMELINE_MAX);
}

/** The deliveries of a payment's timeline, in order of time; at most 200. */
export async function deliveriesOfPayment(db: Db, paymentId: Id): Promise<readonly DeliveryView[]> {
  return withTries(db, await deliveriesOfTimeline(db, paymentId, TIMELINE_MAX));
}
