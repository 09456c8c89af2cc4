import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { MappingVersion } from "./model.ts";

const COLUMNS = "name, version, kind, definition, made_at, made_by";

const insertSql = sql(
  "statement_mapping_insert",
  `insert into statement_mappings (${COLUMNS})
   select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5
   from statement_mappings
   where name = $1
   on conflict on constraint statement_mappings_pkey do nothing
   returning ${COLUMNS}`,
);

/** Writes the next version; null: another one took its number. */
export function insertMapping(
  tx: Tx,
  { name, kind, definition, madeAt, madeBy }: Omit<MappingVersion, "version">,
): Promise<MappingVersion | null> {
  return tx.one<MappingVersion>(insertSql, [name, kind, definition, madeAt, madeBy]);
}

const findSql = sql(
  "statement_mapping",
  `select ${COLUMNS}
   from statement_mappings
   where name = $1
     and ($2::integer is null or version = $2)
   order by version desc
   limit 1`,
);

/** A version of a mapping, the newest for null; null: there is none. */
export function findMapping(db: Db, name: string, version: number | null): Promise<MappingVersion | null> {
  return db.one<MappingVersion>(findSql, [name, version]);
}

const listSql = sql(
  "statement_mappings_list",
  `select distinct on (name) ${COLUMNS}
   from statement_mappings
   where ($1::text is null or name > $1)
   order by name, version desc
   limit $2`,
);

/** The newest version of each, by name. */
export function listMappings(db: Db, after: string | null, limit: number): Promise<MappingVersion[]> {
  return db.all<MappingVersion>(listSql, [after, limit]);
}
