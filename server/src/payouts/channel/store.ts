import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

export type ChannelPayout = {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly payoutNo: string;
  readonly amount: bigint;
  readonly currency: Currency;
  /** Null, as is the other: with it no date's money is paid whole. */
  readonly coversFrom: string | null;
  readonly coversThrough: string | null;
  readonly announcedDate: string;
  readonly payer: string;
  readonly announcedAt: Date;
  readonly transitBookedAt: Date | null;
  readonly receiptId: Id | null;
  readonly dueAt: Date | null;
  /** Which merchant's statement at which channel tells it; null: people alone do. */
  readonly toldBy: string | null;
  /** What the channel's statement says otherwise now. */
  readonly doubt: string | null;
  readonly withdrawnAt: Date | null;
  readonly withdrawnBookedAt: Date | null;
  /** The approval. */
  readonly withdrawnBy: string | null;
};

const COLUMNS = `
  id, channel_account_id, merchant_id, payout_no, amount, currency, covers_from, covers_through,
  announced_date, payer, announced_at, transit_booked_at, receipt_id, due_at, told_by, doubt, withdrawn_at,
  withdrawn_booked_at, withdrawn_by`;

const KEYS = [
  "id",
  "channelAccountId",
  "merchantId",
  "payoutNo",
  "amount",
  "currency",
  "coversFrom",
  "coversThrough",
  "announcedDate",
  "payer",
  "announcedAt",
  "dueAt",
  "toldBy",
] as const;

const insertSql = sql(
  "channel_payouts_insert",
  `insert into channel_payouts (
     id, channel_account_id, merchant_id, payout_no, amount, currency, covers_from, covers_through,
     announced_date, payer, announced_at, due_at, told_by
   )
   select u.*
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::date[], $8::date[],
     $9::date[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::text[]
   ) as u
   on conflict do nothing
   returning id`,
);

/** Those that were not announced before. */
export async function insertAnnounced(tx: Tx, rows: readonly ChannelPayout[]): Promise<Set<Id>> {
  const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const written = await tx.all<{ id: Id }>(insertSql, columnsOf(sorted, KEYS));
  return new Set(written.map(({ id }) => id));
}

function keyOf(row: ChannelPayout): string {
  return `${row.channelAccountId}/${row.payoutNo}`;
}

const lockSql = sql(
  "channel_payouts_lock",
  `select ${COLUMNS}
   from channel_payouts
   where id = any($1::uuid[])
   order by id
   for no key update`,
);

export function lockChannelPayouts(tx: Tx, ids: readonly Id[]): Promise<ChannelPayout[]> {
  return tx.all<ChannelPayout>(lockSql, [ids]);
}

const findSql = sql("channel_payout_find", `select ${COLUMNS} from channel_payouts where id = $1`);

export function findChannelPayout(db: Db, id: Id): Promise<ChannelPayout | null> {
  return db.one<ChannelPayout>(findSql, [id]);
}

const byNumberSql = sql(
  "channel_payout_by_number",
  `select ${COLUMNS}
   from channel_payouts
   where channel_account_id = $1
     and payout_no = $2`,
);

export function channelPayoutByNumber(
  db: Db,
  channelAccountId: Id,
  payoutNo: string,
): Promise<ChannelPayout | null> {
  return db.one<ChannelPayout>(byNumberSql, [channelAccountId, payoutNo]);
}

const bookedSql = sql(
  "channel_payouts_in_transit",
  `update channel_payouts
   set transit_booked_at = $2, due_at = null, match_due_at = $2
   where id = any($1::uuid[])`,
);

/** From now on entries of banks that nothing explains are compared with them. */
export async function setInTransit(tx: Tx, ids: readonly Id[], at: Date): Promise<void> {
  await tx.run(bookedSql, [ids, at]);
}

const receivedSql = sql(
  "channel_payouts_received",
  `update channel_payouts
   set receipt_id = $2
   where id = any($1::uuid[])`,
);

export async function setReceived(tx: Tx, ids: readonly Id[], receiptId: Id): Promise<void> {
  await tx.run(receivedSql, [ids, receiptId]);
}

const withdrawSql = sql(
  "channel_payout_withdraw",
  `update channel_payouts
   set withdrawn_at = $2, withdrawn_by = $3, due_at = $4, match_due_at = null
   where id = $1`,
);

/** Its money is in transit no more; the channel owes it again when that is booked too, by `dueAt`. */
export async function setWithdrawn(tx: Tx, id: Id, at: Date, by: string, dueAt: Date): Promise<void> {
  await tx.run(withdrawSql, [id, at, by, dueAt]);
}

const owedSql = sql(
  "channel_payouts_owed_again",
  `update channel_payouts
   set withdrawn_booked_at = $2, due_at = null
   where id = any($1::uuid[])`,
);

export async function setOwedAgain(tx: Tx, ids: readonly Id[], at: Date): Promise<void> {
  await tx.run(owedSql, [ids, at]);
}

const receiptSql = sql(
  "channel_receipt_insert",
  `insert into channel_receipts (id, account_number, entry_ref, amount, difference, matched_by, at)
   values ($1, $2, $3, $4, $5, $6, $7)`,
);

export async function insertReceipt(
  tx: Tx,
  row: {
    readonly id: Id;
    readonly accountNumber: string;
    readonly entryRef: string;
    readonly amount: bigint;
    readonly difference: bigint;
    readonly matchedBy: string;
    readonly at: Date;
  },
): Promise<void> {
  const { id, accountNumber, entryRef, amount, difference, matchedBy, at } = row;
  await tx.run(receiptSql, [id, accountNumber, entryRef, amount, difference, matchedBy, at]);
}

const openSql = sql(
  "channel_payouts_open",
  `select ${COLUMNS}
   from channel_payouts
   where receipt_id is null
     and withdrawn_at is null
     and transit_booked_at is not null
     and currency = $1
     and announced_date >= $2
   order by announced_date, id
   limit 1000`,
);

/** Announced from a date on, in transit, and not seen at the bank. */
export function openChannelPayouts(db: Db, currency: Currency, from: string): Promise<ChannelPayout[]> {
  return db.all<ChannelPayout>(openSql, [currency, from]);
}

const listSql = sql(
  "channel_payouts_list",
  `select ${COLUMNS}
   from channel_payouts
   where ($1::boolean is null or (receipt_id is not null) = $1)
     and ($1 is distinct from false or withdrawn_at is null)
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

/** Newest first, after the one with id `before`. */
export function listChannelPayouts(
  db: Db,
  received: boolean | null,
  before: Id | null,
  limit: number,
): Promise<ChannelPayout[]> {
  return db.all<ChannelPayout>(listSql, [received, before, limit]);
}

const claimSql = sql(
  "channel_payouts_claim",
  `update channel_payouts p
   set due_at = $2
   from (
     select id
     from channel_payouts
     where due_at <= $1
     order by due_at, id
     limit $3
     for no key update skip locked
   ) d
   where p.id = d.id
   returning p.id`,
);

export async function claimChannelPayouts(
  tx: Tx,
  now: Date,
  until: Date,
  limit: number,
): Promise<{ id: Id }[]> {
  return tx.all<{ id: Id }>(claimSql, [now, until, limit]);
}

/** What a channel account took in a currency on a channel date: each currency is paid out by itself. */
export type FundsScope = {
  readonly channelAccountId: Id;
  readonly channelDate: string;
  readonly currency: Currency;
};

// A channel pays the oldest money first: a date's is paid by the payouts that cover it and those before them,
// which may have paid a part of it. One that stands in a fund bill that is not there yet, or in a statement
// that nobody has read for payouts, is not known.
const scopeSql = sql(
  "channel_payouts_of_scope",
  `with covering as (
     select min(announced_date) as first_date
     from channel_payouts
     where channel_account_id = $1
       and withdrawn_at is null
       and currency = $3
       and covers_from <= $2
       and covers_through >= $2
   )
   select c.first_date is not null
     and not exists (
       select
       from channel_payouts p
       where p.channel_account_id = $1
         and p.currency = $3
         and p.withdrawn_at is null
         and p.receipt_id is null
         and (p.announced_date <= c.first_date or (p.covers_from <= $2 and p.covers_through >= $2))
     )
     and not exists (
       select
       from statement_fetches f
       where f.kind = 'fund'
         and f.channel_account_id = $1
         and f.statement_date <= c.first_date
         and f.state = 'waiting'
     )
     and not exists (
       select
       from statements s
       where s.payouts_due_at is not null
         and s.channel_account_id = $1
         and s.statement_date <= c.first_date
     ) as received
   from covering c`,
);

/** Whether payouts in the currency cover the date, and they and all before them are received. */
export async function isReceived(
  db: Db,
  { channelAccountId, channelDate, currency }: FundsScope,
): Promise<boolean> {
  const values = [channelAccountId, channelDate, currency];
  return (await db.one<{ received: boolean }>(scopeSql, values))?.received === true;
}
