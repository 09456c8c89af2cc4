import { plus } from "../../kernel/clock.ts";
import type { Tx } from "../../kernel/database.ts";
import { formatId, type Id, type IdMaker } from "../../kernel/ids.ts";
import { insertDeliveries, type NewDeliveryRow } from "../deliveries/store.ts";
import { type Delivery, type Endpoint, type Json, LEASE_MS } from "../model.ts";
import { type EventRow, insertEvents } from "./store.ts";

/** An event and the endpoints that hear of it. */
export type Recording = { readonly event: EventRow; readonly endpoints: readonly Endpoint[] };

/** The body of an event, as every try sends it: `{ id, type, created_at, data }`. */
export function writePayload(event: {
  readonly id: Id;
  readonly type: string;
  readonly createdAt: Date;
  readonly data: Readonly<Record<string, Json>>;
}): string {
  return JSON.stringify({
    id: formatId("evt", event.id),
    type: event.type,
    created_at: event.createdAt.toISOString(),
    data: event.data,
  });
}

/** Writes events and their deliveries, which are born leased; gives the deliveries that did not exist. */
export async function recordEvents(
  tx: Tx,
  newId: IdMaker,
  recordings: readonly Recording[],
  leasedFrom: Date,
): Promise<readonly Delivery[]> {
  if (recordings.length === 0) return [];
  // In one order in every transaction: the unique keys of rows that exist already are waited for.
  const sorted = recordings.toSorted((a, b) => compare(a.event.id, b.event.id));
  const leasedUntil = plus(leasedFrom, LEASE_MS);
  const born = sorted.flatMap(({ event, endpoints }) =>
    endpoints
      .toSorted((a, b) => compare(a.id, b.id))
      .map((endpoint): Delivery & NewDeliveryRow => ({
        id: newId(),
        eventId: event.id,
        merchantId: event.merchantId,
        endpointId: endpoint.id,
        payload: event.payload,
        leasedUntil,
        dueAt: leasedUntil,
        createdAt: event.createdAt,
      })),
  );
  const [, written] = await Promise.all([
    insertEvents(
      tx,
      sorted.map(({ event }) => event),
    ),
    born.length === 0 ? new Set<Id>() : insertDeliveries(tx, born),
  ]);
  return born.filter(({ id }) => written.has(id));
}

function compare(a: Id, b: Id): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
