import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Verification } from "./model.ts";

const COLUMNS = `
  id, channel_account_id, merchant_id, method, amount, currency, state, payment_id, refund_id, channel_date,
  refund_channel_date, asked_at, notified, payment_billed, refund_billed, detail, started_by, due_at,
  created_at, finished_at, counterpart_revision`;

function params(row: Verification): unknown[] {
  return [
    row.id,
    row.channelAccountId,
    row.merchantId,
    row.method,
    row.amount,
    row.currency,
    row.state,
    row.paymentId,
    row.refundId,
    row.channelDate,
    row.refundChannelDate,
    row.askedAt,
    row.notified,
    row.paymentBilled,
    row.refundBilled,
    row.detail,
    row.startedBy,
    row.dueAt,
    row.createdAt,
    row.finishedAt,
    row.counterpartRevision,
  ];
}

const insertSql = sql(
  "verifications_insert",
  `insert into verifications (${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
     $21)
   on conflict (channel_account_id) where finished_at is null do nothing`,
);

/** False: another verification of the account is under way. */
export async function insertVerification(tx: Tx, row: Verification): Promise<boolean> {
  return (await tx.run(insertSql, params(row))) === 1;
}

const byIdSql = sql("verification_by_id", `select ${COLUMNS} from verifications where id = $1`);

export async function verificationById(db: Db, id: Id): Promise<Verification | null> {
  return db.one<Verification>(byIdSql, [id]);
}

const lockSql = sql(
  "verification_lock",
  `select ${COLUMNS} from verifications where id = $1 for no key update`,
);

export function lockVerification(tx: Tx, id: Id): Promise<Verification | null> {
  return tx.one<Verification>(lockSql, [id]);
}

const listSql = sql(
  "verifications_of_account",
  `select ${COLUMNS}
   from verifications
   where channel_account_id = $1
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

/** Newest first. */
export function listVerifications(
  db: Db,
  channelAccountId: Id,
  before: Id | null,
  limit: number,
): Promise<Verification[]> {
  return db.all<Verification>(listSql, [channelAccountId, before, limit]);
}

const updateSql = sql(
  "verification_update",
  `update verifications
   set state = $2, payment_id = $3, refund_id = $4, channel_date = $5, refund_channel_date = $6,
     asked_at = $7, notified = $8, payment_billed = $9, refund_billed = $10, detail = $11, due_at = $12,
     finished_at = $13
   where id = $1`,
);

export function updateVerification(tx: Tx, row: Verification): Promise<number> {
  return tx.run(updateSql, [
    row.id,
    row.state,
    row.paymentId,
    row.refundId,
    row.channelDate,
    row.refundChannelDate,
    row.askedAt,
    row.notified,
    row.paymentBilled,
    row.refundBilled,
    row.detail,
    row.dueAt,
    row.finishedAt,
  ]);
}

const claimSql = sql(
  "verifications_claim",
  `with claimed as (
     update verifications v
     set due_at = $2
     from (
       select id
       from verifications
       where due_at <= $1
       order by due_at, id
       limit $3
       for no key update skip locked
     ) d
     where v.id = d.id
     returning v.*
   )
   select ${COLUMNS}
   from claimed
   order by id`,
);

/** Moves the due times of what is due to `until`, and nothing else. */
export function claimVerifications(tx: Tx, now: Date, until: Date, limit: number): Promise<Verification[]> {
  return tx.all<Verification>(claimSql, [now, until, limit]);
}
