import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Attempt } from "../model.ts";
import { ATTEMPT_COLUMNS, type AttemptRow, attemptOf, attemptRow } from "../rows.ts";

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

/** Where an order belongs: none of it ever changes. */
export type AttemptPlace = Pick<Attempt, "id" | "paymentId" | "merchantId" | "channelAccountId">;

const attemptPlacesSql = sql(
  "attempt_places",
  `select id, payment_id, merchant_id, channel_account_id
   from attempts
   where id = any($1::uuid[])
   order by id`,
);

/** The place of each order, in the order of the ids; null where there is none. */
export async function attemptPlaces(db: Db, ids: readonly Id[]): Promise<(AttemptPlace | null)[]> {
  const places = await db.all<AttemptPlace>(attemptPlacesSql, [ids]);
  const byId = new Map(places.map((place) => [place.id, place]));
  return ids.map((id) => byId.get(id) ?? null);
}

const insertAttemptsSql = sql(
  "attempts_insert",
  `insert into attempts (${ATTEMPT_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::text[], $8::text[],
     $9::text[],
     $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
     $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bool[], $23::timestamptz[], $24::date[],
     $25::text[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[],
     $32::bool[], $33::int[], $34::timestamptz[], $35::timestamptz[], $36::timestamptz[], $37::timestamptz[]
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
  "toldRefunded",
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
     told_refunded = u.told_refunded,
     close_wanted = u.close_wanted,
     queries = u.queries,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
     $9::bigint[],
     $10::bigint[], $11::bigint[], $12::bool[], $13::timestamptz[], $14::date[], $15::text[], $16::bigint[],
     $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bool[], $23::int[],
     $24::timestamptz[], $25::timestamptz[]
   ) as u (
     id, state, channel_trade_no, next_action, failure_code, failure_message, buyer, paid_amount,
     settle_amount,
     fee_amount, cost_amount, cost_gross, paid_at, channel_date, surplus, refunded_amount, settled_refunded,
     fee_returned, cost_returned, taken_back, told_refunded, close_wanted, queries, due_at, finished_at
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
  "toldRefunded",
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
