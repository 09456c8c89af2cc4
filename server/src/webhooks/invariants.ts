import { type Db, sql } from "../kernel/database.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";

const endless = sql(
  "webhooks_audit_endless",
  `select id, state, due_at, delivered_at
   from deliveries
   where (state = 'scheduled') <> (due_at is not null)
     or (state = 'delivered' and delivered_at is null)
   order by id
   limit $1`,
);

const orphans = sql(
  "webhooks_audit_orphans",
  `select d.id, d.event_id
   from deliveries d
   where not exists (select from events e where e.id = d.event_id)
   order by d.id
   limit $1`,
);

const uncounted = sql(
  "webhooks_audit_tries",
  `select d.id, d.tries, count(t.number)::integer as kept, max(t.number) as last
   from delivery_tries t
   left join deliveries d on d.id = t.delivery_id
   group by t.delivery_id, d.id, d.tries
   having d.id is null or count(t.number) > d.tries or max(t.number) > d.tries
   order by t.delivery_id
   limit $1`,
);

const dlv = (id: Id | null) => (id === null ? "a delivery" : formatId("dlv", id));

/**
 * What must hold of events and deliveries; that each final change has its event is for the room above to say.
 */
export const invariants: readonly Invariant[] = [
  {
    name: "5 deliveries go on",
    sentence: "Every delivery has arrived, has a due time, or is dead and visible.",
    per: "cell",
    check: async (db: Db): Promise<readonly Violation[]> => {
      const found = await db.all<{ id: Id; state: string }>(endless, [VIOLATIONS_MAX]);
      return found.map(({ id, state }) => ({
        subject: dlv(id),
        detail:
          state === "scheduled" ? "is scheduled without a due time" : `is ${state} without its time, or due`,
      }));
    },
  },
  {
    name: "5 deliveries tell of events",
    sentence: "Every delivery belongs to an event that is kept.",
    per: "cell",
    check: async (db: Db): Promise<readonly Violation[]> => {
      const found = await db.all<{ id: Id; eventId: Id }>(orphans, [VIOLATIONS_MAX]);
      return found.map(({ id, eventId }) => ({
        subject: dlv(id),
        detail: `there is no event ${formatId("evt", eventId)}`,
      }));
    },
  },
  {
    name: "5 tries are counted",
    sentence: "A delivery counts at least the failed tries that are kept of it.",
    per: "cell",
    check: async (db: Db): Promise<readonly Violation[]> => {
      const found = await db.all<{ id: Id | null; tries: number | null; kept: number }>(uncounted, [
        VIOLATIONS_MAX,
      ]);
      return found.map(({ id, tries, kept }) => ({
        subject: dlv(id),
        detail: `${kept} failed tries are kept, and it counts ${tries ?? "none: it is gone"}`,
      }));
    },
  },
];
