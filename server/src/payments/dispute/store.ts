import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Dispute } from "../model.ts";
import { DISPUTE_COLUMNS } from "../rows.ts";

const disputesOfPaymentsSql = sql(
  "disputes_of_payments",
  `select ${DISPUTE_COLUMNS}
   from disputes
   where payment_id = any($1::uuid[])
   order by payment_id, id`,
);

export function disputesOfPayments(db: Db, paymentIds: readonly Id[]): Promise<Dispute[]> {
  return db.all<Dispute>(disputesOfPaymentsSql, [paymentIds]);
}

const disputeByIdSql = sql(
  "dispute_by_id",
  `select ${DISPUTE_COLUMNS}
   from disputes
   where id = $1`,
);

export function disputeById(db: Db, id: Id): Promise<Dispute | null> {
  return db.one<Dispute>(disputeByIdSql, [id]);
}

const DISPUTE_KEYS: readonly (keyof Dispute)[] = [
  "id",
  "paymentId",
  "attemptId",
  "merchantId",
  "channelAccountId",
  "channelDisputeNo",
  "state",
  "amount",
  "fee",
  "returnedAmount",
  "returnedFee",
  "currency",
  "reason",
  "respondBy",
  "dueAt",
  "createdAt",
  "finishedAt",
];

const insertDisputesSql = sql(
  "disputes_insert",
  `insert into disputes (${DISPUTE_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::bigint[],
     $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::timestamptz[],
     $15::timestamptz[], $16::timestamptz[], $17::timestamptz[]
   )`,
);

/** Writes new disputes of payments that this transaction has locked. */
export async function insertDisputes(tx: Tx, disputes: readonly Dispute[]): Promise<void> {
  if (disputes.length === 0) return;
  const sorted = [...disputes].sort((one, other) => (one.channelDisputeNo < other.channelDisputeNo ? -1 : 1));
  await tx.run(insertDisputesSql, columnsOf(sorted, DISPUTE_KEYS));
}

const updateDisputesSql = sql(
  "disputes_update",
  `update disputes d
   set state = u.state, returned_amount = u.returned_amount, returned_fee = u.returned_fee,
     respond_by = u.respond_by, due_at = u.due_at, finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
     $7::timestamptz[]
   ) as u (id, state, returned_amount, returned_fee, respond_by, due_at, finished_at)
   where d.id = u.id`,
);

const CHANGING_KEYS: readonly (keyof Dispute)[] = [
  "id",
  "state",
  "returnedAmount",
  "returnedFee",
  "respondBy",
  "dueAt",
  "finishedAt",
];

/** Writes the changing columns of disputes whose payments this transaction has locked. */
export async function updateDisputes(tx: Tx, disputes: readonly Dispute[]): Promise<void> {
  if (disputes.length === 0) return;
  await tx.run(updateDisputesSql, columnsOf(disputes, CHANGING_KEYS));
}

const listDisputesSql = sql(
  "disputes_list",
  `select ${DISPUTE_COLUMNS}
   from disputes
   where ($1::uuid is null or merchant_id = $1)
     and ($2::uuid is null or payment_id = $2)
     and ($3::text is null or state = $3)
     and ($4::uuid is null or id < $4)
   order by id desc
   limit $5`,
);

/** Disputes newest first, after the one with id `after`; of every merchant where none is named. */
export function listDisputes(
  db: Db,
  filter: { readonly merchantId: Id | null; readonly paymentId: Id | null; readonly state: string | null },
  after: Id | null,
  limit: number,
): Promise<Dispute[]> {
  return db.all<Dispute>(listDisputesSql, [filter.merchantId, filter.paymentId, filter.state, after, limit]);
}
