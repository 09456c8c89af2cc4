import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { ApiKey } from "../model.ts";

const KEY = "id, merchant_id, label, prefix, rotated_from, created_at, expires_at, revoked_at";

const keyByHash = sql("api_keys_by_hash", `select ${KEY} from api_keys where hash = $1`);

export function findKeyByHash(db: Db, hash: Buffer): Promise<ApiKey | null> {
  return db.one<ApiKey>(keyByHash, [hash]);
}

const keyLock = sql(
  "api_keys_lock",
  `select ${KEY} from api_keys where merchant_id = $1 and id = $2 for no key update`,
);

export function lockKey(tx: Tx, merchantId: Id, id: Id): Promise<ApiKey | null> {
  return tx.one<ApiKey>(keyLock, [merchantId, id]);
}

const keyFind = sql("api_keys_find", `select ${KEY} from api_keys where merchant_id = $1 and id = $2`);

export function findKey(db: Db, merchantId: Id, id: Id): Promise<ApiKey | null> {
  return db.one<ApiKey>(keyFind, [merchantId, id]);
}

const keysPage = sql(
  "api_keys_page",
  `select ${KEY}
  from api_keys
  where merchant_id = $1
    and ($2::uuid is null or id < $2)
  order by id desc
  limit $3`,
);

export function listKeys(db: Db, merchantId: Id, before: Id | null, limit: number): Promise<ApiKey[]> {
  return db.all<ApiKey>(keysPage, [merchantId, before, limit]);
}

const keyInsert = sql(
  "api_keys_insert",
  `insert into api_keys (${KEY}, hash)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);

export function insertKey(tx: Tx, key: ApiKey, hash: Buffer): Promise<number> {
  const { id, merchantId, label, prefix, rotatedFrom, createdAt, expiresAt, revokedAt } = key;
  const params = [id, merchantId, label, prefix, rotatedFrom, createdAt, expiresAt, revokedAt, hash];
  return tx.run(keyInsert, params);
}

const keyEnd = sql("api_keys_end", "update api_keys set expires_at = $2, revoked_at = $3 where id = $1");

export function updateKeyEnd(tx: Tx, key: ApiKey): Promise<number> {
  return tx.run(keyEnd, [key.id, key.expiresAt, key.revokedAt]);
}
