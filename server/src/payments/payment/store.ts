import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Payment } from "../model.ts";
import { PAYMENT_COLUMNS } from "../rows.ts";

const lockPaymentsSql = sql(
  "payments_lock",
  `select ${PAYMENT_COLUMNS}
   from payments
   where id = any($1::uuid[])
   order by id
   for no key update`,
);

/** Locks payments, and with them their attempts and refunds, in the one order. */
export function lockPayments(tx: Tx, ids: readonly Id[]): Promise<Payment[]> {
  return tx.all<Payment>(lockPaymentsSql, [ids]);
}

const paymentsByIdSql = sql(
  "payments_by_id",
  `select ${PAYMENT_COLUMNS}
   from payments
   where id = any($1::uuid[])
   order by id`,
);

export function paymentsById(db: Db, ids: readonly Id[]): Promise<Payment[]> {
  return db.all<Payment>(paymentsByIdSql, [ids]);
}

const updatePaymentsSql = sql(
  "payments_update",
  `update payments p
   set
     status = u.status,
     live_attempt_id = u.live_attempt_id,
     success_attempt_id = u.success_attempt_id,
     closing_since = u.closing_since,
     closing_for = u.closing_for,
     closed_reason = u.closed_reason,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[],
     $8::timestamptz[],
     $9::timestamptz[]
   ) as u (
     id, status, live_attempt_id, success_attempt_id, closing_since, closing_for, closed_reason, due_at,
     finished_at
   )
   where p.id = u.id`,
);

/** Writes the changing columns of payments that this transaction has locked. */
export async function updatePayments(tx: Tx, payments: readonly Payment[]): Promise<void> {
  if (payments.length === 0) return;
  await tx.run(
    updatePaymentsSql,
    columnsOf(payments, [
      "id",
      "status",
      "liveAttemptId",
      "successAttemptId",
      "closingSince",
      "closingFor",
      "closedReason",
      "dueAt",
      "finishedAt",
    ]),
  );
}

const watchPaymentSql = sql(
  "payment_watch",
  `update payments
   set watched_until = $2
   where id = $1
     and finished_at is null`,
);

const hastenAttemptSql = sql(
  "attempt_hasten",
  `update attempts
   set due_at = $2
   where payment_id = $1
     and state in ('pending', 'unknown')
     and due_at > $2`,
);

/**
 * Notes that somebody looks on until `until`, and brings the next query of the open order forward to
 * `queryAt`.
 */
export async function watch(tx: Tx, paymentId: Id, until: Date, queryAt: Date): Promise<void> {
  await tx.run(watchPaymentSql, [paymentId, until]);
  await tx.run(hastenAttemptSql, [paymentId, queryAt]);
}

export type PaymentFilter = {
  /** Null: any merchant's, for operators. */
  readonly merchantId: Id | null;
  readonly status: string | null;
  readonly method: string | null;
  readonly createdFrom: Date | null;
  readonly createdTo: Date | null;
  /** Any number that anybody can quote: ours, the merchant's, the channel's, a refund's. */
  readonly number: string | null;
  /** The ids that `number` names when it is one of ours. */
  readonly paymentId: Id | null;
  readonly attemptId: Id | null;
  readonly refundId: Id | null;
};

const listPaymentsSql = sql(
  "payments_list",
  `select ${PAYMENT_COLUMNS}
   from payments p
   where ($1::uuid is null or p.merchant_id = $1)
     and ($2::text is null or p.status = $2)
     and ($3::text is null or exists (select from attempts a where a.payment_id = p.id and a.method = $3))
     and ($4::timestamptz is null or p.created_at >= $4)
     and ($5::timestamptz is null or p.created_at < $5)
     and ($6::uuid is null or p.id < $6)
   order by p.id desc
   limit $7`,
);

const findPaymentsSql = sql(
  "payments_by_quoted_number",
  `select ${PAYMENT_COLUMNS}
   from payments p
   where p.id in (
       select p2.id
       from payments p2
       where $1::uuid is not null
         and p2.merchant_id = $1
         and p2.merchant_order_no = $8
       union all
       select p3.id from payments p3 where $1::uuid is null and p3.merchant_order_no = $8
       union all
       select p4.id from payments p4 where p4.id = $9
       union all
       select a.payment_id from attempts a where a.id = $10 or a.channel_trade_no = $8
       union all
       select r.payment_id
       from refunds r
       where r.id = $11
         or (r.merchant_refund_no = $8 and ($1::uuid is null or r.merchant_id = $1))
     )
     and ($1::uuid is null or p.merchant_id = $1)
     and ($2::text is null or p.status = $2)
     and ($3::text is null or exists (select from attempts a where a.payment_id = p.id and a.method = $3))
     and ($4::timestamptz is null or p.created_at >= $4)
     and ($5::timestamptz is null or p.created_at < $5)
     and ($6::uuid is null or p.id < $6)
   order by p.id desc
   limit $7`,
);

/** Payments newest first, after the one with id `after`. */
export function listPayments(
  db: Db,
  filter: PaymentFilter,
  after: Id | null,
  limit: number,
): Promise<Payment[]> {
  const { merchantId, status, method, createdFrom, createdTo, number, paymentId, attemptId, refundId } =
    filter;
  const common = [merchantId, status, method, createdFrom, createdTo, after, limit];
  return number === null
    ? db.all<Payment>(listPaymentsSql, common)
    : db.all<Payment>(findPaymentsSql, [...common, number, paymentId, attemptId, refundId]);
}
