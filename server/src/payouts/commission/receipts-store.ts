import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** A credit of our own account that paid commission. */
export type CommissionReceipt = {
  /** The approval's. */
  readonly id: Id;
  readonly accountNumber: string;
  readonly entryRef: string;
  readonly currency: Currency;
  readonly amount: bigint;
  readonly evidence: string;
  readonly madeAt: Date;
  /** Accounting date. */
  readonly receivedOn: string;
  /** While the platform book has yet to have its side. */
  readonly dueAt: Date | null;
};

/** What of it one channel account owed. */
export type ReceiptItem = {
  readonly receiptId: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly amount: bigint;
};

const COLUMNS = "id, account_number, entry_ref, currency, amount, evidence, made_at, received_on, due_at";

const owedSql = sql(
  "commission_owed_of_account",
  `select (
       select coalesce(sum(amount), 0)
       from commission_rows
       where channel_account_id = $1
         and currency = $2
         and state = 'matched'
     )::bigint - (
       select coalesce(sum(amount), 0)
       from commission_receipt_items
       where channel_account_id = $1
         and currency = $2
     )::bigint as owed`,
);

/** What a channel account owes us of commission, less what it has paid; below zero, we owe it. */
export async function owedOf(db: Db | Tx, channelAccountId: Id, currency: Currency): Promise<bigint> {
  return (await db.one<{ owed: bigint }>(owedSql, [channelAccountId, currency]))?.owed ?? 0n;
}

const insertSql = sql(
  "commission_receipt_insert",
  `insert into commission_receipts (${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);

const insertItemsSql = sql(
  "commission_receipt_items_insert",
  `insert into commission_receipt_items (receipt_id, channel_account_id, merchant_id, currency, amount)
   select *
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[])`,
);

export async function insertReceipt(
  tx: Tx,
  row: CommissionReceipt,
  items: readonly ReceiptItem[],
): Promise<void> {
  const { id, accountNumber, entryRef, currency, amount, evidence, madeAt, receivedOn, dueAt } = row;
  await tx.run(insertSql, [
    id,
    accountNumber,
    entryRef,
    currency,
    amount,
    evidence,
    madeAt,
    receivedOn,
    dueAt,
  ]);
  const keys = ["receiptId", "channelAccountId", "merchantId", "currency", "amount"] as const;
  await tx.run(insertItemsSql, columnsOf(items, keys));
}

const lockSql = sql(
  "commission_receipts_lock",
  `select ${COLUMNS}
   from commission_receipts
   where id = any($1::uuid[])
     and due_at is not null
   order by id
   for no key update`,
);

/** Locks those whose second side is not booked yet, in the order of their ids. */
export function lockDue(tx: Tx, ids: readonly Id[]): Promise<CommissionReceipt[]> {
  return tx.all<CommissionReceipt>(lockSql, [ids]);
}

const bookedSql = sql(
  "commission_receipts_booked",
  "update commission_receipts set due_at = null where id = any($1::uuid[])",
);

export async function setBooked(tx: Tx, ids: readonly Id[]): Promise<void> {
  await tx.run(bookedSql, [ids]);
}

const claimSql = sql(
  "commission_receipts_claim",
  `update commission_receipts r
   set due_at = $2
   from (
     select id
     from commission_receipts
     where due_at <= $1
     order by due_at, id
     limit $3
     for no key update skip locked
   ) d
   where r.id = d.id
   returning r.id`,
);

/** Moves the due times of what is due to `until`, and nothing else. */
export async function claimReceipts(tx: Tx, now: Date, until: Date, limit: number): Promise<Id[]> {
  return (await tx.all<{ readonly id: Id }>(claimSql, [now, until, limit])).map(({ id }) => id);
}

const listSql = sql(
  "commission_receipts_list",
  `select ${COLUMNS}
   from commission_receipts r
   where ($1::uuid is null or exists (
       select
       from commission_receipt_items
       where receipt_id = r.id
         and channel_account_id = $1
     ))
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

/** Newest first. */
export function listReceipts(
  db: Db,
  channelAccountId: Id | null,
  before: Id | null,
  limit: number,
): Promise<CommissionReceipt[]> {
  return db.all<CommissionReceipt>(listSql, [channelAccountId, before, limit]);
}

const itemsSql = sql(
  "commission_receipt_items_of",
  `select receipt_id, channel_account_id, merchant_id, currency, amount
   from commission_receipt_items
   where receipt_id = any($1::uuid[])
   order by receipt_id, channel_account_id`,
);

export function receiptItemsOf(db: Db, receiptIds: readonly Id[]): Promise<ReceiptItem[]> {
  return db.all<ReceiptItem>(itemsSql, [receiptIds]);
}
