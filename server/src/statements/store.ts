import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { DuePurpose } from "./due-readings.ts";
import type { Content, Reading, Scope, StatementRecord, StatementTotal } from "./model.ts";

const COLUMNS = `
  id, kind, channel_account_id, account, statement_date, state, version, hash, bytes, source, reading, lines,
  fault_line, fault_reason, notes, received_at, received_by`;

/**
 * A statement of SQL for scopes of a contract and one for those of none: only an equation finds a row by its
 * index. @param make given the condition on the contract, which is the parameter `at`
 */
function ofScopes(name: string, at: string, make: (isOfAccount: string) => string) {
  const ofAccount = sql(name, make(`channel_account_id = ${at}`));
  const ofNone = sql(`${name}_of_none`, make(`channel_account_id is null and ${at}::uuid is null`));
  return ({ channelAccountId }: Scope) => (channelAccountId === null ? ofNone : ofAccount);
}

const insertSql = ofScopes(
  "statement_insert",
  "$3",
  (isOfAccount) => `insert into statements (${COLUMNS}, payouts_due_at, commissions_due_at)
   select $1, $2, $3, $4, $5, $6,
     case when $6 = 'accepted' then coalesce(max(version), 0) + 1 end,
     $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
   from statements
   where kind = $2
     and ${isOfAccount}
     and account = $4
     and statement_date = $5
     and state = 'accepted'
   having $9 <> 'none_published'
     or count(*) = 0
   on conflict do nothing
   returning ${COLUMNS}`,
);

export type DueTimes = Readonly<Record<DuePurpose, Date | null>>;

/**
 * Writes a statement with the next number of its scope. Null: another one took the number, the very same
 * statement is there, or it is the word that there is none and there is one.
 * @param due when it is to be read once more, for what the channel pays out or for our commission; null: it
 *   tells nothing of that
 */
export function insertStatement(
  tx: Tx,
  row: StatementRecord,
  due: DueTimes,
): Promise<StatementRecord | null> {
  return tx.one<StatementRecord>(insertSql(row), [
    row.id,
    row.kind,
    row.channelAccountId,
    row.account,
    row.statementDate,
    row.state,
    row.hash,
    row.bytes,
    row.source,
    row.reading,
    row.lines,
    row.faultLine,
    row.faultReason,
    row.notes,
    row.receivedAt,
    row.receivedBy,
    due.payouts,
    due.commissions,
  ]);
}

const insertTotalsSql = sql(
  "statement_totals_insert",
  `insert into statement_totals (statement_id, currency, kind, count, amount, settle_amount, fee)
   select $1, t.currency, t.kind, t.count, t.amount, t.settle_amount, t.fee
   from unnest($2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[])
     as t (currency, kind, count, amount, settle_amount, fee)
   order by t.currency, t.kind`,
);

export async function insertTotals(tx: Tx, id: Id, totals: readonly StatementTotal[]): Promise<void> {
  if (totals.length === 0) return;
  const columns = columnsOf(totals, ["currency", "kind", "count", "amount", "settleAmount", "fee"]);
  await tx.run(insertTotalsSql, [id, ...columns]);
}

const lockReadBeforeSql = sql(
  "statement_lock_read_before",
  `select id
   from statements
   where id = $1
     and coalesce((reading ->> 'version')::integer, 1) < $2
   order by id
   for no key update`,
);

/** Locks a statement; false: nothing older than this version of the reader has read it. */
export async function lockReadBefore(tx: Tx, id: Id, version: number): Promise<boolean> {
  return (await tx.one(lockReadBeforeSql, [id, version])) !== null;
}

const readAnewSql = sql(
  "statement_read_anew",
  `update statements
   set reading = $2,
     lines = $3,
     notes = $4
   where id = $1`,
);

const clearTotalsSql = sql("statement_totals_clear", "delete from statement_totals where statement_id = $1");

/** What a statement comes to now, instead of what was written down before; it is locked. */
export async function writeReadAnew(
  tx: Tx,
  id: Id,
  { reading, content }: { readonly reading: Reading; readonly content: Content },
): Promise<void> {
  await tx.run(readAnewSql, [id, reading, content.lines, content.notes]);
  await tx.run(clearTotalsSql, [id]);
  await insertTotals(tx, id, content.totals);
}

const sameSql = ofScopes(
  "statement_same",
  "$2",
  (isOfAccount) => `select ${COLUMNS}
   from statements
   where kind = $1
     and ${isOfAccount}
     and account = $3
     and statement_date = $4
     and hash = $5
     and state = $6
     and fault_line is not distinct from $7
     and fault_reason is not distinct from $8
   order by id
   limit 1`,
);

/** The statement of a scope with this content that was taken, or refused for the same reason. */
export function findSame(
  db: Db,
  scope: Scope,
  hash: Buffer,
  fault: { readonly line: number; readonly reason: string } | null,
): Promise<StatementRecord | null> {
  return db.one<StatementRecord>(sameSql(scope), [
    ...keyOf(scope),
    hash,
    fault === null ? "accepted" : "refused",
    fault?.line ?? null,
    fault?.reason ?? null,
  ]);
}

const currentSql = ofScopes(
  "statement_current",
  "$2",
  (isOfAccount) => `select ${COLUMNS}
   from statements
   where kind = $1
     and ${isOfAccount}
     and account = $3
     and statement_date = $4
     and state = 'accepted'
   order by version desc
   limit 1`,
);

/** The highest version of a scope; null: none was accepted. */
export function findCurrent(db: Db, scope: Scope): Promise<StatementRecord | null> {
  return db.one<StatementRecord>(currentSql(scope), keyOf(scope));
}

const currentTradesSql = sql(
  "statements_current_trades",
  `select t.*
   from unnest($1::uuid[], $2::date[]) as s (channel_account_id, statement_date)
   cross join lateral (
     select ${COLUMNS}
     from statements n
     where n.kind = 'trade'
       and n.channel_account_id = s.channel_account_id
       and n.account = ''
       and n.statement_date = s.statement_date
       and n.state = 'accepted'
     order by n.version desc
     limit 1
   ) t
   order by t.id`,
);

/** The highest version of each of these scopes of trade, in the order of their ids; absent: none. */
export function findCurrentTrades(db: Db, scopes: readonly TradeScope[]): Promise<StatementRecord[]> {
  if (scopes.length === 0) return Promise.resolve([]);
  return db.all<StatementRecord>(currentTradesSql, columnsOf(scopes, ["channelAccountId", "statementDate"]));
}

const notedSql = sql(
  "statements_noted",
  `select t.channel_account_id, t.statement_date, t.notes
   from unnest($1::uuid[], $2::date[]) as s (channel_account_id, statement_date)
   join statements t on t.kind = 'trade'
     and t.channel_account_id = s.channel_account_id
     and t.account = ''
     and t.statement_date = s.statement_date
     and t.state = 'accepted'
   where t.notes <> '{}'
     and not exists (
       select
       from statements n
       where n.kind = 'trade'
         and n.channel_account_id = t.channel_account_id
         and n.account = ''
         and n.statement_date = t.statement_date
         and n.state = 'accepted'
         and n.version > t.version
     )
   order by t.statement_date, t.channel_account_id`,
);

/** What the current statements of days of trade note, of those that note something. */
export type Noted = TradeScope & { readonly notes: readonly string[] };

export async function findNoted(db: Db, scopes: readonly TradeScope[]): Promise<Noted[]> {
  if (scopes.length === 0) return [];
  return db.all<Noted>(notedSql, columnsOf(scopes, ["channelAccountId", "statementDate"]));
}

const withoutSql = sql(
  "statements_without",
  `select s.channel_account_id, s.statement_date
   from unnest($1::uuid[], $2::date[]) as s (channel_account_id, statement_date)
   where not exists (
     select
     from statements t
     where t.kind = 'trade'
       and t.channel_account_id = s.channel_account_id
       and t.account = ''
       and t.statement_date = s.statement_date
       and t.state = 'accepted'
   )
   order by s.statement_date, s.channel_account_id`,
);

/** A channel account's day of trade. */
export type TradeScope = { readonly channelAccountId: Id; readonly statementDate: string };

/** Those of them that no statement was accepted for. */
export async function findWithout(db: Db, scopes: readonly TradeScope[]): Promise<TradeScope[]> {
  if (scopes.length === 0) return [];
  return db.all<TradeScope>(withoutSql, columnsOf(scopes, ["channelAccountId", "statementDate"]));
}

const newestSql = ofScopes(
  "statement_newest",
  "$2",
  (isOfAccount) => `select ${COLUMNS}
   from statements
   where kind = $1
     and ${isOfAccount}
     and account = $3
     and statement_date = $4
   order by id desc
   limit 1`,
);

/** What came last for a scope, be it taken or refused. */
export function findNewest(db: Db, scope: Scope): Promise<StatementRecord | null> {
  return db.one<StatementRecord>(newestSql(scope), keyOf(scope));
}

const correctedSql = sql(
  "statements_corrected",
  `select id, channel_account_id, statement_date
   from statements s
   where kind = 'trade'
     and version > 1
     and ($1::uuid is null or id > $1)
     and not exists (
       select
       from statements n
       where n.kind = s.kind
         and n.channel_account_id = s.channel_account_id
         and n.account = s.account
         and n.statement_date = s.statement_date
         and n.state = 'accepted'
         and n.version > s.version
     )
   order by id
   limit $2`,
);

/** A channel's statement of a day that has taken the place of another one. */
export type Corrected = TradeScope & { readonly id: Id };

/** The current ones of kind `trade` that are not their scope's first, in the order of their ids. */
export function listCorrected(db: Db, after: Id | null, limit: number): Promise<Corrected[]> {
  return db.all<Corrected>(correctedSql, [after, limit]);
}

function keyOf({ kind, channelAccountId, account, statementDate }: Scope): unknown[] {
  return [kind, channelAccountId, account, statementDate];
}

const byIdSql = sql("statement_by_id", `select ${COLUMNS} from statements where id = $1`);

export function findStatement(db: Db, id: Id): Promise<StatementRecord | null> {
  return db.one<StatementRecord>(byIdSql, [id]);
}

const totalsSql = sql(
  "statement_totals",
  `select currency, kind, count, amount, settle_amount, fee
   from statement_totals
   where statement_id = $1
   order by currency, kind`,
);

export function findTotals(db: Db, id: Id): Promise<StatementTotal[]> {
  return db.all<StatementTotal>(totalsSql, [id]);
}

export type StatementFilter = {
  readonly channelAccountId: Id | null;
  readonly kind: string | null;
  readonly statementDate: string | null;
  readonly state: string | null;
};

const listSql = sql(
  "statements_list",
  `select ${COLUMNS}
   from statements
   where ($1::uuid is null or channel_account_id = $1)
     and ($2::text is null or kind = $2)
     and ($3::date is null or statement_date = $3)
     and ($4::text is null or state = $4)
     and ($5::uuid is null or id < $5)
   order by id desc
   limit $6`,
);

/** Newest first. */
export function listStatements(
  db: Db,
  filter: StatementFilter,
  before: Id | null,
  limit: number,
): Promise<StatementRecord[]> {
  const { channelAccountId, kind, statementDate, state } = filter;
  return db.all<StatementRecord>(listSql, [channelAccountId, kind, statementDate, state, before, limit]);
}
