import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Delivery, DeliveryProgress, DeliveryState, EventType, FailedTry } from "../model.ts";

/** A delivery as lists show it, with what its event says of it. */
export type DeliveryRow = DeliveryProgress & {
  readonly eventId: Id;
  readonly endpointId: Id;
  readonly createdAt: Date;
  readonly merchantId: Id;
  readonly type: EventType;
  readonly paymentId: Id | null;
};

export type NewDeliveryRow = {
  readonly id: Id;
  readonly eventId: Id;
  readonly endpointId: Id;
  readonly dueAt: Date;
  readonly createdAt: Date;
};

const insert = sql(
  "webhooks_insert_deliveries",
  `insert into deliveries (id, event_id, endpoint_id, state, tries, round_failures, due_at, created_at)
   select id, event_id, endpoint_id, 'scheduled', 0, 0, due_at, created_at
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[])
     as new (id, event_id, endpoint_id, due_at, created_at)
   on conflict (event_id, endpoint_id) do nothing
   returning id`,
);

/** Writes deliveries sorted by event; the ids of those that did not exist. */
export async function insertDeliveries(tx: Tx, rows: readonly NewDeliveryRow[]): Promise<Set<Id>> {
  const columns = columnsOf(rows, ["id", "eventId", "endpointId", "dueAt", "createdAt"]);
  const written = await tx.all<{ id: Id }>(insert, columns);
  return new Set(written.map(({ id }) => id));
}

const PROGRESS = `d.id, d.state, d.tries, d.round_failures, d.due_at, d.last_tried_at, d.last_status,
   d.last_error, d.last_duration_ms, d.delivered_at`;

const lock = sql(
  "webhooks_lock_deliveries",
  `select ${PROGRESS}
   from deliveries d
   where d.id = any($1::uuid[])
   order by d.id
   for no key update`,
);

export function lockDeliveries(tx: Tx, ids: readonly Id[]): Promise<DeliveryProgress[]> {
  return tx.all(lock, [ids]);
}

const update = sql(
  "webhooks_update_deliveries",
  `update deliveries as d
   set state = new.state,
     tries = new.tries,
     round_failures = new.round_failures,
     due_at = new.due_at,
     last_tried_at = new.last_tried_at,
     last_status = new.last_status,
     last_error = new.last_error,
     last_duration_ms = new.last_duration_ms,
     delivered_at = new.delivered_at
   from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::int[],
     $8::text[], $9::int[], $10::timestamptz[])
     as new (id, state, tries, round_failures, due_at, last_tried_at, last_status, last_error,
       last_duration_ms, delivered_at)
   where d.id = new.id`,
);

/** Writes the progress of deliveries that this transaction has locked. */
export async function updateDeliveries(tx: Tx, rows: readonly DeliveryProgress[]): Promise<void> {
  await tx.run(
    update,
    columnsOf(rows, [
      "id",
      "state",
      "tries",
      "roundFailures",
      "dueAt",
      "lastTriedAt",
      "lastStatus",
      "lastError",
      "lastDurationMs",
      "deliveredAt",
    ]),
  );
}

export type NewTryRow = FailedTry & { readonly deliveryId: Id };

const insertTries = sql(
  "webhooks_insert_tries",
  `insert into delivery_tries (delivery_id, number, started_at, duration_ms, status, error, answer)
   select *
   from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::int[], $5::int[], $6::text[], $7::text[])`,
);

export async function insertFailedTries(tx: Tx, rows: readonly NewTryRow[]): Promise<void> {
  await tx.run(
    insertTries,
    columnsOf(rows, ["deliveryId", "number", "startedAt", "durationMs", "status", "error", "answer"]),
  );
}

const tries = sql(
  "webhooks_tries_of_deliveries",
  `select delivery_id, number, started_at, duration_ms, status, error, answer
   from delivery_tries
   where delivery_id = any($1::uuid[])
   order by delivery_id, number
   limit $2`,
);

export function failedTriesOf(db: Db, ids: readonly Id[], limit: number): Promise<NewTryRow[]> {
  return db.all(tries, [ids, limit]);
}

const VIEW = `${PROGRESS}, d.event_id, d.endpoint_id, d.created_at, e.merchant_id, e.type, e.payment_id`;

const find = sql(
  "webhooks_find_delivery",
  `select ${VIEW}, e.payload
   from deliveries d
   join events e on e.id = d.event_id
   where d.id = $1`,
);

export function findDelivery(db: Db, id: Id): Promise<(DeliveryRow & { readonly payload: string }) | null> {
  return db.one(find, [id]);
}

/**
 * What a list is asked for; null: any. `before` is the event and delivery that the previous page ended with.
 */
export type DeliveryQuery = {
  readonly merchantId: Id | null;
  readonly state: DeliveryState | null;
  readonly endpointId: Id | null;
  readonly eventId: Id | null;
  readonly paymentId: Id | null;
  readonly before: readonly [eventId: Id, id: Id] | null;
  readonly limit: number;
};

// A delivery is as old as its event, so a list follows the events. Each of these starts from another index: a
// single statement with all filters optional would be planned for none of them.
const FILTERS = `($1::uuid is null or e.merchant_id = $1)
     and ($2::text is null or d.state = $2)
     and ($3::uuid is null or d.endpoint_id = $3)
     and ($4::uuid is null or (d.event_id, d.id) < ($4, $5::uuid))`;

const listing = (name: string, starts: string) =>
  sql(
    `webhooks_deliveries_${name}`,
    `select ${VIEW}
     from deliveries d
     join events e on e.id = d.event_id
     where ${starts}
       and ${FILTERS}
     order by d.event_id desc, d.id desc
     limit $6`,
  );

const listAll = listing("all", "true");
const listOfMerchant = listing("of_merchant", "e.merchant_id = $1");
const listScheduled = listing("scheduled", "d.state = 'scheduled' and d.endpoint_id = any($7::uuid[])");
const listDead = listing("dead", "d.state = 'dead' and d.endpoint_id = any($7::uuid[])");
const listAllDead = listing("all_dead", "d.state = 'dead'");
const listOfEvent = listing("of_event", "d.event_id = $7");
const listOfPayment = listing("of_payment", "e.payment_id = $7");

/**
 * Newest first. @param endpointIds of the merchant, when there is one: by them what is not delivered is
 * found.
 */
export function listDeliveries(
  db: Db,
  query: DeliveryQuery,
  endpointIds: readonly Id[],
): Promise<DeliveryRow[]> {
  const { merchantId, state, endpointId, eventId, paymentId, before, limit } = query;
  const filters = [merchantId, state, endpointId, before?.[0] ?? null, before?.[1] ?? null, limit];
  if (eventId !== null) return db.all(listOfEvent, [...filters, eventId]);
  if (paymentId !== null) return db.all(listOfPayment, [...filters, paymentId]);
  if (merchantId === null) return db.all(state === "dead" ? listAllDead : listAll, filters);
  if (state === "scheduled") return db.all(listScheduled, [...filters, endpointIds]);
  if (state === "dead") return db.all(listDead, [...filters, endpointIds]);
  return db.all(listOfMerchant, filters);
}

const timeline = sql(
  "webhooks_deliveries_of_timeline",
  `select ${VIEW}
   from events e
   join deliveries d on d.event_id = e.id
   where e.payment_id = $1
   order by d.event_id, d.id
   limit $2`,
);

/** A payment's deliveries in order of time. */
export function deliveriesOfTimeline(db: Db, paymentId: Id, limit: number): Promise<DeliveryRow[]> {
  return db.all(timeline, [paymentId, limit]);
}

const waiting = sql(
  "webhooks_endpoints_waiting",
  `with recursive steps as (
     (
       select endpoint_id, due_at, 1 as step
       from deliveries
       where state = 'scheduled' and endpoint_id > $1
       order by endpoint_id, due_at
       limit 1
     )
     union all
     select next.endpoint_id, next.due_at, steps.step + 1
     from steps
     cross join lateral (
       select endpoint_id, due_at
       from deliveries
       where state = 'scheduled' and endpoint_id > steps.endpoint_id
       order by endpoint_id, due_at
       limit 1
     ) as next
     where steps.step < $2
   )
   select s.endpoint_id, s.due_at, h.failures, h.failing_since, h.failed_at, h.paused_until
   from steps s
   left join endpoint_health h on h.endpoint_id = s.endpoint_id
   order by s.endpoint_id`,
);

export type WaitingEndpoint = {
  readonly endpointId: Id;
  /** When the first of its deliveries is due. */
  readonly dueAt: Date;
  /** All null for an endpoint that does not fail. */
  readonly failures: number | null;
  readonly failingSince: Date | null;
  readonly failedAt: Date | null;
  readonly pausedUntil: Date | null;
};

/**
 * The next endpoints after `after` that have anything scheduled: one step along the index each, however long
 * their backlogs.
 */
export function endpointsWaiting(tx: Tx, after: Id, limit: number): Promise<WaitingEndpoint[]> {
  return tx.all(waiting, [after, limit]);
}

// Turn by turn: the first due delivery of every endpoint, then the second … so that a long backlog takes only
// the places that nobody else wants.
const claim = sql(
  "webhooks_claim_deliveries",
  `with picked as materialized (
     select d.id
     from unnest($1::uuid[], $2::int[]) as o (endpoint_id, places)
     cross join lateral (
       select due.id, due.due_at, row_number() over (order by due.due_at, due.id) as turn
       from (
         select id, due_at
         from deliveries
         where endpoint_id = o.endpoint_id and state = 'scheduled' and due_at <= $3
         order by due_at
         limit o.places
       ) as due
     ) as d
     order by d.turn, d.due_at, d.id
     limit $4
   ),
   locked as (
     select id, event_id
     from deliveries
     where id in (select id from picked) and state = 'scheduled' and due_at <= $3
     order by id
     for no key update skip locked
   ),
   claimed as (
     update deliveries as d
     set due_at = $5
     from locked
     join events e on e.id = locked.event_id
     where d.id = locked.id
     returning d.id, d.event_id, e.merchant_id, d.endpoint_id, e.payload, d.due_at as leased_until
   )
   select id, event_id, merchant_id, endpoint_id, payload, leased_until
   from claimed
   order by id`,
);

/** Takes at most `limit` due deliveries, and of each endpoint at most its places, until `leasedUntil`. */
export function claimDeliveries(
  tx: Tx,
  endpoints: readonly { readonly endpointId: Id; readonly places: number }[],
  at: { readonly now: Date; readonly leasedUntil: Date },
  limit: number,
): Promise<Delivery[]> {
  const columns = columnsOf(endpoints, ["endpointId", "places"]);
  return tx.all(claim, [...columns, at.now, limit, at.leasedUntil]);
}
