/** Whence payouts' money comes: rows that are written with a payout and never change. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { PayoutSource } from "../model.ts";

const COLUMNS = "payout_id, merchant_id, code, amount";
const KEYS = ["payoutId", "merchantId", "code", "amount"] as const;

const insertSql = sql(
  "payout_sources_insert",
  `insert into payout_sources (${COLUMNS})
   select *
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])`,
);

export async function insertSources(tx: Tx, rows: readonly PayoutSource[]): Promise<void> {
  if (rows.length > 0) await tx.run(insertSql, columnsOf(rows, KEYS));
}

const ofPayoutsSql = sql(
  "payout_sources_of",
  `select ${COLUMNS}
   from payout_sources
   where payout_id = any($1::uuid[])
   order by payout_id, merchant_id`,
);

export type SourcesOf = (payoutId: Id) => readonly PayoutSource[];

/** The sources of these payouts. What it gives throws for a payout that has none: each has one at least. */
export async function sourcesOfPayouts(db: Db, payoutIds: readonly Id[]): Promise<SourcesOf> {
  const rows = await db.all<PayoutSource>(ofPayoutsSql, [payoutIds]);
  const known = Map.groupBy(rows, ({ payoutId }) => payoutId);
  return (payoutId) => {
    const own = known.get(payoutId);
    if (own === undefined) throw new Error(`the payout ${payoutId} has no source`);
    return own;
  };
}

const countSql = sql(
  "payout_sources_count",
  `select payout_id, count(*)::integer as sources
   from payout_sources
   where payout_id = any($1::uuid[])
   group by payout_id
   order by payout_id`,
);

/** How many sources these payouts have. */
export async function countSources(db: Db, payoutIds: readonly Id[]): Promise<ReadonlyMap<Id, number>> {
  const rows = await db.all<{ payoutId: Id; sources: number }>(countSql, [payoutIds]);
  return new Map(rows.map(({ payoutId, sources }) => [payoutId, sources]));
}

const deleteSql = sql(
  "payouts_delete_unheld",
  `with gone as (
     delete from payout_sources
     where payout_id = any($1::uuid[])
   )
   delete from payouts
   where id = any($1::uuid[])`,
);

/** Takes back payouts that this transaction has written and whose money is not there. */
export async function deletePayouts(tx: Tx, ids: readonly Id[]): Promise<void> {
  if (ids.length > 0) await tx.run(deleteSql, [ids]);
}
