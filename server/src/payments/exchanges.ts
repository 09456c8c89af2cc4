import { columnsOf, type Db, sql, type Tx, textsOf } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";

/** One call to a channel, or one notification of it: masked, and what the door made of it. */
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
  payment_id, id, attempt_id, refund_id, operation, call_end, outcome, decision, channel_code, detail,
  request,
  response, started_at, took_ms, decided_at`;

// A batch that is run again after a COMMIT without an answer may find its own rows.
const insertExchangesSql = sql(
  "exchanges_insert",
  `insert into exchanges (${EXCHANGE_COLUMNS})
   select e.payment_id, e.id, e.attempt_id, e.refund_id, e.operation, e.call_end, e.outcome, e.decision,
     e.channel_code, e.detail,
     convert_from(substring($12::bytea from e.request_at for e.request_bytes), 'UTF8'), e.response,
     e.started_at, e.took_ms, $15::timestamptz
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
     $9::text[], $10::text[], $11::text[], $16::timestamptz[], $17::int[], $13::int[], $14::int[]
   ) as e (
     payment_id, id, attempt_id, refund_id, operation, call_end, outcome, decision, channel_code, detail,
     response, started_at, took_ms, request_at, request_bytes
   )
   on conflict do nothing`,
);

/** Keeps what was said to and by channels, with what the door made of it, all at one instant. */
export async function insertExchanges(tx: Tx, exchanges: readonly ExchangeRow[]): Promise<void> {
  const [first] = exchanges;
  if (first === undefined) return;
  await tx.run(insertExchangesSql, [
    ...columnsOf(exchanges, [
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
      "response",
    ]),
    ...textsOf(exchanges, ({ request }) => request),
    first.decidedAt,
    ...columnsOf(exchanges, ["startedAt", "tookMs"]),
  ]);
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

const contradictionsSql = sql(
  "exchanges_contradictions",
  `select ${EXCHANGE_COLUMNS}
   from exchanges
   where decision = 'contradiction'
     and ($1::uuid is null or id < $1)
   order by id desc
   limit $2`,
);

/** What channels said against what was known, newest first, after the one with id `after`. */
export function listContradictions(db: Db, after: Id | null, limit: number): Promise<ExchangeRow[]> {
  return db.all<ExchangeRow>(contradictionsSql, [after, limit]);
}
