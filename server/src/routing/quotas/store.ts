import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Use, useKey } from "./model.ts";

const COLUMNS = `
  channel_account_id, period, starts_on, used_amount, used_count, amount_max, count_max, last_used_at`;

const openSql = sql(
  "quota_uses_open",
  `insert into quota_uses (channel_account_id, period, starts_on, used_amount, used_count)
   select u.channel_account_id, u.period, u.starts_on, 0, 0
   from unnest($1::uuid[], $2::text[], $3::date[]) as u (channel_account_id, period, starts_on)
   on conflict on constraint quota_uses_pkey do nothing`,
);

const lockSql = sql(
  "quota_uses_lock",
  `select ${COLUMNS}
   from quota_uses
   where (channel_account_id, period, starts_on) in (
       select u.channel_account_id, u.period, u.starts_on
       from unnest($1::uuid[], $2::text[], $3::date[]) as u (channel_account_id, period, starts_on)
     )
   order by channel_account_id, period, starts_on
   for no key update`,
);

const writeSql = sql(
  "quota_uses_write",
  `update quota_uses q
   set
     used_amount = u.used_amount,
     used_count = u.used_count,
     amount_max = u.amount_max,
     count_max = u.count_max,
     last_used_at = u.last_used_at
   from unnest(
     $1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::timestamptz[]
   ) as u (
     channel_account_id, period, starts_on, used_amount, used_count, amount_max, count_max, last_used_at
   )
   where q.channel_account_id = u.channel_account_id
     and q.period = u.period
     and q.starts_on = u.starts_on`,
);

// A late payment of an order that had been given up is money that moved: it counts even past the limit.
const adjustSql = sql(
  "quota_uses_adjust",
  `update quota_uses q
   set
     used_amount = greatest(0, q.used_amount + u.amount),
     used_count = greatest(0, q.used_count + u.count),
     amount_max = case
       when q.amount_max is not null then greatest(q.amount_max, q.used_amount + u.amount)
     end,
     count_max = case when q.count_max is not null then greatest(q.count_max, q.used_count + u.count) end
   from unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[]) as u (
     channel_account_id, period, starts_on, amount, count
   )
   where q.channel_account_id = u.channel_account_id
     and q.period = u.period
     and q.starts_on = u.starts_on`,
);

const ofAccountsSql = sql(
  "quota_uses_of_accounts",
  `select ${COLUMNS}
   from quota_uses
   where channel_account_id = any($1::uuid[])
     and (period = 'cool_down' or starts_on >= $2::date)
   order by channel_account_id, period, starts_on`,
);

type Key = Pick<Use, "channelAccountId" | "period" | "startsOn">;
const KEY = ["channelAccountId", "period", "startsOn"] as const;

/** Makes the rows that are not there, and locks all, in the one order. */
export async function lockUses(tx: Tx, keys: readonly Key[]): Promise<Map<string, Use>> {
  const columns = columnsOf(sorted(keys), KEY);
  await tx.run(openSql, columns);
  const rows = await tx.all<Use>(lockSql, columns);
  return new Map(rows.map((row) => [useKey(row), row]));
}

/** Writes what was used of rows that this transaction has locked. */
export async function writeUses(tx: Tx, uses: readonly Use[]): Promise<void> {
  if (uses.length === 0) return;
  const keys = [...KEY, "usedAmount", "usedCount", "amountMax", "countMax", "lastUsedAt"] as const;
  await tx.run(writeSql, columnsOf(uses, keys));
}

export type Adjustment = Key & { readonly amount: bigint; readonly count: bigint };

/** Adds to what was used, or takes from it, whatever the limits say. */
export async function adjustUses(tx: Tx, adjustments: readonly Adjustment[]): Promise<void> {
  if (adjustments.length === 0) return;
  const rows = sorted(adjustments);
  await Promise.all([
    tx.all(lockSql, columnsOf(rows, KEY)),
    tx.run(adjustSql, columnsOf(rows, [...KEY, "amount", "count"])),
  ]);
}

/** What accounts have used of the periods that began on a day or later. */
export function usesOfAccounts(db: Db, accountIds: readonly Id[], since: string): Promise<Use[]> {
  return db.all<Use>(ofAccountsSql, [accountIds, since]);
}

/** Ids sort as their texts do; so do dates. */
function sorted<T extends Key>(keys: readonly T[]): T[] {
  const text = (key: Key) => `${key.channelAccountId}/${key.period}/${key.startsOn}`;
  return [...keys].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}
