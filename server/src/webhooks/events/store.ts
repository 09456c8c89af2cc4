import { columnsOf, type Db, sql, type Tx, textsOf } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { EventType } from "../model.ts";

/** An event as it is kept. `payload` is the body, byte for byte. */
export type EventRow = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly type: EventType;
  readonly subjectId: Id;
  readonly paymentId: Id | null;
  readonly createdAt: Date;
  readonly payload: string;
};

/** Keys of a page: events before `before`, newest first. */
export type EventPage = { readonly before: Id | null; readonly limit: number };

const COLUMNS = "id, merchant_id, type, subject_id, payment_id, created_at, payload";

const insert = sql(
  "webhooks_insert_events",
  `insert into events (${COLUMNS})
   select e.id, e.merchant_id, e.type, e.subject_id, e.payment_id, e.created_at,
     convert_from(substring($7::bytea from e.payload_at for e.payload_bytes), 'UTF8')
   from unnest(
     $1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::timestamptz[], $8::int[], $9::int[]
   ) as e (id, merchant_id, type, subject_id, payment_id, created_at, payload_at, payload_bytes)
   on conflict (id) do nothing`,
);

/** Writes events; those that exist are left as they are. Rows come sorted by id. */
export async function insertEvents(tx: Tx, rows: readonly EventRow[]): Promise<void> {
  await tx.run(insert, [
    ...columnsOf(rows, ["id", "merchantId", "type", "subjectId", "paymentId", "createdAt"]),
    ...textsOf(rows, ({ payload }) => payload),
  ]);
}

const find = sql(
  "webhooks_find_event",
  `select ${COLUMNS}
   from events
   where id = $1 and merchant_id = $2`,
);

export function findEvent(db: Db, merchantId: Id, id: Id): Promise<EventRow | null> {
  return db.one(find, [id, merchantId]);
}

const ofMerchant = sql(
  "webhooks_events_of_merchant",
  `select ${COLUMNS}
   from events
   where merchant_id = $1
     and ($2::uuid is null or id < $2)
     and ($3::text is null or type = $3)
   order by id desc
   limit $4`,
);

export function eventsOfMerchant(
  db: Db,
  merchantId: Id,
  type: EventType | null,
  page: EventPage,
): Promise<EventRow[]> {
  return db.all(ofMerchant, [merchantId, page.before, type, page.limit]);
}

// A payment's own events are found by its timeline's index, which spares most events an entry in the other
// one.
const ofSubject = sql(
  "webhooks_events_of_subject",
  `select ${COLUMNS}
   from (
     select ${COLUMNS}
     from events
     where payment_id = $2 and subject_id = $2
     union all
     select ${COLUMNS}
     from events
     where subject_id = $2 and subject_id is distinct from payment_id
   ) as found
   where merchant_id = $1
     and ($3::uuid is null or id < $3)
     and ($4::text is null or type = $4)
   order by id desc
   limit $5`,
);

export function eventsOfSubject(
  db: Db,
  merchantId: Id,
  subjectId: Id,
  type: EventType | null,
  page: EventPage,
): Promise<EventRow[]> {
  return db.all(ofSubject, [merchantId, subjectId, page.before, type, page.limit]);
}

const ofPayment = sql(
  "webhooks_events_of_payment",
  `select ${COLUMNS}
   from events
   where payment_id = $1
   order by id
   limit $2`,
);

/** A payment's events and those of its refunds, in order of time. */
export function eventsOfTimeline(db: Db, paymentId: Id, limit: number): Promise<EventRow[]> {
  return db.all(ofPayment, [paymentId, limit]);
}
