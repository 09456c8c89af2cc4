import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Plate, PlateBatch, PlateState, PlateVersion } from "./model.ts";

const BATCH = "id, label, count, created_by, created_at";
const PLATE = `id, code, batch_id, number, state, merchant_id, store_id, terminal_id, currency, amount,
  subject, version, created_at, updated_at`;
const VERSION = `plate_id, version, action, note, operator_id, request_id, at, state, merchant_id, store_id,
  terminal_id, currency, amount, subject`;

const batchInsert = sql(
  "plate_batches_insert",
  `insert into plate_batches (${BATCH})
  values ($1, $2, $3, $4, $5)`,
);

export function insertBatch(tx: Tx, batch: PlateBatch): Promise<number> {
  const { id, label, count, createdBy, createdAt } = batch;
  return tx.run(batchInsert, [id, label, count, createdBy, createdAt]);
}

const batchById = sql("plate_batches_by_id", `select ${BATCH} from plate_batches where id = $1`);

export function findBatch(db: Db, id: Id): Promise<PlateBatch | null> {
  return db.one<PlateBatch>(batchById, [id]);
}

const batchesPage = sql(
  "plate_batches_page",
  `select ${BATCH}
  from plate_batches
  where ($1::uuid is null or id < $1)
  order by id desc
  limit $2`,
);

export function listBatches(db: Db, before: Id | null, limit: number): Promise<PlateBatch[]> {
  return db.all<PlateBatch>(batchesPage, [before, limit]);
}

const platesInsert = sql(
  "plates_insert",
  `insert into plates (id, code, batch_id, number, state, version, created_at, updated_at)
  select *
  from unnest(
    $1::uuid[], $2::text[], $3::uuid[], $4::integer[], $5::text[], $6::integer[], $7::timestamptz[],
    $8::timestamptz[]
  )`,
);

/** Blanks: they stand for nothing yet. */
export function insertBlanks(tx: Tx, plates: readonly Plate[]): Promise<number> {
  const columns = columnsOf(plates, [
    "id",
    "code",
    "batchId",
    "number",
    "state",
    "version",
    "createdAt",
    "updatedAt",
  ]);
  return tx.run(platesInsert, columns);
}

const plateById = sql("plates_by_id", `select ${PLATE} from plates where id = $1`);

export function findPlate(db: Db, id: Id): Promise<Plate | null> {
  return db.one<Plate>(plateById, [id]);
}

const plateByCode = sql("plates_by_code", `select ${PLATE} from plates where code = $1`);

export function findPlateByCode(db: Db, code: string): Promise<Plate | null> {
  return db.one<Plate>(plateByCode, [code]);
}

const plateLock = sql("plates_lock", `select ${PLATE} from plates where id = $1 for no key update`);

export function lockPlate(tx: Tx, id: Id): Promise<Plate | null> {
  return tx.one<Plate>(plateLock, [id]);
}

const platesPage = sql(
  "plates_page",
  `select ${PLATE}
  from plates
  where ($1::uuid is null or id < $1)
    and ($2::uuid is null or batch_id = $2)
    and ($3::uuid is null or merchant_id = $3)
    and ($4::text is null or state = $4)
  order by id desc
  limit $5`,
);

export type PlateFilter = {
  readonly before: Id | null;
  readonly batchId: Id | null;
  readonly merchantId: Id | null;
  readonly state: PlateState | null;
};

export function listPlates(db: Db, filter: PlateFilter, limit: number): Promise<Plate[]> {
  const { before, batchId, merchantId, state } = filter;
  return db.all<Plate>(platesPage, [before, batchId, merchantId, state, limit]);
}

const platesOfBatch = sql(
  "plates_of_batch",
  `select ${PLATE}
  from plates
  where batch_id = $1
  order by number`,
);

/** All of a batch, in the order of their numbers. */
export function platesInBatch(db: Db, batchId: Id): Promise<Plate[]> {
  return db.all<Plate>(platesOfBatch, [batchId]);
}

const plateUpdate = sql(
  "plates_update",
  `update plates
  set (state, merchant_id, store_id, terminal_id, currency, amount, subject, version, updated_at)
    = ($2, $3, $4, $5, $6, $7, $8, $9, $10)
  where id = $1`,
);

/** Of a plate that this transaction has locked. Its code and its batch are printed: they never change. */
export function updatePlate(tx: Tx, plate: Plate): Promise<number> {
  const { id, state, merchantId, storeId, terminalId, currency, amount, subject, version, updatedAt } = plate;
  return tx.run(plateUpdate, [
    id,
    state,
    merchantId,
    storeId,
    terminalId,
    currency,
    amount,
    subject,
    version,
    updatedAt,
  ]);
}

const versionInsert = sql(
  "plate_versions_insert",
  `insert into plate_versions (${VERSION})
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
);

export function insertVersion(tx: Tx, version: PlateVersion): Promise<number> {
  return tx.run(versionInsert, [
    version.plateId,
    version.version,
    version.action,
    version.note,
    version.operatorId,
    version.requestId,
    version.at,
    version.state,
    version.merchantId,
    version.storeId,
    version.terminalId,
    version.currency,
    version.amount,
    version.subject,
  ]);
}

const firstVersionsInsert = sql(
  "plate_versions_insert_first",
  `insert into plate_versions (plate_id, version, action, operator_id, request_id, at, state)
  select plate.id, 1, 'made', $2::uuid, $3::text, $4::timestamptz, 'blank'
  from unnest($1::uuid[]) as plate (id)`,
);

/** The first version of every blank of a batch. */
export function insertFirstVersions(
  tx: Tx,
  plateIds: readonly Id[],
  by: Pick<PlateVersion, "operatorId" | "requestId" | "at">,
): Promise<number> {
  return tx.run(firstVersionsInsert, [plateIds, by.operatorId, by.requestId, by.at]);
}

export type VersionRow = PlateVersion & { readonly operatorName: string };

const versionsPage = sql(
  "plate_versions_page",
  `select
    v.plate_id, v.version, v.action, v.note, v.operator_id, v.request_id, v.at, v.state, v.merchant_id,
    v.store_id, v.terminal_id, v.currency, v.amount, v.subject, o.name as operator_name
  from plate_versions v
  join operators o on o.id = v.operator_id
  where v.plate_id = $1
    and ($2::integer is null or v.version < $2)
  order by v.version desc
  limit $3`,
);

/** Newest first. */
export function listVersions(
  db: Db,
  plateId: Id,
  before: number | null,
  limit: number,
): Promise<VersionRow[]> {
  return db.all<VersionRow>(versionsPage, [plateId, before, limit]);
}
