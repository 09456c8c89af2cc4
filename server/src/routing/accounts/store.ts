import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { KeptSettings } from "../model.ts";
import { presentSettings, readSettings, type WireSettings } from "./wire.ts";

type Row = Omit<KeptSettings, "settings"> & { readonly settings: WireSettings };

const COLUMNS = "channel_account_id, version, settings, updated_at";

const allSql = sql(
  "routing_accounts_all",
  `select ${COLUMNS}
   from routing_accounts
   order by channel_account_id`,
);

export async function allSettings(db: Db): Promise<KeptSettings[]> {
  return (await db.all<Row>(allSql)).map(keptOf);
}

const findSql = sql(
  "routing_account_find",
  `select ${COLUMNS}
   from routing_accounts
   where channel_account_id = $1`,
);

export async function findSettings(db: Db, channelAccountId: Id): Promise<KeptSettings | null> {
  const row = await db.one<Row>(findSql, [channelAccountId]);
  return row === null ? null : keptOf(row);
}

function keptOf(row: Row): KeptSettings {
  return { ...row, settings: readSettings(row.settings) };
}

const insertSql = sql(
  "routing_account_insert",
  `insert into routing_accounts (${COLUMNS})
   values ($1, $2, $3::jsonb, $4)
   on conflict on constraint routing_accounts_pkey do nothing`,
);

const updateSql = sql(
  "routing_account_update",
  `update routing_accounts
   set version = $2, settings = $3::jsonb, updated_at = $4
   where channel_account_id = $1
     and version = $2 - 1`,
);

/** Writes the version after `kept.version - 1`; false: somebody else has written it. */
export async function writeSettings(tx: Tx, kept: KeptSettings): Promise<boolean> {
  const { channelAccountId, version, settings, updatedAt } = kept;
  const values = [channelAccountId, version, JSON.stringify(presentSettings(settings)), updatedAt];
  return (await tx.run(version === 1 ? insertSql : updateSql, values)) === 1;
}

const insertVersionSql = sql(
  "routing_account_version_insert",
  `insert into routing_account_versions (channel_account_id, version, settings, operator_id, changed_at)
   values ($1, $2, $3::jsonb, $4, $5)`,
);

export async function insertSettingsVersion(tx: Tx, kept: KeptSettings, operatorId: Id): Promise<void> {
  const { channelAccountId, version, settings, updatedAt } = kept;
  const values = [
    channelAccountId,
    version,
    JSON.stringify(presentSettings(settings)),
    operatorId,
    updatedAt,
  ];
  await tx.run(insertVersionSql, values);
}

export type SettingsVersion = {
  readonly version: number;
  readonly settings: WireSettings;
  readonly operatorId: Id;
  readonly operatorName: string;
  readonly changedAt: Date;
};

const versionsSql = sql(
  "routing_account_versions_of",
  `select v.version, v.settings, v.operator_id, o.name as operator_name, v.changed_at
   from routing_account_versions v
   join operators o on o.id = v.operator_id
   where v.channel_account_id = $1
     and ($2::int is null or v.version < $2)
   order by v.version desc
   limit $3`,
);

/** The versions of an account's settings, newest first, before one. */
export function settingsVersions(
  db: Db,
  channelAccountId: Id,
  before: number | null,
  limit: number,
): Promise<SettingsVersion[]> {
  return db.all<SettingsVersion>(versionsSql, [channelAccountId, before, limit]);
}
