import { sql, type Tx } from "../../kernel/database.ts";
import type { Attempt, Payment, Refund } from "../model.ts";
import { ATTEMPT_COLUMNS, type AttemptRow, attemptOf, PAYMENT_COLUMNS, REFUND_COLUMNS } from "../rows.ts";

/** A claim moves due times and nothing else: the one write allowed without the payment's lock. */
const claimAttemptsSql = sql(
  "attempts_claim",
  `update attempts a
   set due_at = $2
   from (
     select id
     from attempts
     where due_at <= $1
     order by due_at
     limit $3
     for no key update skip locked
   ) d
   where a.id = d.id
   returning ${prefixed("a", ATTEMPT_COLUMNS)}`,
);

const claimPaymentsSql = sql(
  "payments_claim",
  `update payments p
   set due_at = $2
   from (
     select id
     from payments
     where due_at <= $1
     order by due_at
     limit $3
     for no key update skip locked
   ) d
   where p.id = d.id
   returning ${prefixed("p", PAYMENT_COLUMNS)}`,
);

const claimRefundsSql = sql(
  "refunds_claim",
  `update refunds r
   set due_at = $2
   from (
     select id
     from refunds
     where due_at <= $1
     order by due_at
     limit $3
     for no key update skip locked
   ) d
   where r.id = d.id
   returning ${prefixed("r", REFUND_COLUMNS)}`,
);

function prefixed(alias: string, columns: string): string {
  return columns
    .split(",")
    .map((column) => `${alias}.${column.trim()}`)
    .join(", ");
}

export async function claimAttempts(tx: Tx, now: Date, leaseUntil: Date, limit: number): Promise<Attempt[]> {
  return (await tx.all<AttemptRow>(claimAttemptsSql, [now, leaseUntil, limit])).map(attemptOf);
}

export function claimPayments(tx: Tx, now: Date, leaseUntil: Date, limit: number): Promise<Payment[]> {
  return tx.all<Payment>(claimPaymentsSql, [now, leaseUntil, limit]);
}

export function claimRefunds(tx: Tx, now: Date, leaseUntil: Date, limit: number): Promise<Refund[]> {
  return tx.all<Refund>(claimRefundsSql, [now, leaseUntil, limit]);
}
