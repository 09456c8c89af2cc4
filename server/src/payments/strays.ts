import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";

/** A notification that belongs to no order here, or that was refused. */
export type Stray = {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly kind: "orphan" | "refused";
  readonly reason: string;
  readonly channelOrderNo: string | null;
  readonly notifyId: string | null;
  readonly outcome: string | null;
  readonly request: string;
  readonly receivedAt: Date;
};

const COLUMNS = `
  id, channel_account_id, kind, reason, channel_order_no, notify_id, outcome, request, received_at`;

const insertStraySql = sql(
  "stray_insert",
  `insert into stray_notifications (${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);

export async function insertStray(tx: Tx, stray: Stray): Promise<void> {
  await tx.run(insertStraySql, [
    stray.id,
    stray.channelAccountId,
    stray.kind,
    stray.reason,
    stray.channelOrderNo,
    stray.notifyId,
    stray.outcome,
    stray.request,
    stray.receivedAt,
  ]);
}

const listStraysSql = sql(
  "strays_list",
  `select ${COLUMNS}
   from stray_notifications
   where ($1::text is null or kind = $1)
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

/** Strays newest first, after the one with id `after`. */
export function listStrays(
  db: Db,
  kind: Stray["kind"] | null,
  after: Id | null,
  limit: number,
): Promise<Stray[]> {
  return db.all<Stray>(listStraysSql, [kind, after, limit]);
}
