/** The SQL of what people write about breaks. */
import { sql, type Tx } from "../../kernel/database.ts";
import type { BreakEvent, Claim } from "./model.ts";

const insertSql = sql(
  "break_events_insert_once",
  `insert into break_events (id, break_id, at, step, kind, operator_id, reconciliation_id, detail)
   values ($1, $2, $3, $4, $5, $6, $7, $8)
   on conflict on constraint break_events_pkey do nothing`,
);

/** An event whose id was fixed before: written twice it is there once. */
export async function insertEventOnce(tx: Tx, event: BreakEvent): Promise<void> {
  const { id, breakId, at, step, kind, operatorId, reconciliationId, detail } = event;
  await tx.run(insertSql, [id, breakId, at, step, kind, operatorId, reconciliationId, detail]);
}

const claimSql = sql(
  "break_claims_write",
  `insert into break_claims (
     break_id, claim_no, filed_at, state, ended_at, note, amount, paid_amount, evidence, filed_by, ended_by,
     booked_by, booked_amount
   )
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
   on conflict on constraint break_claims_pkey do update
   set claim_no = excluded.claim_no,
     filed_at = excluded.filed_at,
     state = excluded.state,
     ended_at = excluded.ended_at,
     note = excluded.note,
     amount = excluded.amount,
     paid_amount = excluded.paid_amount,
     evidence = excluded.evidence,
     filed_by = excluded.filed_by,
     ended_by = excluded.ended_by,
     booked_by = excluded.booked_by,
     booked_amount = excluded.booked_amount`,
);

/** The claim of a break that is locked. */
export async function writeClaim(tx: Tx, claim: Claim): Promise<void> {
  const { breakId, claimNo, filedAt, state, endedAt, note, ...more } = claim;
  const { amount, paidAmount, evidence, filedBy, endedBy, bookedBy, bookedAmount } = more;
  const first = [breakId, claimNo, filedAt, state, endedAt, note];
  const people = [filedBy, endedBy, bookedBy, bookedAmount];
  await tx.run(claimSql, [...first, amount, paidAmount, evidence, ...people]);
}
