import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { WorkItem } from "../model.ts";

export type KeptWorkItem = WorkItem & {
  readonly state: "open" | "resolved";
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolution: string | null;
};

const COLUMNS = `
  id, kind, subject_id, payment_id, merchant_id, amount, currency, detail, state, opened_at, resolved_at,
  resolution`;

const listSql = sql(
  "work_items_list",
  `select ${COLUMNS}
   from work_items
   where ($1::text is null or state = $1)
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

const findSql = sql(
  "work_item_by_id",
  `select ${COLUMNS}
   from work_items
   where id = $1`,
);

const resolveSql = sql(
  "work_item_resolve",
  `update work_items
   set state = 'resolved', resolved_at = $2, resolved_by = $3, resolution = $4
   where id = $1
     and state = 'open'`,
);

const insertWorkItemsSql = sql(
  "work_items_insert",
  `insert into work_items (
     id, kind, subject_id, payment_id, merchant_id, amount, currency, detail, state, opened_at
   )
   select u.*, 'open', $9
   from unnest(
     $1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::text[]
   ) as u
   on conflict on constraint work_items_once do nothing`,
);

/** Opens work items; one per subject and kind. */
export async function insertWorkItems(tx: Tx, items: readonly WorkItem[], openedAt: Date): Promise<void> {
  if (items.length === 0) return;
  const keys = [
    "id",
    "kind",
    "subjectId",
    "paymentId",
    "merchantId",
    "amount",
    "currency",
    "detail",
  ] as const;
  await tx.run(insertWorkItemsSql, [...columnsOf(items, keys), openedAt]);
}

/** Work items newest first, after the one with id `after`. */
export function listWorkItems(
  db: Db,
  state: string | null,
  after: Id | null,
  limit: number,
): Promise<KeptWorkItem[]> {
  return db.all<KeptWorkItem>(listSql, [state, after, limit]);
}

export function workItemById(db: Db, id: Id): Promise<KeptWorkItem | null> {
  return db.one<KeptWorkItem>(findSql, [id]);
}

/** Closes an open item; one that is closed stays as it is. */
export async function resolveWorkItem(
  tx: Tx,
  id: Id,
  resolved: { readonly at: Date; readonly by: Id | null; readonly resolution: string },
): Promise<void> {
  await tx.run(resolveSql, [id, resolved.at, resolved.by, resolved.resolution]);
}
