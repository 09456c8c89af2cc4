import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Store, Terminal } from "../model.ts";

const STORE = "id, merchant_id, store_no, name, place, created_at";
const TERMINAL = "id, merchant_id, store_id, serial, type, place, created_at";

const storeFind = sql(
  "stores_find",
  `select ${STORE}
  from stores
  where merchant_id = $1
    and ($2::uuid is null or id = $2)
    and ($3::text is null or store_no = $3)`,
);

/** By id or by the merchant's own number. */
export function findStore(
  db: Db,
  merchantId: Id,
  named: { id: Id } | { storeNo: string },
): Promise<Store | null> {
  const [id, storeNo] = "id" in named ? [named.id, null] : [null, named.storeNo];
  return db.one<Store>(storeFind, [merchantId, id, storeNo]);
}

const storesPage = sql(
  "stores_page",
  `select ${STORE}
  from stores
  where merchant_id = $1
    and ($2::uuid is null or id < $2)
  order by id desc
  limit $3`,
);

export function listStores(db: Db, merchantId: Id, before: Id | null, limit: number): Promise<Store[]> {
  return db.all<Store>(storesPage, [merchantId, before, limit]);
}

const storeInsert = sql(
  "stores_insert",
  `insert into stores (${STORE})
  values ($1, $2, $3, $4, $5, $6)
  on conflict on constraint stores_no_key do nothing`,
);

/** False when the merchant has a store of this number. */
export async function insertStore(tx: Tx, store: Store): Promise<boolean> {
  const { id, merchantId, storeNo, name, place, createdAt } = store;
  return (await tx.run(storeInsert, [id, merchantId, storeNo, name, place, createdAt])) === 1;
}

const terminalFind = sql(
  "terminals_find",
  `select ${TERMINAL}
  from terminals
  where merchant_id = $1
    and ($2::uuid is null or id = $2)
    and ($3::text is null or serial = $3)`,
);

/** By id or by serial. */
export function findTerminal(
  db: Db,
  merchantId: Id,
  named: { id: Id } | { serial: string },
): Promise<Terminal | null> {
  const [id, serial] = "id" in named ? [named.id, null] : [null, named.serial];
  return db.one<Terminal>(terminalFind, [merchantId, id, serial]);
}

const terminalsPage = sql(
  "terminals_page",
  `select ${TERMINAL}
  from terminals
  where merchant_id = $1
    and ($2::uuid is null or id < $2)
  order by id desc
  limit $3`,
);

export function listTerminals(db: Db, merchantId: Id, before: Id | null, limit: number): Promise<Terminal[]> {
  return db.all<Terminal>(terminalsPage, [merchantId, before, limit]);
}

const terminalInsert = sql(
  "terminals_insert",
  `insert into terminals (${TERMINAL})
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict on constraint terminals_serial_key do nothing`,
);

/** False when the merchant has a terminal of this serial. */
export async function insertTerminal(tx: Tx, terminal: Terminal): Promise<boolean> {
  const { id, merchantId, storeId, serial, type, place, createdAt } = terminal;
  return (await tx.run(terminalInsert, [id, merchantId, storeId, serial, type, place, createdAt])) === 1;
}
