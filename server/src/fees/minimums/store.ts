import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** What one account cost in one month, against the least that its channel bills; in minor units. */
export type Minimum = {
  /** What its journal is unique by. */
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly currency: Currency;
  /** Its first day, `yyyy-mm-dd`. */
  readonly month: string;
  readonly scheduleId: Id;
  readonly scheduleVersion: number;
  readonly minimum: bigint;
  readonly cost: bigint;
  readonly madeAt: Date;
};

const COLUMNS = `id, channel_account_id, currency, month, schedule_id, schedule_version, minimum, cost,
  made_at`;

const ofMonthSql = sql(
  "channel_cost_minimums_of_month",
  `select ${COLUMNS}
   from channel_cost_minimums
   where month = $1
   order by channel_account_id, currency`,
);

export function minimumsOf(db: Db, month: string): Promise<Minimum[]> {
  return db.all<Minimum>(ofMonthSql, [month]);
}

const pageSql = sql(
  "channel_cost_minimums_page",
  `select ${COLUMNS}
   from channel_cost_minimums
   where ($1::uuid is null or id < $1)
     and ($2::uuid is null or channel_account_id = $2)
   order by id desc
   limit $3`,
);

/** Newest first. */
export function listMinimums(
  db: Db,
  filter: { readonly before: Id | null; readonly channelAccountId: Id | null },
  limit: number,
): Promise<Minimum[]> {
  return db.all<Minimum>(pageSql, [filter.before, filter.channelAccountId, limit]);
}

const insertSql = sql(
  "channel_cost_minimum_insert",
  `insert into channel_cost_minimums (${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   on conflict on constraint channel_cost_minimums_month do nothing`,
);

/** False: the month of this account was worked out before. */
export async function insertMinimum(tx: Tx, made: Minimum): Promise<boolean> {
  const { id, channelAccountId, currency, month, scheduleId, scheduleVersion, minimum, cost, madeAt } = made;
  const params = [id, channelAccountId, currency, month, scheduleId, scheduleVersion, minimum, cost, madeAt];
  return (await tx.run(insertSql, params)) === 1;
}

const daysSql = sql(
  "fees_days_of_month",
  `select accounting_date, opened_at, closed_at
   from days
   where accounting_date between $1 and $2
   order by accounting_date`,
);

export type MonthDay = {
  readonly accountingDate: string;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
};

export function daysBetween(db: Db, first: string, last: string): Promise<MonthDay[]> {
  return db.all<MonthDay>(daysSql, [first, last]);
}

// What a payer's claim costs is billed apart from payments, and no minimum counts it.
const costSql = sql(
  "fees_cost_of_piece",
  `select coalesce(sum(e.amount), 0)::bigint as cost
   from entries e
   join journals j on j.id = e.journal_id
   where e.account_id = $1
     and e.seq > $2
     and e.seq <= $3
     and j.channel_account_id = $4
     and j.accounting_date between $5 and $6
     and j.kind not in ('dispute_opened', 'dispute_won')`,
);

/** Costs less costs given back, of the entries of one account of the books after one seq up to another. */
export async function costOfPiece(
  db: Db,
  piece: {
    readonly accountId: Id;
    readonly after: bigint;
    readonly to: bigint;
    readonly channelAccountId: Id;
    readonly first: string;
    readonly last: string;
  },
): Promise<bigint> {
  const { accountId, after, to, channelAccountId, first, last } = piece;
  const params = [accountId, after, to, channelAccountId, first, last];
  return (await db.one<{ cost: bigint }>(costSql, params))?.cost ?? 0n;
}
