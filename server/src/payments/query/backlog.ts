import { type Db, sql } from "../../kernel/database.ts";
import { BACKLOG_COUNTED_MAX, type Backlog } from "../../kernel/due.ts";

const kinds = ["attempts", "payments", "refunds", "disputes"] as const;

const dueOf = (kind: (typeof kinds)[number]) =>
  `select '${kind}' as kind, count(*) as due, min(due_at) as oldest_due_at
   from (select due_at from ${kind} where due_at <= $1 order by due_at limit $2) ${kind}_due`;

const backlogSql = sql(
  "payments_backlog",
  `select kind, due, oldest_due_at
   from (${kinds.map(dueOf).join(" union all ")}) backlog
   order by kind`,
);

/** What is due and not claimed. A row in work is leased: due only when its lease has ended. */
export function dueBacklog(db: Db, now: Date): Promise<Backlog[]> {
  return db.all<Backlog>(backlogSql, [now, BACKLOG_COUNTED_MAX]);
}
