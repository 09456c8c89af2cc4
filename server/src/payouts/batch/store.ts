import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Batch, BatchState, Payout } from "../model.ts";

const COLUMNS = `
  id, connection, currency, state, payouts, amount, proposed_by, approved_by, created_at, approved_at,
  instruction, instruction_hash, instructed_at, sends, asks, uncertain, bank_has_it, resend_approved,
  needs_people, last_error, due_at, ended_at`;

const insertSql = sql(
  "payout_batch_insert",
  `insert into payout_batches (
     id, connection, currency, state, payouts, amount, proposed_by, created_at, sends, asks, uncertain,
     bank_has_it, resend_approved, needs_people
   )
   values ($1, $2, $3, 'proposed', $4, $5, $6, $7, 0, 0, false, false, false, false)`,
);

export async function insertBatch(tx: Tx, batch: Batch): Promise<void> {
  const { id, connection, currency, payouts, amount, proposedBy, createdAt } = batch;
  await tx.run(insertSql, [id, connection, currency, payouts, amount, proposedBy, createdAt]);
}

const byIdSql = sql("payout_batch_by_id", `select ${COLUMNS} from payout_batches where id = $1`);

export function batchById(db: Db, id: Id): Promise<Batch | null> {
  return db.one<Batch>(byIdSql, [id]);
}

const lockSql = sql(
  "payout_batch_lock",
  `select ${COLUMNS}
   from payout_batches
   where id = $1
   for no key update`,
);

export function lockBatch(tx: Tx, id: Id): Promise<Batch | null> {
  return tx.one<Batch>(lockSql, [id]);
}

const listSql = sql(
  "payout_batches_list",
  `select ${COLUMNS}
   from payout_batches
   where ($1::text is null or state = $1)
     and ($2::boolean is null or needs_people = $2)
     and ($3::uuid is null or id < $3)
   order by id desc
   limit $4`,
);

/** Newest first, after the one with id `before`. */
export function listBatches(
  db: Db,
  filter: { readonly state: BatchState | null; readonly needsPeople: boolean | null },
  before: Id | null,
  limit: number,
): Promise<Batch[]> {
  return db.all<Batch>(listSql, [filter.state, filter.needsPeople, before, limit]);
}

const updateSql = sql(
  "payout_batch_update",
  `update payout_batches
   set state = $2, approved_by = $3, approved_at = $4, instruction = $5, instruction_hash = $6,
     instructed_at = $7, sends = $8, asks = $9, uncertain = $10, bank_has_it = $11, resend_approved = $12,
     needs_people = $13, last_error = $14, due_at = $15, ended_at = $16, payouts = $17, amount = $18
   where id = $1`,
);

/** Writes a batch that this transaction has locked. */
export async function updateBatch(tx: Tx, batch: Batch): Promise<void> {
  await tx.run(updateSql, [
    batch.id,
    batch.state,
    batch.approvedBy,
    batch.approvedAt,
    batch.instruction,
    batch.instructionHash,
    batch.instructedAt,
    batch.sends,
    batch.asks,
    batch.uncertain,
    batch.bankHasIt,
    batch.resendApproved,
    batch.needsPeople,
    batch.lastError,
    batch.dueAt,
    batch.endedAt,
    batch.payouts,
    batch.amount,
  ]);
}

/** Pure. The batch once these of its payouts have left it; with none left, it is taken apart. */
export function without(batch: Batch, gone: readonly Pick<Payout, "amount">[], at: Date): Batch {
  const payouts = batch.payouts - gone.length;
  if (payouts === 0) return { ...batch, state: "dissolved", dueAt: null, endedAt: at };
  const amount = batch.amount - gone.reduce((sum, one) => sum + one.amount, 0n);
  return { ...batch, payouts, amount };
}

const claimSql = sql(
  "payout_batches_claim",
  `with claimed as (
     update payout_batches b
     set due_at = $2
     from (
       select id
       from payout_batches
       where due_at <= $1
       order by due_at, id
       limit $3
       for no key update skip locked
     ) d
     where b.id = d.id
     returning b.*
   )
   select ${COLUMNS}
   from claimed
   order by id`,
);

/** Moves the due times of what is due to `until`, and nothing else. */
export function claimBatches(tx: Tx, now: Date, until: Date, limit: number): Promise<Batch[]> {
  return tx.all<Batch>(claimSql, [now, until, limit]);
}

const finishSql = sql(
  "payout_batches_finish",
  `update payout_batches
   set state = 'done', ended_at = $2, due_at = null, needs_people = false
   where id in (
     select b.id
     from payout_batches b
     where b.id = any($1::uuid[])
       and b.state = 'instructed'
       and not exists (
         select from payouts p
         where p.batch_id = b.id
           and p.state in ('sent', 'unknown')
       )
     order by b.id
     for no key update
   )`,
);

/** Ends the batches among these of which every payout has ended. */
export function finishBatches(tx: Tx, ids: readonly Id[], at: Date): Promise<number> {
  return tx.run(finishSql, [ids, at]);
}

const forPeopleSql = sql(
  "payouts_for_people",
  `select 'payout_batches' as what, count(*) as count
   from payout_batches
   where needs_people
   union all
   select 'payouts_contradicted', count(*)
   from payouts
   where contradicted
   union all
   select 'bank_entries', count(*)
   from bank_entries
   where state <> 'placed'
   union all
   select 'commissions_unmatched', count(*)
   from commission_rows
   where state = 'unmatched'
   union all
   select 'bank_statements_refused', count(*)
   from bank_readings
   where state = 'refused'
   order by what`,
);

export type ForPeople = { readonly what: string; readonly count: bigint };

/** What waits for a person, by kind. */
export function payoutsForPeople(db: Db): Promise<ForPeople[]> {
  return db.all<ForPeople>(forPeopleSql);
}

const instructionsSql = sql(
  "payout_instructions_after",
  `select id, instruction
   from payout_batches
   where instruction is not null
     and ($1::uuid is null or id > $1)
   order by id
   limit $2`,
);

export type SealedInstruction = { readonly id: Id; readonly instruction: Buffer };

export function instructionsAfter(db: Db, after: Id | null, limit: number): Promise<SealedInstruction[]> {
  return db.all<SealedInstruction>(instructionsSql, [after, limit]);
}

const resealSql = sql(
  "payout_instruction_reseal",
  `update payout_batches
   set instruction = $3
   where id = $1
     and instruction = $2`,
);

/** The same message, its key wrapped anew. */
export function resealInstruction(tx: Tx, row: SealedInstruction, sealed: Buffer): Promise<number> {
  return tx.run(resealSql, [row.id, row.instruction, sealed]);
}

const backlogSql = sql(
  "payouts_backlog",
  `select 'payout_batches' as kind, count(*) as due, min(due_at) as oldest_due_at
   from (select due_at from payout_batches where due_at <= $1 order by due_at limit $2) b
   union all
   select 'payouts', count(*), min(due_at)
   from (select due_at from payouts where due_at <= $1 order by due_at limit $2) p
   union all
   select 'channel_payouts', count(*), min(due_at)
   from (select due_at from channel_payouts where due_at <= $1 order by due_at limit $2) c
   union all
   select 'channel_costs', count(*), min(due_at)
   from (select due_at from channel_cost_payments where due_at <= $1 order by due_at limit $2) k
   union all
   select 'commission_receipts', count(*), min(due_at)
   from (select due_at from commission_receipts where due_at <= $1 order by due_at limit $2) r
   order by kind`,
);

export function payoutBacklog(db: Db, now: Date, limit: number) {
  return db.all<{ kind: string; due: bigint; oldestDueAt: Date | null }>(backlogSql, [now, limit]);
}
