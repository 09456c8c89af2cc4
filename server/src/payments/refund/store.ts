import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Refund } from "../model.ts";
import { REFUND_COLUMNS } from "../rows.ts";

const refundsOfPaymentsSql = sql(
  "refunds_of_payments",
  `select ${REFUND_COLUMNS}
   from refunds
   where payment_id = any($1::uuid[])
   order by payment_id, id`,
);

export function refundsOfPayments(db: Db, paymentIds: readonly Id[]): Promise<Refund[]> {
  return db.all<Refund>(refundsOfPaymentsSql, [paymentIds]);
}

const refundByIdSql = sql(
  "refund_by_id",
  `select ${REFUND_COLUMNS}
   from refunds
   where id = $1`,
);

export function refundById(db: Db, id: Id): Promise<Refund | null> {
  return db.one<Refund>(refundByIdSql, [id]);
}

const refundsByNumberSql = sql(
  "refunds_by_number",
  `select ${REFUND_COLUMNS}
   from refunds
   where (merchant_id, merchant_refund_no) in (select * from unnest($1::uuid[], $2::text[]))
   order by id`,
);

export function refundsByNumber(
  db: Db,
  numbers: readonly { readonly merchantId: Id; readonly merchantRefundNo: string }[],
): Promise<Refund[]> {
  return db.all<Refund>(refundsByNumberSql, columnsOf(numbers, ["merchantId", "merchantRefundNo"]));
}

const insertRefundsSql = sql(
  "refunds_insert",
  `insert into refunds (${REFUND_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bool[], $7::bigint[], $8::text[],
     $9::text[],
     $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[],
     $17::bigint[],
     $18::bigint[], $19::bigint[], $20::bool[], $21::text[], $22::text[], $23::int[], $24::timestamptz[],
     $25::timestamptz[], $26::timestamptz[], $27::date[], $28::timestamptz[], $29::timestamptz[]
   )
   on conflict do nothing
   returning id`,
);

const REFUND_KEYS: readonly (keyof Refund)[] = [
  "id",
  "paymentId",
  "attemptId",
  "merchantId",
  "merchantRefundNo",
  "automatic",
  "amount",
  "currency",
  "reason",
  "request",
  "state",
  "channelRefundNo",
  "channelOwnRefundNo",
  "settleAmount",
  "fromPending",
  "fromAvailable",
  "fromReceivable",
  "feeReturned",
  "costReturned",
  "afterFailure",
  "failureCode",
  "failureMessage",
  "tries",
  "dueAt",
  "createdAt",
  "acceptedAt",
  "channelDate",
  "arrivedAt",
  "finishedAt",
];

/** Writes new refunds in order of their numbers; the ids of those that were written. */
export async function insertRefunds(tx: Tx, refunds: readonly Refund[]): Promise<ReadonlySet<Id>> {
  if (refunds.length === 0) return new Set();
  const sorted = [...refunds].sort((a, b) => (numberKey(a) < numberKey(b) ? -1 : 1));
  const rows = await tx.all<{ id: Id }>(insertRefundsSql, columnsOf(sorted, REFUND_KEYS));
  return new Set(rows.map((row) => row.id));
}

function numberKey(refund: Refund): string {
  return `${refund.merchantId}/${refund.merchantRefundNo ?? refund.attemptId}`;
}

const updateRefundsSql = sql(
  "refunds_update",
  `update refunds r
   set
     state = u.state,
     channel_own_refund_no = u.channel_own_refund_no,
     settle_amount = u.settle_amount,
     from_pending = u.from_pending,
     from_available = u.from_available,
     from_receivable = u.from_receivable,
     fee_returned = u.fee_returned,
     cost_returned = u.cost_returned,
     after_failure = u.after_failure,
     failure_code = u.failure_code,
     failure_message = u.failure_message,
     tries = u.tries,
     due_at = u.due_at,
     accepted_at = u.accepted_at,
     channel_date = u.channel_date,
     arrived_at = u.arrived_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
     $9::bigint[], $10::bool[], $11::text[], $12::text[], $13::int[], $14::timestamptz[], $15::timestamptz[],
     $16::date[], $17::timestamptz[], $18::timestamptz[]
   ) as u (
     id, state, channel_own_refund_no, settle_amount, from_pending, from_available, from_receivable,
     fee_returned,
     cost_returned, after_failure, failure_code, failure_message, tries, due_at, accepted_at, channel_date,
     arrived_at, finished_at
   )
   where r.id = u.id`,
);

/** Writes the changing columns of refunds whose payments this transaction has locked. */
export async function updateRefunds(tx: Tx, refunds: readonly Refund[]): Promise<void> {
  if (refunds.length === 0) return;
  await tx.run(
    updateRefundsSql,
    columnsOf(refunds, [
      "id",
      "state",
      "channelOwnRefundNo",
      "settleAmount",
      "fromPending",
      "fromAvailable",
      "fromReceivable",
      "feeReturned",
      "costReturned",
      "afterFailure",
      "failureCode",
      "failureMessage",
      "tries",
      "dueAt",
      "acceptedAt",
      "channelDate",
      "arrivedAt",
      "finishedAt",
    ]),
  );
}

const listRefundsSql = sql(
  "refunds_list",
  `select ${REFUND_COLUMNS}
   from refunds
   where merchant_id = $1
     and ($2::uuid is null or payment_id = $2)
     and ($3::text is null or state = $3)
     and ($4::uuid is null or id < $4)
   order by id desc
   limit $5`,
);

/** A merchant's refunds newest first, after the one with id `after`. */
export function listRefunds(
  db: Db,
  filter: { readonly merchantId: Id; readonly paymentId: Id | null; readonly state: string | null },
  after: Id | null,
  limit: number,
): Promise<Refund[]> {
  return db.all<Refund>(listRefundsSql, [filter.merchantId, filter.paymentId, filter.state, after, limit]);
}

const releaseRefundsSql = sql(
  "refunds_release",
  `update refunds
   set due_at = $2
   where id = any($1::uuid[])
     and state = 'created'
     and due_at > $2`,
);

/** Refunds that waited for shares to come back are sent now. Under their payment's lock. */
export async function releaseRefunds(tx: Tx, ids: readonly Id[], at: Date): Promise<void> {
  if (ids.length > 0) await tx.run(releaseRefundsSql, [ids, at]);
}
