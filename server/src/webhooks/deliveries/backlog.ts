import { type Db, sql } from "../../kernel/database.ts";
import { BACKLOG_COUNTED_MAX, type Backlog } from "../../kernel/due.ts";

const backlogSql = sql(
  "webhooks_backlog",
  `select 'deliveries' as kind, count(*) as due, min(due_at) as oldest_due_at
   from (
     select due_at
     from deliveries
     where state = 'scheduled'
       and due_at <= $1
     order by endpoint_id, due_at
     limit $2
   ) due
   order by 1`,
);

/** Deliveries that are due and not claimed, those of paused endpoints among them. */
export function deliveryBacklog(db: Db, now: Date): Promise<Backlog[]> {
  return db.all<Backlog>(backlogSql, [now, BACKLOG_COUNTED_MAX]);
}
