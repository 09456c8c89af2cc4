import { sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Attempt, Dispute, Payment, Refund } from "../model.ts";
import {
  ATTEMPT_COLUMNS,
  type AttemptRow,
  attemptOf,
  DISPUTE_COLUMNS,
  PAYMENT_COLUMNS,
  REFUND_COLUMNS,
} from "../rows.ts";

/**
 * A claim moves due times and nothing else: the one write allowed without the payment's lock. What an update
 * returns has no order of its own.
 */
const claimAttemptsSql = sql(
  "attempts_claim",
  `with claimed as (
     update attempts a
     set due_at = $2
     from (
       select id
       from attempts
       where due_at <= $1
         and channel_account_id <> all ($4::uuid[])
       order by due_at
       limit $3
       for no key update skip locked
     ) d
     where a.id = d.id
     returning ${prefixed("a", ATTEMPT_COLUMNS)}
   )
   select ${ATTEMPT_COLUMNS}
   from claimed
   order by id`,
);

const claimPaymentsSql = sql(
  "payments_claim",
  `with claimed as (
     update payments p
     set due_at = $2
     from (
       select id
       from payments due
       where due_at <= $1
         and not exists (
           select
           from attempts
           where attempts.id = due.live_attempt_id
             and channel_account_id = any ($4::uuid[])
         )
       order by due_at
       limit $3
       for no key update skip locked
     ) d
     where p.id = d.id
     returning ${prefixed("p", PAYMENT_COLUMNS)}
   )
   select ${PAYMENT_COLUMNS}
   from claimed
   order by id`,
);

const claimRefundsSql = sql(
  "refunds_claim",
  `with claimed as (
     update refunds r
     set due_at = $2
     from (
       select id
       from refunds due
       where due_at <= $1
         and not exists (
           select
           from attempts
           where attempts.id = due.attempt_id
             and channel_account_id = any ($4::uuid[])
         )
       order by due_at
       limit $3
       for no key update skip locked
     ) d
     where r.id = d.id
     returning ${prefixed("r", REFUND_COLUMNS)}
   )
   select ${REFUND_COLUMNS}
   from claimed
   order by id`,
);

const claimDisputesSql = sql(
  "disputes_claim",
  `with claimed as (
     update disputes c
     set due_at = $2
     from (
       select id
       from disputes
       where due_at <= $1
         and channel_account_id <> all ($4::uuid[])
       order by due_at
       limit $3
       for no key update skip locked
     ) d
     where c.id = d.id
     returning ${prefixed("c", DISPUTE_COLUMNS)}
   )
   select ${DISPUTE_COLUMNS}
   from claimed
   order by id`,
);

function prefixed(alias: string, columns: string): string {
  return columns
    .split(",")
    .map((column) => `${alias}.${column.trim()}`)
    .join(", ");
}

/** Of what is claimed: how many rows, and none whose channel account is one of these. */
export type Claimable = { readonly limit: number; readonly except: readonly Id[] };

export async function claimAttempts(
  tx: Tx,
  now: Date,
  leaseUntil: Date,
  { limit, except }: Claimable,
): Promise<Attempt[]> {
  return (await tx.all<AttemptRow>(claimAttemptsSql, [now, leaseUntil, limit, except])).map(attemptOf);
}

export function claimPayments(
  tx: Tx,
  now: Date,
  leaseUntil: Date,
  { limit, except }: Claimable,
): Promise<Payment[]> {
  return tx.all<Payment>(claimPaymentsSql, [now, leaseUntil, limit, except]);
}

export function claimRefunds(
  tx: Tx,
  now: Date,
  leaseUntil: Date,
  { limit, except }: Claimable,
): Promise<Refund[]> {
  return tx.all<Refund>(claimRefundsSql, [now, leaseUntil, limit, except]);
}

export function claimDisputes(
  tx: Tx,
  now: Date,
  leaseUntil: Date,
  { limit, except }: Claimable,
): Promise<Dispute[]> {
  return tx.all<Dispute>(claimDisputesSql, [now, leaseUntil, limit, except]);
}
