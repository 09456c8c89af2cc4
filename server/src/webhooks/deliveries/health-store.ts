import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Health } from "../model.ts";

/** The health of an endpoint that fails, with what it last answered. */
export type HealthRow = Health & {
  readonly endpointId: Id;
  readonly lastStatus: number | null;
  readonly lastError: string;
};

const COLUMNS = "endpoint_id, failures, failing_since, failed_at, paused_until, last_status, last_error";

// Rows come and go, so locking those that are there in order is not enough: two batches would meet at a row
// that appeared in between (seen: a deadlock). One lock for the whole table is held for the two short
// statements that follow.
const lock = sql(
  "webhooks_lock_health",
  `select pg_advisory_xact_lock(hashtextextended(current_schema() || '.endpoint_health', 0))`,
);

/** Lets nobody else change any endpoint's health until the transaction ends. */
export async function lockHealth(tx: Tx): Promise<void> {
  await tx.all(lock);
}

const save = sql(
  "webhooks_save_health",
  `insert into endpoint_health (${COLUMNS})
   select *
   from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::int[],
     $7::text[])
   on conflict (endpoint_id) do update
   set failures = excluded.failures,
     failing_since = excluded.failing_since,
     failed_at = excluded.failed_at,
     paused_until = excluded.paused_until,
     last_status = excluded.last_status,
     last_error = excluded.last_error`,
);

/** Writes the health of endpoints that fail, under `lockHealth`. */
export async function saveHealth(tx: Tx, rows: readonly HealthRow[]): Promise<void> {
  await tx.run(
    save,
    columnsOf(rows, [
      "endpointId",
      "failures",
      "failingSince",
      "failedAt",
      "pausedUntil",
      "lastStatus",
      "lastError",
    ]),
  );
}

const clear = sql(
  "webhooks_clear_health",
  `delete from endpoint_health
   where endpoint_id = any($1::uuid[])`,
);

/** These endpoints do not fail any more; several at once under `lockHealth`. */
export async function clearHealth(tx: Tx, endpointIds: readonly Id[]): Promise<void> {
  await tx.run(clear, [endpointIds]);
}

const read = sql(
  "webhooks_read_health",
  `select ${COLUMNS}
   from endpoint_health
   where endpoint_id = any($1::uuid[])
   order by endpoint_id`,
);

export function readHealth(db: Db, endpointIds: readonly Id[]): Promise<HealthRow[]> {
  return db.all(read, [endpointIds]);
}
