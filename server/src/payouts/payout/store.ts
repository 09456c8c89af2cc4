import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { Payout, PayoutState } from "../model.ts";

const COLUMNS = `
  id, payee_kind, payee_id, merchant_payout_no, request, settlement_id, amount, fee, currency,
  bank_account_id, holder_name, bank_code, number_last, remark, state, batch_id, failure_code,
  failure_message, contradicted, created_at, sent_at, accepted_at, rejected_at, succeeded_at, returned_at,
  paid_entry, returned_entry, paid_booked_at, returned_booked_at, due_at`;

const insertSql = sql(
  "payouts_insert",
  `insert into payouts (
     id, payee_kind, payee_id, merchant_payout_no, request, settlement_id, amount, fee, currency,
     bank_account_id, holder_name, bank_code, number_last, remark, state, batch_id, contradicted, created_at
   )
   select u.*, false, $17
   from unnest(
     $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::bigint[], $8::bigint[],
     $9::text[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::uuid[]
   ) as u
   on conflict do nothing
   returning id`,
);

const INSERTED = [
  "id",
  "payeeKind",
  "payeeId",
  "merchantPayoutNo",
  "request",
  "settlementId",
  "amount",
  "fee",
  "currency",
  "bankAccountId",
  "holderName",
  "bankCode",
  "numberLast",
  "remark",
  "state",
  "batchId",
] as const;

/** Writes payouts sorted by their numbers; those whose number or settlement has one already are left out. */
export async function insertPayouts(tx: Tx, rows: readonly Payout[], at: Date): Promise<Set<Id>> {
  const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const written = await tx.all<{ id: Id }>(insertSql, [...columnsOf(sorted, INSERTED), at]);
  return new Set(written.map(({ id }) => id));
}

function keyOf(row: Payout): string {
  return `${row.payeeId}/${row.merchantPayoutNo}`;
}

const byIdSql = sql("payout_by_id", `select ${COLUMNS} from payouts where id = $1`);

export function payoutById(db: Db, id: Id): Promise<Payout | null> {
  return db.one<Payout>(byIdSql, [id]);
}

const existingSql = sql(
  "payouts_existing",
  `select id
   from payouts
   where id = any($1::uuid[])
   order by id`,
);

/** Those of these ids that are payouts here. */
export async function existingPayouts(db: Db, ids: readonly Id[]): Promise<Set<Id>> {
  if (ids.length === 0) return new Set();
  return new Set((await db.all<{ id: Id }>(existingSql, [ids])).map(({ id }) => id));
}

const byNumberSql = sql(
  "payout_by_number",
  `select ${COLUMNS}
   from payouts
   where payee_id = $1
     and merchant_payout_no = $2`,
);

export function payoutByNumber(db: Db, payeeId: Id, number: string): Promise<Payout | null> {
  return db.one<Payout>(byNumberSql, [payeeId, number]);
}

const merchantsSql = sql(
  "payouts_merchants",
  `select distinct s.merchant_id
   from payouts p
   join payout_sources s on s.payout_id = p.id
   where p.id = any($1::uuid[])
     and p.payee_kind <> 'partner'
   order by s.merchant_id`,
);

/** Merchants who are told of these payouts: of their own, and of their receivers'. */
export async function merchantsOfPayouts(db: Db, ids: readonly Id[]): Promise<Id[]> {
  return (await db.all<{ merchantId: Id }>(merchantsSql, [ids])).map(({ merchantId }) => merchantId);
}

const bySettlementsSql = sql(
  "payouts_by_settlements",
  `select ${COLUMNS}
   from payouts
   where settlement_id = any($1::uuid[])
   order by id`,
);

export function payoutsBySettlements(db: Db, settlementIds: readonly Id[]): Promise<Payout[]> {
  return db.all<Payout>(bySettlementsSql, [settlementIds]);
}

const lockSql = sql(
  "payouts_lock",
  `select ${COLUMNS}
   from payouts
   where id = any($1::uuid[])
   order by id
   for no key update`,
);

/** Locks payouts in the order of their ids. */
export function lockPayouts(tx: Tx, ids: readonly Id[]): Promise<Payout[]> {
  return tx.all<Payout>(lockSql, [ids]);
}

const lockOfBatchSql = sql(
  "payouts_lock_of_batch",
  `select ${COLUMNS}
   from payouts
   where batch_id = $1
   order by id
   for no key update`,
);

export function lockPayoutsOfBatch(tx: Tx, batchId: Id): Promise<Payout[]> {
  return tx.all<Payout>(lockOfBatchSql, [batchId]);
}

const ofBatchSql = sql(
  "payouts_of_batch",
  `select ${COLUMNS}
   from payouts
   where batch_id = $1
   order by id`,
);

export function payoutsOfBatch(db: Db, batchId: Id): Promise<Payout[]> {
  return db.all<Payout>(ofBatchSql, [batchId]);
}

const waitingSql = sql(
  "payouts_waiting",
  `select ${COLUMNS}
   from payouts
   where state = 'created'
     and batch_id is null
     and currency = $1
     and ($2::uuid[] is null or id = any($2))
   order by id
   limit $3
   for no key update skip locked`,
);

/** Locks created payouts without a batch, the oldest first: all, or those named. */
export function lockWaiting(
  tx: Tx,
  currency: Currency,
  ids: readonly Id[] | null,
  limit: number,
): Promise<Payout[]> {
  return tx.all<Payout>(waitingSql, [currency, ids, limit]);
}

export type PayoutFilter = {
  readonly payeeId: Id | null;
  readonly state: PayoutState | null;
  readonly batchId: Id | null;
  readonly contradicted: boolean | null;
};

const listSql = sql(
  "payouts_list",
  `select ${COLUMNS}
   from payouts
   where ($1::uuid is null or payee_id = $1)
     and ($2::text is null or state = $2)
     and ($3::uuid is null or batch_id = $3)
     and ($4::boolean is null or contradicted = $4)
     and ($5::uuid is null or id < $5)
   order by id desc
   limit $6`,
);

/** Newest first, after the one with id `before`. */
export function listPayouts(
  db: Db,
  filter: PayoutFilter,
  before: Id | null,
  limit: number,
): Promise<Payout[]> {
  const { payeeId, state, batchId, contradicted } = filter;
  return db.all<Payout>(listSql, [payeeId, state, batchId, contradicted, before, limit]);
}

const updateSql = sql(
  "payouts_update",
  `update payouts p
   set state = u.state, batch_id = u.batch_id, failure_code = u.failure_code,
     failure_message = u.failure_message, contradicted = u.contradicted, sent_at = u.sent_at,
     accepted_at = u.accepted_at, rejected_at = u.rejected_at, succeeded_at = u.succeeded_at,
     returned_at = u.returned_at, paid_entry = u.paid_entry, returned_entry = u.returned_entry,
     paid_booked_at = u.paid_booked_at, returned_booked_at = u.returned_booked_at, due_at = u.due_at
   from unnest(
     $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[],
     $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
     $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[]
   ) as u(id, state, batch_id, failure_code, failure_message, contradicted, sent_at, accepted_at,
     rejected_at, succeeded_at, returned_at, paid_booked_at, returned_booked_at, due_at, paid_entry,
     returned_entry)
   where p.id = u.id`,
);

const UPDATED = [
  "id",
  "state",
  "batchId",
  "failureCode",
  "failureMessage",
  "contradicted",
  "sentAt",
  "acceptedAt",
  "rejectedAt",
  "succeededAt",
  "returnedAt",
  "paidBookedAt",
  "returnedBookedAt",
  "dueAt",
  "paidEntry",
  "returnedEntry",
] as const;

/** Writes payouts that this transaction has locked. */
export async function updatePayouts(tx: Tx, rows: readonly Payout[]): Promise<void> {
  if (rows.length === 0) return;
  const written = await tx.run(updateSql, columnsOf(rows, UPDATED));
  if (written !== rows.length)
    throw new Error(`${written} payouts were written where ${rows.length} were meant`);
}

const claimSql = sql(
  "payouts_claim",
  `with claimed as (
     update payouts p
     set due_at = $2
     from (
       select id
       from payouts
       where due_at <= $1
       order by due_at, id
       limit $3
       for no key update skip locked
     ) d
     where p.id = d.id
     returning p.*
   )
   select ${COLUMNS}
   from claimed
   order by id`,
);

/** Moves the due times of what is due to `until`, and nothing else. */
export function claimPayouts(tx: Tx, now: Date, until: Date, limit: number): Promise<Payout[]> {
  return tx.all<Payout>(claimSql, [now, until, limit]);
}
