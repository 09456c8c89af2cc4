import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import { type Id, parseChannelNumber } from "../../kernel/ids.ts";
import type { CommissionRow, PaidAttempt, RowState } from "./model.ts";

const COLUMNS = `
  id, channel_account_id, merchant_id, statement_date, statement_id, line, row_hash, occurrence, number, kind,
  at, amount, currency, state, reason, payment_id, attempt_id, journal_id, accepted_by, withdrawn_by,
  reversal_id, told_at`;

const openLockSql = sql(
  "commission_lock_open",
  `insert into commission_locks (channel_account_id)
   values ($1)
   on conflict on constraint commission_locks_pkey do nothing`,
);

const lockSql = sql(
  "commission_lock",
  `select channel_account_id
   from commission_locks
   where channel_account_id = $1
   for no key update`,
);

/** Until this transaction ends, nobody else books commission of this channel account. */
export async function lockCommissions(tx: Tx, channelAccountId: Id): Promise<void> {
  await tx.run(openLockSql, [channelAccountId]);
  await tx.one(lockSql, [channelAccountId]);
}

/** A row that a statement's date has. */
export type RowPlace = {
  readonly id: Id;
  readonly statementDate: string;
  readonly rowHash: Buffer;
  readonly occurrence: number;
};

const ofDaySql = sql(
  "commission_rows_of_day",
  `select id, statement_date, row_hash, occurrence
   from commission_rows
   where channel_account_id = $1
     and statement_date = $2
     and state <> 'withdrawn'
   order by id`,
);

export function rowsOfDay(tx: Tx, channelAccountId: Id, statementDate: string): Promise<RowPlace[]> {
  return tx.all<RowPlace>(ofDaySql, [channelAccountId, statementDate]);
}

const sameSql = sql(
  "commission_rows_same",
  `select id, statement_date, row_hash, occurrence
   from commission_rows
   where channel_account_id = $1
     and row_hash = any($2::bytea[])
     and state <> 'withdrawn'
   order by id`,
);

/** Those of the account, of whatever date, that say the same as one of these. */
export function rowsLike(tx: Tx, channelAccountId: Id, hashes: readonly Buffer[]): Promise<RowPlace[]> {
  return tx.all<RowPlace>(sameSql, [channelAccountId, hashes]);
}

const PAID = "a.id as attempt_id, a.payment_id, a.paid_amount, a.currency";

const byOrderNoSql = sql(
  "commission_attempts_by_order_no",
  `select w.number, ${PAID}
   from unnest($1::uuid[], $2::text[]) as w (attempt_id, number)
   join attempts a on a.id = w.attempt_id
     and a.channel_order_no = w.number
     and a.channel_account_id = $3
   where a.state in ('succeeded', 'reversed_by_channel')
   order by a.id`,
);

const byTradeNoSql = sql(
  "commission_attempts_by_trade_no",
  `select w.number, ${PAID}
   from unnest($1::text[]) as w (number)
   join attempts a on a.channel_trade_no = w.number
     and a.channel_account_id = $2
   where a.state in ('succeeded', 'reversed_by_channel')
   order by a.id`,
);

/** The attempts that took money through the account, by the number that names each: ours or the channel's. */
export async function paidAttempts(
  tx: Tx,
  channelAccountId: Id,
  numbers: readonly string[],
): Promise<ReadonlyMap<string, PaidAttempt>> {
  const ours = numbers.flatMap((number) => {
    const id = parseChannelNumber("att", number);
    return id === null ? [] : [{ id, number }];
  });
  const byTradeNo = await tx.all<PaidAttempt & { number: string }>(byTradeNoSql, [numbers, channelAccountId]);
  const byOrderNo = await tx.all<PaidAttempt & { number: string }>(byOrderNoSql, [
    ...columnsOf(ours, ["id", "number"]),
    channelAccountId,
  ]);
  return new Map([...byTradeNo, ...byOrderNo].map(({ number, ...attempt }) => [number, attempt]));
}

const earnedSql = sql(
  "commission_earned_of_attempts",
  `select attempt_id, sum(amount)::bigint as amount
   from commission_rows
   where attempt_id = any($1::uuid[])
     and state = 'matched'
   group by attempt_id`,
);

/** What is booked of each. */
export async function earnedOf(tx: Tx, attemptIds: readonly Id[]): Promise<Map<Id, bigint>> {
  const rows = await tx.all<{ attemptId: Id; amount: bigint }>(earnedSql, [attemptIds]);
  return new Map(rows.map(({ attemptId, amount }) => [attemptId, amount]));
}

const KEYS = [
  "id",
  "channelAccountId",
  "merchantId",
  "statementDate",
  "statementId",
  "line",
  "occurrence",
  "number",
  "kind",
  "at",
  "amount",
  "currency",
  "state",
  "reason",
  "paymentId",
  "attemptId",
  "journalId",
  "toldAt",
] as const;

const insertSql = sql(
  "commission_rows_insert",
  `insert into commission_rows (
     id, channel_account_id, merchant_id, statement_date, statement_id, line, occurrence, number, kind, at,
     amount, currency, state, reason, payment_id, attempt_id, journal_id, told_at, row_hash
   )
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::uuid[], $6::integer[], $7::integer[], $8::text[],
     $9::text[], $10::timestamptz[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::uuid[],
     $16::uuid[], $17::uuid[], $18::timestamptz[], $19::bytea[]
   )`,
);

export async function insertRows(tx: Tx, rows: readonly CommissionRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(insertSql, [...columnsOf(rows, KEYS), rows.map(({ rowHash }) => rowHash)]);
}

const withdrawSql = sql(
  "commission_rows_withdraw",
  `update commission_rows r
   set state = 'withdrawn',
     withdrawn_by = $3,
     reversal_id = case when r.journal_id is not null then w.reversal_id end
   from unnest($1::uuid[], $2::uuid[]) as w (id, reversal_id)
   where r.id = w.id
     and r.state <> 'withdrawn'
   returning ${COLUMNS.replaceAll(/(\w+)/g, "r.$1")},
     (select accounting_date from journals where id = r.journal_id) as booked_on`,
);

export type WithdrawnRow = CommissionRow & { readonly bookedOn: string | null };

/** Those of them that were there still. @param reversals ids, for each row, of what takes its journal back */
export function withdrawRows(
  tx: Tx,
  ids: readonly Id[],
  reversals: readonly Id[],
  statementId: Id,
): Promise<WithdrawnRow[]> {
  return tx.all<WithdrawnRow>(withdrawSql, [ids, reversals, statementId]);
}

const byIdSql = sql("commission_row_by_id", `select ${COLUMNS} from commission_rows where id = $1`);

export function commissionById(db: Db | Tx, id: Id): Promise<CommissionRow | null> {
  return db.one<CommissionRow>(byIdSql, [id]);
}

const acceptSql = sql(
  "commission_row_accept",
  `update commission_rows
   set state = 'matched', journal_id = $2, accepted_by = $3
   where id = $1`,
);

export async function setAccepted(tx: Tx, id: Id, journalId: Id, approvalId: Id): Promise<void> {
  await tx.run(acceptSql, [id, journalId, approvalId]);
}

const listSql = sql(
  "commission_rows_list",
  `select ${COLUMNS}
   from commission_rows
   where ($1::uuid is null or channel_account_id = $1)
     and ($2::text is null or state = $2)
     and ($3::uuid is null or id < $3)
   order by id desc
   limit $4`,
);

/** Newest first. */
export function listCommissions(
  db: Db,
  filter: { readonly channelAccountId: Id | null; readonly state: RowState | null },
  before: Id | null,
  limit: number,
): Promise<CommissionRow[]> {
  return db.all<CommissionRow>(listSql, [filter.channelAccountId, filter.state, before, limit]);
}
