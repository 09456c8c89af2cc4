/** A payment with its orders and refunds, as of one moment: what an answer shows never contradicts itself. */
import { type Db, sql } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Attempt, Dispute, Payment, Refund } from "./model.ts";
import {
  ATTEMPT_COLUMNS,
  type AttemptRow,
  attemptOf,
  DISPUTE_COLUMNS,
  PAYMENT_COLUMNS,
  REFUND_COLUMNS,
} from "./rows.ts";

/** A payment with all that its answer shows. */
export type Whole = {
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  readonly refunds: readonly Refund[];
  readonly disputes: readonly Dispute[];
};

// One statement, because it sees one moment; three would show a payment as succeeded beside an open order.
const wholesByIdSql = sql(
  "wholes_by_id",
  `select ${aliased("p", PAYMENT_COLUMNS)}, ${aliased("a", ATTEMPT_COLUMNS)},
     ${aliased("r", REFUND_COLUMNS)}, ${aliased("d", DISPUTE_COLUMNS)}
   from payments p
   left join attempts a on a.payment_id = p.id
   left join refunds r on r.payment_id = p.id and r.attempt_id = a.id
   left join disputes d on d.payment_id = p.id and d.attempt_id = a.id
   where p.id = any($1::uuid[])
   order by p.id, a.id, r.id, d.id`,
);

type Building = {
  readonly payment: Payment;
  readonly attempts: Map<Id, Attempt>;
  readonly refunds: Map<Id, Refund>;
  readonly disputes: Map<Id, Dispute>;
};

type Row = Readonly<Record<string, unknown>>;

/** Payments by their ids, in no order. */
export async function wholesById(db: Db, ids: readonly Id[]): Promise<ReadonlyMap<Id, Whole>> {
  if (ids.length === 0) return new Map();
  const rows = await db.all<Row>(wholesByIdSql, [ids]);
  const wholes = new Map<Id, Building>();
  for (const row of rows) {
    const payment = unaliased<Payment>("p", row) as Payment;
    const attempt = unaliased<AttemptRow>("a", row);
    const refund = unaliased<Refund>("r", row);
    const dispute = unaliased<Dispute>("d", row);
    const whole = wholes.get(payment.id) ?? newWhole(payment);
    wholes.set(payment.id, whole);
    if (attempt !== null) whole.attempts.set(attempt.id, attemptOf(attempt));
    if (refund !== null) whole.refunds.set(refund.id, refund);
    if (dispute !== null) whole.disputes.set(dispute.id, dispute);
  }
  return new Map(
    [...wholes].map(([id, { payment, attempts, refunds, disputes }]) => [
      id,
      {
        payment,
        attempts: [...attempts.values()],
        refunds: [...refunds.values()],
        disputes: [...disputes.values()],
      },
    ]),
  );
}

function newWhole(payment: Payment): Building {
  return { payment, attempts: new Map(), refunds: new Map(), disputes: new Map() };
}

function aliased(alias: string, columns: string): string {
  return columns
    .split(",")
    .map((column) => `${alias}.${column.trim()} as ${alias}_${column.trim()}`)
    .join(", ");
}

/** The columns of one of the joined tables by their own names; null where the join found none. */
function unaliased<T>(alias: string, row: Row): T | null {
  if (row[`${alias}Id`] === null) return null;
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name.startsWith(alias)) own[name.charAt(1).toLowerCase() + name.slice(2)] = value;
  }
  return own as T;
}
