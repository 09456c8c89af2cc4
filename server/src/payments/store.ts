import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Attempt, Payment, Refund, WorkItem } from "./model.ts";
import {
  ATTEMPT_COLUMNS,
  type AttemptRow,
  attemptOf,
  attemptRow,
  PAYMENT_COLUMNS,
  REFUND_COLUMNS,
} from "./rows.ts";

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

const attemptsOfPaymentsSql = sql(
  "attempts_of_payments",
  `select ${ATTEMPT_COLUMNS}
   from attempts
   where payment_id = any($1::uuid[])
   order by payment_id, id`,
);

export async function attemptsOfPayments(db: Db, paymentIds: readonly Id[]): Promise<Attempt[]> {
  const rows = await db.all<AttemptRow>(attemptsOfPaymentsSql, [paymentIds]);
  return rows.map(attemptOf);
}

const attemptByIdSql = sql(
  "attempt_by_id",
  `select ${ATTEMPT_COLUMNS}
   from attempts
   where id = $1`,
);

export async function attemptById(db: Db, id: Id): Promise<Attempt | null> {
  const row = await db.one<AttemptRow>(attemptByIdSql, [id]);
  return row === null ? null : attemptOf(row);
}

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

const insertAttemptsSql = sql(
  "attempts_insert",
  `insert into attempts (${ATTEMPT_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::text[], $8::text[], $9::text[],
     $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
     $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bool[], $23::timestamptz[], $24::date[],
     $25::text[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bool[], $32::int[],
     $33::timestamptz[], $34::timestamptz[], $35::timestamptz[], $36::timestamptz[]
   )
   on conflict (id) do nothing`,
);

const ATTEMPT_KEYS: readonly (keyof AttemptRow)[] = [
  "id",
  "paymentId",
  "merchantId",
  "channel",
  "channelAccountId",
  "credentialVersion",
  "fundFlow",
  "method",
  "state",
  "amount",
  "currency",
  "channelOrderNo",
  "channelTradeNo",
  "nextAction",
  "failureCode",
  "failureMessage",
  "buyer",
  "paidAmount",
  "settleAmount",
  "feeAmount",
  "costAmount",
  "costGross",
  "paidAt",
  "channelDate",
  "surplus",
  "refundedAmount",
  "settledRefunded",
  "feeReturned",
  "costReturned",
  "takenBack",
  "closeWanted",
  "queries",
  "expiresAt",
  "dueAt",
  "createdAt",
  "finishedAt",
];

/** Writes new attempts; one that is there already stays as it is. */
export async function insertAttempts(tx: Tx, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return;
  await tx.run(insertAttemptsSql, columnsOf(attempts.map(attemptRow), ATTEMPT_KEYS));
}

const updateAttemptsSql = sql(
  "attempts_update",
  `update attempts a
   set
     state = u.state,
     channel_trade_no = u.channel_trade_no,
     next_action = u.next_action,
     failure_code = u.failure_code,
     failure_message = u.failure_message,
     buyer = u.buyer,
     paid_amount = u.paid_amount,
     settle_amount = u.settle_amount,
     fee_amount = u.fee_amount,
     cost_amount = u.cost_amount,
     cost_gross = u.cost_gross,
     paid_at = u.paid_at,
     channel_date = u.channel_date,
     surplus = u.surplus,
     refunded_amount = u.refunded_amount,
     settled_refunded = u.settled_refunded,
     fee_returned = u.fee_returned,
     cost_returned = u.cost_returned,
     taken_back = u.taken_back,
     close_wanted = u.close_wanted,
     queries = u.queries,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
     $10::bigint[], $11::bigint[], $12::bool[], $13::timestamptz[], $14::date[], $15::text[], $16::bigint[],
     $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bool[], $22::int[], $23::timestamptz[],
     $24::timestamptz[]
   ) as u (
     id, state, channel_trade_no, next_action, failure_code, failure_message, buyer, paid_amount, settle_amount,
     fee_amount, cost_amount, cost_gross, paid_at, channel_date, surplus, refunded_amount, settled_refunded,
     fee_returned, cost_returned, taken_back, close_wanted, queries, due_at, finished_at
   )
   where a.id = u.id`,
);

const ATTEMPT_CHANGING_KEYS: readonly (keyof AttemptRow)[] = [
  "id",
  "state",
  "channelTradeNo",
  "nextAction",
  "failureCode",
  "failureMessage",
  "buyer",
  "paidAmount",
  "settleAmount",
  "feeAmount",
  "costAmount",
  "costGross",
  "paidAt",
  "channelDate",
  "surplus",
  "refundedAmount",
  "settledRefunded",
  "feeReturned",
  "costReturned",
  "takenBack",
  "closeWanted",
  "queries",
  "dueAt",
  "finishedAt",
];

/** Writes the changing columns of attempts whose payments this transaction has locked. */
export async function updateAttempts(tx: Tx, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return;
  await tx.run(updateAttemptsSql, columnsOf(attempts.map(attemptRow), ATTEMPT_CHANGING_KEYS));
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
     $1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::timestamptz[],
     $9::timestamptz[]
   ) as u (
     id, status, live_attempt_id, success_attempt_id, closing_since, closing_for, closed_reason, due_at, finished_at
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

const insertRefundsSql = sql(
  "refunds_insert",
  `insert into refunds (${REFUND_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bool[], $7::bigint[], $8::text[], $9::text[],
     $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
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
     id, state, channel_own_refund_no, settle_amount, from_pending, from_available, from_receivable, fee_returned,
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

export type ExchangeRow = {
  readonly paymentId: Id;
  readonly id: Id;
  readonly attemptId: Id;
  readonly refundId: Id | null;
  readonly operation: string;
  readonly callEnd: string;
  readonly outcome: string | null;
  readonly decision: string;
  readonly channelCode: string | null;
  readonly detail: string | null;
  readonly request: string;
  readonly response: string | null;
  readonly startedAt: Date;
  readonly tookMs: number;
  readonly decidedAt: Date;
};

const EXCHANGE_COLUMNS = `
  payment_id, id, attempt_id, refund_id, operation, call_end, outcome, decision, channel_code, detail, request,
  response, started_at, took_ms, decided_at`;

const insertExchangesSql = sql(
  "exchanges_insert",
  `insert into exchanges (${EXCHANGE_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
     $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::int[], $15::timestamptz[]
   )
   on conflict do nothing`,
);

/** Keeps what was said to and by channels, with what the door made of it. */
export async function insertExchanges(tx: Tx, exchanges: readonly ExchangeRow[]): Promise<void> {
  if (exchanges.length === 0) return;
  await tx.run(
    insertExchangesSql,
    columnsOf(exchanges, [
      "paymentId",
      "id",
      "attemptId",
      "refundId",
      "operation",
      "callEnd",
      "outcome",
      "decision",
      "channelCode",
      "detail",
      "request",
      "response",
      "startedAt",
      "tookMs",
      "decidedAt",
    ]),
  );
}

const exchangesOfPaymentSql = sql(
  "exchanges_of_payment",
  `select ${EXCHANGE_COLUMNS}
   from exchanges
   where payment_id = $1
   order by id
   limit 1000`,
);

/** Every exchange about a payment, in order; at most 1,000. */
export function exchangesOfPayment(db: Db, paymentId: Id): Promise<ExchangeRow[]> {
  return db.all<ExchangeRow>(exchangesOfPaymentSql, [paymentId]);
}

const insertWorkItemsSql = sql(
  "work_items_insert",
  `insert into work_items (
     id, kind, subject_id, payment_id, merchant_id, amount, currency, detail, state, opened_at
   )
   select u.*, 'open', $9
   from unnest(
     $1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::text[]
   ) as u
   on conflict on constraint work_items_once do nothing`,
);

/** Opens work items; one per subject and kind. */
export async function insertWorkItems(tx: Tx, items: readonly WorkItem[], openedAt: Date): Promise<void> {
  if (items.length === 0) return;
  const keys = [
    "id",
    "kind",
    "subjectId",
    "paymentId",
    "merchantId",
    "amount",
    "currency",
    "detail",
  ] as const;
  await tx.run(insertWorkItemsSql, [...columnsOf(items, keys), openedAt]);
}
