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

const paidOrdersSql = sql(
  "attempts_paid_of",
  `select id
   from attempts
   where id = any($1::uuid[])
     and paid_amount is not null
   order by id`,
);

/** Which of these orders were paid, whatever became of it since. */
export async function paidOrders(db: Db, ids: readonly Id[]): Promise<readonly Id[]> {
  if (ids.length === 0) return [];
  return (await db.all<{ id: Id }>(paidOrdersSql, [ids])).map(({ id }) => id);
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

const attemptPlaceByTradeNoSql = sql(
  "attempt_place_by_trade_no",
  `select id, payment_id, merchant_id, channel_account_id
   from attempts
   where channel_trade_no = $1
     and channel_account_id = $2`,
);

/** The place of the order that a channel account knows by the channel's own number; null: there is none. */
export function attemptPlaceByTradeNo(
  db: Db,
  channelAccountId: Id,
  channelTradeNo: string,
): Promise<AttemptPlace | null> {
  return db.one<AttemptPlace>(attemptPlaceByTradeNoSql, [channelTradeNo, channelAccountId]);
}

// A new attempt has no answer, no money and no end yet. To send two dozen columns of nothing would cost as
// much as the others.
const INSERT_ATTEMPTS = `
  insert into attempts (
    id, payment_id, merchant_id, channel, channel_account_id, credential_version, fund_flow, method, state,
    amount, currency, channel_order_no, buyer, buyer_ip, refunded_amount, settled_refunded, fee_returned,
    cost_returned, taken_back, told_refunded, close_wanted, queries, expires_at, due_at, created_at, routing,
    quota_day, quota_month
  )
  select
    a.id, a.payment_id, a.merchant_id, a.channel, a.channel_account_id, a.credential_version, a.fund_flow,
    a.method, a.state, a.amount, a.currency, a.channel_order_no, a.buyer, a.buyer_ip, 0, 0, 0, 0, 0, 0, false,
    0, a.expires_at, a.due_at, a.created_at, a.routing, a.quota_day, a.quota_month
  from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::text[], $8::text[],
    $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[],
    $16::timestamptz[], $17::timestamptz[], $18::text[], $19::date[], $20::date[]
  ) as a (
    id, payment_id, merchant_id, channel, channel_account_id, credential_version, fund_flow, method, state,
    amount, currency, channel_order_no, buyer, buyer_ip, expires_at, due_at, created_at, routing, quota_day,
    quota_month
  )`;

const insertAttemptsSql = sql("attempts_insert", INSERT_ATTEMPTS);

/** For those that may be there: a claimed wish that a frozen process carries out after all. */
const addAttemptsSql = sql("attempts_add", `${INSERT_ATTEMPTS} on conflict (id) do nothing`);

const NEW_ATTEMPT_KEYS = [
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
  "buyer",
  "buyerIp",
  "expiresAt",
  "dueAt",
  "createdAt",
  "routing",
  "quotaDay",
  "quotaMonth",
] as const satisfies readonly (keyof Attempt)[];

/** Writes the first attempts of payments that this transaction has written. */
export async function insertAttempts(tx: Tx, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length > 0) await tx.run(insertAttemptsSql, columnsOf(attempts, NEW_ATTEMPT_KEYS));
}

/** Writes further attempts of locked payments; one that is there already stays as it is. */
export async function addAttempts(tx: Tx, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length > 0) await tx.run(addAttemptsSql, columnsOf(attempts, NEW_ATTEMPT_KEYS));
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
     fee_rule = u.fee_rule,
     fee_rule_version = u.fee_rule_version,
     cost_rule = u.cost_rule,
     cost_rule_version = u.cost_rule_version,
     fee_refund = u.fee_refund,
     cost_refund = u.cost_refund,
     partner_amount = u.partner_amount,
     surplus = u.surplus,
     refunded_amount = u.refunded_amount,
     settled_refunded = u.settled_refunded,
     fee_returned = u.fee_returned,
     cost_returned = u.cost_returned,
     taken_back = u.taken_back,
     told_refunded = u.told_refunded,
     foreign_refunds = u.foreign_refunds,
     doubted_at = u.doubted_at,
     close_wanted = u.close_wanted,
     queries = u.queries,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
     $9::bigint[],
     $10::bigint[], $11::bigint[], $12::bool[], $13::timestamptz[], $14::date[], $15::text[], $16::bigint[],
     $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::text[],
     $23::timestamptz[], $24::bool[], $25::int[], $26::timestamptz[], $27::timestamptz[], $28::text[],
     $29::bigint[], $30::text[], $31::bigint[], $32::text[], $33::text[], $34::bigint[]
   ) as u (
     id, state, channel_trade_no, next_action, failure_code, failure_message, buyer, paid_amount,
     settle_amount,
     fee_amount, cost_amount, cost_gross, paid_at, channel_date, surplus, refunded_amount, settled_refunded,
     fee_returned, cost_returned, taken_back, told_refunded, foreign_refunds, doubted_at, close_wanted,
     queries, due_at, finished_at, fee_rule, fee_rule_version, cost_rule, cost_rule_version, fee_refund,
     cost_refund, partner_amount
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
  "foreignRefunds",
  "doubtedAt",
  "closeWanted",
  "queries",
  "dueAt",
  "finishedAt",
  "feeRule",
  "feeRuleVersion",
  "costRule",
  "costRuleVersion",
  "feeRefund",
  "costRefund",
  "partnerAmount",
];

const updateOpenAttemptsSql = sql(
  "attempts_update_open",
  `update attempts a
   set
     state = u.state,
     channel_trade_no = u.channel_trade_no,
     next_action = u.next_action,
     failure_code = u.failure_code,
     failure_message = u.failure_message,
     buyer = u.buyer,
     close_wanted = u.close_wanted,
     queries = u.queries,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[],
     $9::int[], $10::timestamptz[], $11::timestamptz[]
   ) as u (
     id, state, channel_trade_no, next_action, failure_code, failure_message, buyer, close_wanted, queries,
     due_at, finished_at
   )
   where a.id = u.id`,
);

const ATTEMPT_OPEN_KEYS: readonly (keyof AttemptRow)[] = [
  "id",
  "state",
  "channelTradeNo",
  "nextAction",
  "failureCode",
  "failureMessage",
  "buyer",
  "closeWanted",
  "queries",
  "dueAt",
  "finishedAt",
];

const MONEY_KEYS: readonly (keyof Attempt)[] = [
  "taken",
  "surplus",
  "refundedAmount",
  "settledRefunded",
  "feeReturned",
  "costReturned",
  "takenBack",
  "toldRefunded",
  "foreignRefunds",
  "doubtedAt",
];

/** An attempt as it was when its payment was locked, and as it is to be. */
export type AttemptChange = { readonly before: Attempt; readonly after: Attempt };

/**
 * Writes the changing columns of attempts whose payments this transaction has locked. Most reports move no
 * money: those write ten columns instead of two dozen.
 */
export async function updateAttempts(tx: Tx, changes: readonly AttemptChange[]): Promise<void> {
  const moving: AttemptRow[] = [];
  const others: AttemptRow[] = [];
  for (const { before, after } of changes) {
    const moves = MONEY_KEYS.some((key) => before[key] !== after[key]);
    (moves ? moving : others).push(attemptRow(after));
  }
  await Promise.all([
    moving.length === 0 ? 0 : tx.run(updateAttemptsSql, columnsOf(moving, ATTEMPT_CHANGING_KEYS)),
    others.length === 0 ? 0 : tx.run(updateOpenAttemptsSql, columnsOf(others, ATTEMPT_OPEN_KEYS)),
  ]);
}
