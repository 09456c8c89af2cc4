import { type Db, sql, type Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { violatedConstraint } from "../../kernel/faults.ts";
import type { Id } from "../../kernel/ids.ts";
import type { EndpointStatus } from "../model.ts";

/** An endpoint as it is kept: its secrets are sealed. */
export type EndpointRow = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly requireBodySuccess: boolean;
  readonly status: EndpointStatus;
  readonly secretSealed: Buffer;
  readonly previousSecretSealed: Buffer | null;
  readonly previousSecretExpiresAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const COLUMNS = `id, merchant_id, url, description, events, require_body_success, status, secret_sealed,
   previous_secret_sealed, previous_secret_expires_at, created_at, updated_at`;

const insert = sql(
  "webhooks_insert_endpoint",
  `insert into webhook_endpoints (${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
);

/** Throws `conflict` when an enabled endpoint of the merchant has the same address. */
export async function insertEndpoint(tx: Tx, row: EndpointRow): Promise<void> {
  await refusingTwins(() => tx.run(insert, paramsOf(row)));
}

const update = sql(
  "webhooks_update_endpoint",
  `update webhook_endpoints
   set url = $3,
     description = $4,
     events = $5,
     require_body_success = $6,
     status = $7,
     secret_sealed = $8,
     previous_secret_sealed = $9,
     previous_secret_expires_at = $10,
     updated_at = $12
   where id = $1 and merchant_id = $2 and created_at = $11`,
);

/** Writes an endpoint that this transaction has locked. Throws `conflict` like `insertEndpoint`. */
export async function updateEndpoint(tx: Tx, row: EndpointRow): Promise<void> {
  await refusingTwins(() => tx.run(update, paramsOf(row)));
}

function paramsOf(row: EndpointRow): unknown[] {
  return [
    row.id,
    row.merchantId,
    row.url,
    row.description,
    row.events,
    row.requireBodySuccess,
    row.status,
    row.secretSealed,
    row.previousSecretSealed,
    row.previousSecretExpiresAt,
    row.createdAt,
    row.updatedAt,
  ];
}

async function refusingTwins(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (violatedConstraint(error) !== "webhook_endpoints_url") throw error;
    throw problem("conflict", {
      field: "url",
      detail: "an enabled endpoint with this address exists; every event would arrive twice",
      cause: error,
    });
  }
}

const lock = sql(
  "webhooks_lock_endpoint",
  `select ${COLUMNS}
   from webhook_endpoints
   where id = $1 and merchant_id = $2
   for update`,
);

export function lockEndpoint(tx: Tx, merchantId: Id, id: Id): Promise<EndpointRow | null> {
  return tx.one(lock, [id, merchantId]);
}

const ofMerchants = sql(
  "webhooks_endpoints_of_merchants",
  `select ${COLUMNS}
   from webhook_endpoints
   where merchant_id = any($1::uuid[])
   order by merchant_id, id`,
);

/** Every endpoint of these merchants, disabled ones too. */
export function endpointsOfMerchants(db: Db, merchantIds: readonly Id[]): Promise<EndpointRow[]> {
  return db.all(ofMerchants, [merchantIds]);
}
