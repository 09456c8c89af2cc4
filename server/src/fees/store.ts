import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Schedule, ScheduleKind, ScheduleVersion, Terms } from "./model.ts";
import { presentTerms, readTerms, type WireTerms } from "./wire.ts";

/** A version with who made it. */
export type KeptVersion = ScheduleVersion & {
  readonly approvalId: Id;
  readonly proposedBy: Id;
  readonly approvedBy: Id | null;
  readonly createdAt: Date;
};

export type KeptSchedule = Schedule<KeptVersion> & { readonly createdAt: Date };

type Head = Omit<KeptSchedule, "versions">;
type VersionRow = Omit<KeptVersion, "terms"> & { readonly scheduleId: Id; readonly terms: WireTerms | null };

const HEAD = "id, kind, merchant_id, channel_account_id, method, currency, created_at";

const ofPairSql = sql(
  "fee_schedules_of_pair",
  `select ${HEAD}
   from fee_schedules
   where merchant_id = $1
      or channel_account_id = $2
   order by id`,
);

const versionsSql = sql(
  "fee_schedule_versions_of",
  `select schedule_id, version, effective_from, terms, approval_id, proposed_by, approved_by, created_at
   from fee_schedule_versions
   where schedule_id = any($1::uuid[])
   order by schedule_id, version`,
);

async function withVersions(db: Db, heads: readonly Head[]): Promise<KeptSchedule[]> {
  if (heads.length === 0) return [];
  const rows = await db.all<VersionRow>(versionsSql, [heads.map(({ id }) => id)]);
  return heads.map((head) => ({
    ...head,
    versions: rows.filter(({ scheduleId }) => scheduleId === head.id).map(versionOf),
  }));
}

function versionOf({ scheduleId: _, terms, ...same }: VersionRow): KeptVersion {
  return { ...same, terms: terms === null ? null : readTerms(terms) };
}

/** A merchant's schedules of fees and a channel account's of costs, each with all its versions. */
export async function schedulesOf(
  db: Db,
  merchantId: Id | null,
  channelAccountId: Id | null,
): Promise<KeptSchedule[]> {
  return withVersions(db, await db.all<Head>(ofPairSql, [merchantId, channelAccountId]));
}

const pageSql = sql(
  "fee_schedules_page",
  `select ${HEAD}
   from fee_schedules
   where kind = $1
     and ($2::uuid is null or id < $2)
     and ($3::uuid is null or merchant_id = $3)
     and ($4::uuid is null or channel_account_id = $4)
   order by id desc
   limit $5`,
);

export type ScheduleFilter = {
  readonly kind: ScheduleKind;
  readonly before: Id | null;
  readonly merchantId: Id | null;
  readonly channelAccountId: Id | null;
};

/** Newest first. */
export async function listSchedules(db: Db, filter: ScheduleFilter, limit: number): Promise<KeptSchedule[]> {
  const { kind, before, merchantId, channelAccountId } = filter;
  return withVersions(db, await db.all<Head>(pageSql, [kind, before, merchantId, channelAccountId, limit]));
}

const costsSql = sql(
  "fee_schedules_of_costs",
  `select ${HEAD}
   from fee_schedules
   where kind = 'cost'
     and method is null
     and ($1::uuid is null or id > $1)
   order by id
   limit $2`,
);

/** Schedules of costs for all methods of an account, in the order of their ids. */
export async function costSchedulesAfter(db: Db, after: Id | null, limit: number): Promise<KeptSchedule[]> {
  return withVersions(db, await db.all<Head>(costsSql, [after, limit]));
}

const findSql = sql(
  "fee_schedule_by_id",
  `select ${HEAD}
   from fee_schedules
   where id = $1
     and kind = $2`,
);

export async function findSchedule(db: Db, kind: ScheduleKind, id: Id): Promise<KeptSchedule | null> {
  const head = await db.one<Head>(findSql, [id, kind]);
  return head === null ? null : ((await withVersions(db, [head]))[0] ?? null);
}

const lockSql = sql("fee_schedule_lock", `${findSql.text} for no key update`);

/** The versions are read by a statement that starts after the schedule is locked. */
export async function lockSchedule(tx: Tx, kind: ScheduleKind, id: Id): Promise<KeptSchedule | null> {
  const head = await tx.one<Head>(lockSql, [id, kind]);
  return head === null ? null : ((await withVersions(tx, [head]))[0] ?? null);
}

/** Where a schedule stands: there is one for each place. */
export type Place = Pick<Schedule, "kind" | "merchantId" | "channelAccountId" | "method" | "currency">;

const insertSql = sql(
  "fee_schedule_insert",
  `insert into fee_schedules (${HEAD})
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict on constraint fee_schedules_place do nothing`,
);

const atPlaceSql = sql(
  "fee_schedule_at_place",
  `select ${HEAD}
   from fee_schedules
   where merchant_id is not distinct from $1
     and channel_account_id is not distinct from $2
     and method is not distinct from $3
     and currency = $4`,
);

/** The schedule of a place, made as `id` where there is none; of two at once one finds the other's. */
export async function scheduleAt(tx: Tx, id: Id, place: Place, at: Date): Promise<KeptSchedule> {
  const { kind, merchantId, channelAccountId, method, currency } = place;
  await tx.run(insertSql, [id, kind, merchantId, channelAccountId, method, currency, at]);
  const head = await tx.one<Head>(atPlaceSql, [merchantId, channelAccountId, method, currency]);
  const [schedule] = head === null ? [] : await withVersions(tx, [head]);
  if (schedule === undefined) throw new Error("a schedule vanished between two statements");
  return schedule;
}

const insertVersionSql = sql(
  "fee_schedule_version_insert",
  `insert into fee_schedule_versions (
     schedule_id, version, effective_from, terms, approval_id, proposed_by, approved_by, created_at
   )
   values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8)`,
);

export async function insertVersion(tx: Tx, scheduleId: Id, version: KeptVersion): Promise<void> {
  await tx.run(insertVersionSql, [
    scheduleId,
    version.version,
    version.effectiveFrom,
    termsText(version.terms),
    version.approvalId,
    version.proposedBy,
    version.approvedBy,
    version.createdAt,
  ]);
}

function termsText(terms: Terms | null): string | null {
  return terms === null ? null : JSON.stringify(presentTerms(terms));
}
