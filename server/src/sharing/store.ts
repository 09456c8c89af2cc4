import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Share, ShareRequest, ShareReturn, SharingRow } from "./model.ts";

const SHARING = `payment_id, attempt_id, merchant_id, channel, channel_account_id, mode, currency, state,
  plan, finish_wanted, finish_no, max_millionths, failure_code, failure_message, tries, term_ends_at,
  due_at,
  created_at, finished_at`;

const SHARING_KEYS: readonly (keyof SharingRow)[] = [
  "paymentId",
  "attemptId",
  "merchantId",
  "channel",
  "channelAccountId",
  "mode",
  "currency",
  "state",
  "plan",
  "finishWanted",
  "finishNo",
  "maxMillionths",
  "failureCode",
  "failureMessage",
  "tries",
  "termEndsAt",
  "dueAt",
  "createdAt",
  "finishedAt",
];

const insertSharingsSql = sql(
  "sharings_insert",
  `insert into sharings (${SHARING})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
     $9::text[], $10::bool[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::int[],
     $16::timestamptz[],
     $17::timestamptz[], $18::timestamptz[], $19::timestamptz[]
   )
   on conflict do nothing`,
);

/** A payment has one sharing: written again, nothing happens. */
export async function insertSharings(tx: Tx, rows: readonly SharingRow[]): Promise<void> {
  if (rows.length > 0) await tx.run(insertSharingsSql, columnsOf(rows, SHARING_KEYS));
}

const sharingsOfSql = sql(
  "sharings_of_payments",
  `select ${SHARING}
   from sharings
   where payment_id = any($1::uuid[])
   order by payment_id`,
);

export function sharingsOfPayments(db: Db, paymentIds: readonly Id[]): Promise<SharingRow[]> {
  return db.all<SharingRow>(sharingsOfSql, [paymentIds]);
}

const unfinishedSql = sql(
  "sharings_unfinished",
  `select payment_id
   from sharings
   where merchant_id = any($1::uuid[])
     and state <> 'finished'
   order by payment_id`,
);

/** Payments of these merchants whose money is still to be split. */
export async function unfinishedSharings(db: Db, merchantIds: readonly Id[]): Promise<Id[]> {
  const rows = await db.all<{ paymentId: Id }>(unfinishedSql, [merchantIds]);
  return rows.map(({ paymentId }) => paymentId);
}

const updateSharingSql = sql(
  "sharings_update",
  `update sharings
   set state = $2, plan = $3, finish_wanted = $4, failure_code = $5, failure_message = $6, tries = $7,
     due_at = $8, finished_at = $9
   where payment_id = $1`,
);

/** Under its payment's lock. */
export async function updateSharing(tx: Tx, row: SharingRow): Promise<void> {
  const { paymentId, state, plan, finishWanted, failureCode, failureMessage, tries, dueAt, finishedAt } = row;
  const params = [
    paymentId,
    state,
    plan,
    finishWanted,
    failureCode,
    failureMessage,
    tries,
    dueAt,
    finishedAt,
  ];
  await tx.run(updateSharingSql, params);
}

const SHARE = `id, payment_id, attempt_id, merchant_id, channel, channel_account_id, fund_flow, mode,
  receiver_id, receiver_type, receiver_account, merchant_share_no, amount, currency, description,
  returned_amount, state,
  channel_share_no, channel_own_no, channel_date, failure_code, failure_message, tries, due_at, created_at,
  finished_at`;

const SHARE_KEYS: readonly (keyof Share)[] = [
  "id",
  "paymentId",
  "attemptId",
  "merchantId",
  "channel",
  "channelAccountId",
  "fundFlow",
  "mode",
  "receiverId",
  "receiverType",
  "receiverAccount",
  "merchantShareNo",
  "amount",
  "currency",
  "description",
  "returnedAmount",
  "state",
  "channelShareNo",
  "channelOwnNo",
  "channelDate",
  "failureCode",
  "failureMessage",
  "tries",
  "dueAt",
  "createdAt",
  "finishedAt",
];

const insertSharesSql = sql(
  "shares_insert",
  `insert into shares (${SHARE})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[],
     $9::uuid[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::text[],
     $16::bigint[], $17::text[], $18::text[], $19::text[], $20::date[], $21::text[], $22::text[],
     $23::int[], $24::timestamptz[],
     $25::timestamptz[], $26::timestamptz[]
   )
   on conflict do nothing`,
);

export async function insertShares(tx: Tx, shares: readonly Share[]): Promise<void> {
  if (shares.length > 0) await tx.run(insertSharesSql, columnsOf(shares, SHARE_KEYS));
}

const sharesOfSql = sql(
  "shares_of_payments",
  `select ${SHARE}
   from shares
   where payment_id = any($1::uuid[])
   order by payment_id, id`,
);

export function sharesOfPayments(db: Db, paymentIds: readonly Id[]): Promise<Share[]> {
  return db.all<Share>(sharesOfSql, [paymentIds]);
}

const shareByIdSql = sql("share_by_id", `select ${SHARE} from shares where id = $1`);

export function shareById(db: Db, id: Id): Promise<Share | null> {
  return db.one<Share>(shareByIdSql, [id]);
}

const updateSharesSql = sql(
  "shares_update",
  `update shares s
   set
     returned_amount = u.returned_amount,
     state = u.state,
     channel_own_no = u.channel_own_no,
     channel_date = u.channel_date,
     failure_code = u.failure_code,
     failure_message = u.failure_message,
     tries = u.tries,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::date[], $6::text[], $7::text[], $8::int[],
     $9::timestamptz[], $10::timestamptz[]
   ) as u (
     id, returned_amount, state, channel_own_no, channel_date, failure_code, failure_message, tries, due_at,
     finished_at
   )
   where s.id = u.id`,
);

const CALLED_KEYS = [
  "state",
  "channelOwnNo",
  "channelDate",
  "failureCode",
  "failureMessage",
  "tries",
  "dueAt",
  "finishedAt",
] as const;

/** Writes the changing columns of shares whose payments this transaction has locked. */
export async function updateShares(tx: Tx, shares: readonly Share[]): Promise<void> {
  if (shares.length === 0) return;
  await tx.run(updateSharesSql, columnsOf(shares, ["id", "returnedAmount", ...CALLED_KEYS]));
}

const RETURN = `id, share_id, payment_id, merchant_id, refund_id, amount, currency, state, channel_return_no,
  channel_own_no, channel_date, failure_code, failure_message, tries, due_at, created_at, finished_at`;

const RETURN_KEYS: readonly (keyof ShareReturn)[] = [
  "id",
  "shareId",
  "paymentId",
  "merchantId",
  "refundId",
  "amount",
  "currency",
  "state",
  "channelReturnNo",
  "channelOwnNo",
  "channelDate",
  "failureCode",
  "failureMessage",
  "tries",
  "dueAt",
  "createdAt",
  "finishedAt",
];

const insertReturnsSql = sql(
  "share_returns_insert",
  `insert into share_returns (${RETURN})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::text[],
     $9::text[], $10::text[], $11::date[], $12::text[], $13::text[], $14::int[], $15::timestamptz[],
     $16::timestamptz[],
     $17::timestamptz[]
   )
   on conflict do nothing`,
);

export async function insertReturns(tx: Tx, rows: readonly ShareReturn[]): Promise<void> {
  if (rows.length > 0) await tx.run(insertReturnsSql, columnsOf(rows, RETURN_KEYS));
}

const returnsOfSql = sql(
  "share_returns_of_payments",
  `select ${RETURN}
   from share_returns
   where payment_id = any($1::uuid[])
   order by payment_id, id`,
);

export function returnsOfPayments(db: Db, paymentIds: readonly Id[]): Promise<ShareReturn[]> {
  return db.all<ShareReturn>(returnsOfSql, [paymentIds]);
}

const returnByIdSql = sql("share_return_by_id", `select ${RETURN} from share_returns where id = $1`);

export function returnById(db: Db, id: Id): Promise<ShareReturn | null> {
  return db.one<ShareReturn>(returnByIdSql, [id]);
}

const updateReturnsSql = sql(
  "share_returns_update",
  `update share_returns s
   set
     state = u.state,
     channel_own_no = u.channel_own_no,
     channel_date = u.channel_date,
     failure_code = u.failure_code,
     failure_message = u.failure_message,
     tries = u.tries,
     due_at = u.due_at,
     finished_at = u.finished_at
   from unnest(
     $1::uuid[], $2::text[], $3::text[], $4::date[], $5::text[], $6::text[], $7::int[], $8::timestamptz[],
     $9::timestamptz[]
   ) as u (
     id, state, channel_own_no, channel_date, failure_code, failure_message, tries, due_at, finished_at
   )
   where s.id = u.id`,
);

export async function updateReturns(tx: Tx, rows: readonly ShareReturn[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(updateReturnsSql, columnsOf(rows, ["id", ...CALLED_KEYS]));
}

const REQUEST = "merchant_id, merchant_share_no, payment_id, request, created_at";

const insertRequestSql = sql(
  "share_requests_insert",
  `insert into share_requests (${REQUEST})
   values ($1, $2, $3, $4, $5)
   on conflict do nothing`,
);

/** Whether the number was free; whoever lost reads the winner by a next statement. */
export async function insertRequest(tx: Tx, row: ShareRequest): Promise<boolean> {
  const { merchantId, merchantShareNo, paymentId, request, createdAt } = row;
  const params = [merchantId, merchantShareNo, paymentId, request, createdAt];
  return (await tx.run(insertRequestSql, params)) === 1;
}

const requestByNoSql = sql(
  "share_requests_by_number",
  `select ${REQUEST}
   from share_requests
   where merchant_id = $1
     and merchant_share_no = $2`,
);

export function requestByNumber(db: Db, merchantId: Id, no: string): Promise<ShareRequest | null> {
  return db.one<ShareRequest>(requestByNoSql, [merchantId, no]);
}

export type ShareFilter = {
  /** Null: any merchant's, for operators. */
  readonly merchantId: Id | null;
  readonly paymentId: Id | null;
  readonly receiverId: Id | null;
  readonly state: string | null;
};

const listSharesSql = sql(
  "shares_list",
  `select ${SHARE}
   from shares
   where ($1::uuid is null or merchant_id = $1)
     and ($2::uuid is null or payment_id = $2)
     and ($3::uuid is null or receiver_id = $3)
     and ($4::text is null or state = $4)
     and ($5::uuid is null or id < $5)
   order by id desc
   limit $6`,
);

/** Shares newest first, after the one with id `after`. */
export function listShares(db: Db, filter: ShareFilter, after: Id | null, limit: number): Promise<Share[]> {
  const { merchantId, paymentId, receiverId, state } = filter;
  return db.all<Share>(listSharesSql, [merchantId, paymentId, receiverId, state, after, limit]);
}

/** Of what is claimed: until when the lease lasts, and how many rows at most. */
export type Claim = { readonly now: Date; readonly until: Date; readonly limit: number };

/** A claim moves due times and nothing else: the one write allowed without the payment's lock. */
const claiming = (table: string, key: string, columns: string) =>
  `with claimed as (
     update ${table} c
     set due_at = $2
     from (
       select ${key}
       from ${table}
       where due_at <= $1
       order by due_at
       limit $3
       for no key update skip locked
     ) d
     where c.${key} = d.${key}
     returning ${columns
       .split(",")
       .map((column) => `c.${column.trim()}`)
       .join(", ")}
   )
   select ${columns}
   from claimed
   order by ${key}`;

const claimSharesSql = sql("shares_claim", claiming("shares", "id", SHARE));
const claimReturnsSql = sql("share_returns_claim", claiming("share_returns", "id", RETURN));
const claimSharingsSql = sql("sharings_claim", claiming("sharings", "payment_id", SHARING));

export function claimShares(tx: Tx, { now, until, limit }: Claim): Promise<Share[]> {
  return tx.all<Share>(claimSharesSql, [now, until, limit]);
}

export function claimReturns(tx: Tx, { now, until, limit }: Claim): Promise<ShareReturn[]> {
  return tx.all<ShareReturn>(claimReturnsSql, [now, until, limit]);
}

export function claimSharings(tx: Tx, { now, until, limit }: Claim): Promise<SharingRow[]> {
  return tx.all<SharingRow>(claimSharingsSql, [now, until, limit]);
}
