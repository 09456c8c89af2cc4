import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Scope, StatementFetch } from "./model.ts";

const COLUMNS = `
  id, kind, channel_account_id, account, statement_date, state, published_at, due_at, asked, none_told,
  detail, statement_id, created_at, done_at`;

const insertSql = sql(
  "statement_fetches_insert",
  `insert into statement_fetches (id, kind, channel_account_id, account, statement_date, state, published_at,
     due_at, asked, none_told, created_at)
   select f.id, f.kind, f.channel_account_id, f.account, f.statement_date, 'waiting', f.published_at,
     f.published_at, 0, 0, $1
   from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::date[], $7::timestamptz[])
     as f (id, kind, channel_account_id, account, statement_date, published_at)
   where not exists (
     select
     from statements s
     where s.kind = f.kind
       and s.channel_account_id = f.channel_account_id
       and s.account = f.account
       and s.statement_date = f.statement_date
       and s.state = 'accepted'
   )
   order by f.kind, f.channel_account_id, f.account, f.statement_date
   on conflict on constraint statement_fetches_scope do nothing`,
);

export type Expected = Scope & { readonly id: Id; readonly channelAccountId: Id; readonly publishedAt: Date };

/** Those that are expected or there already stay as they are; gives how many are new. */
export async function insertFetches(tx: Tx, rows: readonly Expected[], now: Date): Promise<number> {
  if (rows.length === 0) return 0;
  const keys = ["id", "kind", "channelAccountId", "account", "statementDate", "publishedAt"] as const;
  return tx.run(insertSql, [now, ...columnsOf(rows, keys)]);
}

const claimSql = sql(
  "statement_fetches_claim",
  `with claimed as (
     update statement_fetches f
     set due_at = $2
     from (
       select id
       from statement_fetches
       where due_at <= $1
       order by due_at, id
       limit $3
       for no key update skip locked
     ) d
     where f.id = d.id
     returning f.*
   )
   select ${COLUMNS}
   from claimed
   order by id`,
);

/** Moves the due times of what is due to `until`, and nothing else. */
export function claimFetches(tx: Tx, now: Date, until: Date, limit: number): Promise<StatementFetch[]> {
  return tx.all<StatementFetch>(claimSql, [now, until, limit]);
}

const laterSql = sql(
  "statement_fetch_later",
  `update statement_fetches
   set due_at = $2, asked = $3, none_told = $4, detail = $5
   where id = $1
     and state = 'waiting'`,
);

/** What stood against it, and when it is asked for again. */
export async function putOff(
  tx: Tx,
  {
    id,
    dueAt,
    asked,
    noneTold,
    detail,
  }: Pick<StatementFetch, "id" | "dueAt" | "asked" | "noneTold" | "detail">,
): Promise<void> {
  await tx.run(laterSql, [id, dueAt, asked, noneTold, detail]);
}

const doneSql = sql(
  "statement_fetch_done",
  `update statement_fetches
   set state = 'done', due_at = null, done_at = $6, statement_id = $5
   where kind = $1
     and channel_account_id = $2
     and account = $3
     and statement_date = $4
     and state = 'waiting'`,
);

/** The statement of a scope is there, however it came: it is asked for no more. */
export async function endFetch(tx: Tx, scope: Scope, statementId: Id, now: Date): Promise<void> {
  if (scope.channelAccountId === null) return;
  const { kind, channelAccountId, account, statementDate } = scope;
  await tx.run(doneSql, [kind, channelAccountId, account, statementDate, statementId, now]);
}

const nextSql = sql(
  "statement_fetches_next",
  `select due_at
   from statement_fetches
   where due_at is not null
   order by due_at
   limit 1`,
);

export async function nextDue(db: Db): Promise<Date | null> {
  return (await db.one<{ dueAt: Date }>(nextSql))?.dueAt ?? null;
}

const listSql = sql(
  "statement_fetches_list",
  `select ${COLUMNS}
   from statement_fetches
   where ($1::uuid is null or channel_account_id = $1)
     and ($2::text is null or state = $2)
     and ($3::timestamptz is null or (state = 'waiting' and published_at < $3))
     and ($4::uuid is null or id < $4)
   order by id desc
   limit $5`,
);

export type FetchFilter = {
  readonly channelAccountId: Id | null;
  readonly state: string | null;
  /** Those alone that wait and were to be there before this. */
  readonly publishedBefore: Date | null;
};

/** Newest first. */
export function listFetches(
  db: Db,
  { channelAccountId, state, publishedBefore }: FetchFilter,
  before: Id | null,
  limit: number,
): Promise<StatementFetch[]> {
  return db.all<StatementFetch>(listSql, [channelAccountId, state, publishedBefore, before, limit]);
}

const countSql = sql(
  "statement_fetches_count",
  `select
     count(*) filter (where due_at <= $1) as due,
     count(*) filter (where published_at < $2) as late,
     min(published_at) filter (where published_at < $2) as late_since
   from statement_fetches
   where due_at is not null`,
);

export type FetchCounts = { readonly due: bigint; readonly late: bigint; readonly lateSince: Date | null };

/** How many wait and are due now, and how many were to be there before `publishedBefore`. */
export async function countFetches(db: Db, now: Date, publishedBefore: Date): Promise<FetchCounts> {
  const row = await db.one<FetchCounts>(countSql, [now, publishedBefore]);
  return row ?? { due: 0n, late: 0n, lateSince: null };
}
