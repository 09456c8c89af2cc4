import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { CostItem, CostMonth, CostPayment, Month } from "./model.ts";

const PAYMENT = `
  id, account_number, entry_ref, currency, amount, merchant_amount, evidence, made_at, paid_on,
  paid_booked_at, returned_at, returned_on, returned_booked_at, due_at`;

const insertSql = sql(
  "channel_cost_payment_insert",
  `insert into channel_cost_payments (${PAYMENT})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null, null, null, null, $10)`,
);

const ITEM = "payment_id, channel_account_id, merchant_id, month, merchant_amount, minimum_amount";
const ITEM_KEYS = [
  "paymentId",
  "channelAccountId",
  "merchantId",
  "month",
  "merchantAmount",
  "minimumAmount",
] as const;

const insertItemsSql = sql(
  "channel_cost_items_insert",
  `insert into channel_cost_items (${ITEM})
   select *
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::bigint[], $6::bigint[])`,
);

export async function insertPayment(tx: Tx, row: CostPayment, items: readonly CostItem[]): Promise<void> {
  const { id, accountNumber, entryRef, currency, amount, merchantAmount, evidence } = row;
  const params = [id, accountNumber, entryRef, currency, amount, merchantAmount, evidence];
  await tx.run(insertSql, [...params, row.madeAt, row.paidOn, row.dueAt]);
  await tx.run(insertItemsSql, columnsOf(items, ITEM_KEYS));
}

const byIdSql = sql(
  "channel_cost_payment_by_id",
  `select ${PAYMENT} from channel_cost_payments where id = $1`,
);

export function paymentById(db: Db, id: Id): Promise<CostPayment | null> {
  return db.one<CostPayment>(byIdSql, [id]);
}

const lockSql = sql(
  "channel_cost_payments_lock",
  `select ${PAYMENT}
   from channel_cost_payments
   where id = any($1::uuid[])
   order by id
   for no key update`,
);

/** Locks payments in the order of their ids. */
export function lockPayments(tx: Tx, ids: readonly Id[]): Promise<CostPayment[]> {
  return tx.all<CostPayment>(lockSql, [ids]);
}

const updateSql = sql(
  "channel_cost_payment_update",
  `update channel_cost_payments
   set paid_booked_at = $2, returned_at = $3, returned_on = $4, returned_booked_at = $5, due_at = $6
   where id = $1`,
);

/** Writes a payment that this transaction has locked. */
export async function updatePayment(tx: Tx, row: CostPayment): Promise<void> {
  const { id, paidBookedAt, returnedAt, returnedOn, returnedBookedAt, dueAt } = row;
  await tx.run(updateSql, [id, paidBookedAt, returnedAt, returnedOn, returnedBookedAt, dueAt]);
}

const listSql = sql(
  "channel_cost_payments_list",
  `select ${PAYMENT}
   from channel_cost_payments p
   where ($1::uuid is null or exists (
       select from channel_cost_items i
       where i.payment_id = p.id
         and i.channel_account_id = $1
     ))
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

/** Newest first, after the one with id `before`. */
export function listPayments(
  db: Db,
  channelAccountId: Id | null,
  before: Id | null,
  limit: number,
): Promise<CostPayment[]> {
  return db.all<CostPayment>(listSql, [channelAccountId, before, limit]);
}

const itemsSql = sql(
  "channel_cost_items_of",
  `select ${ITEM}
   from channel_cost_items
   where payment_id = any($1::uuid[])
   order by payment_id, channel_account_id, month`,
);

export function itemsOf(db: Db, paymentIds: readonly Id[]): Promise<CostItem[]> {
  return db.all<CostItem>(itemsSql, [paymentIds]);
}

const claimSql = sql(
  "channel_cost_payments_claim",
  `update channel_cost_payments p
   set due_at = $2
   from (
     select id
     from channel_cost_payments
     where due_at <= $1
     order by due_at, id
     limit $3
     for no key update skip locked
   ) d
   where p.id = d.id
   returning p.id`,
);

/** Moves the due times of what is due to `until`, and nothing else. */
export function claimPayments(tx: Tx, now: Date, until: Date, limit: number): Promise<{ readonly id: Id }[]> {
  return tx.all<{ readonly id: Id }>(claimSql, [now, until, limit]);
}

const openLocksSql = sql(
  "channel_cost_locks_open",
  `insert into channel_cost_locks (channel_account_id)
   select id
   from unnest($1::uuid[]) as account (id)
   order by id
   on conflict on constraint channel_cost_locks_pkey do nothing`,
);

const lockCostsSql = sql(
  "channel_cost_locks_lock",
  `select channel_account_id
   from channel_cost_locks
   where channel_account_id = any($1::uuid[])
   order by channel_account_id
   for no key update`,
);

/** Until this transaction ends, nobody else pays costs of these channel accounts. */
export async function lockCosts(tx: Tx, channelAccountIds: readonly Id[]): Promise<void> {
  await tx.run(openLocksSql, [channelAccountIds]);
  await tx.all(lockCostsSql, [channelAccountIds]);
}

// What a date's balance changed by, payments apart: they lower the balance of the month in which they are
// made.
const MONTHS = `
  select a.channel_account_id, b.owner_id as merchant_id, a.currency,
    coalesce((
      select -balance
      from closed_balances
      where account_id = a.id
        and accounting_date <= $2
      order by accounting_date desc
      limit 1
    ), 0) - coalesce((
      select -balance
      from closed_balances
      where account_id = a.id
        and accounting_date < $1
      order by accounting_date desc
      limit 1
    ), 0) + made.amount as charged,
    coalesce(greatest(m.minimum - m.cost, 0), 0)::bigint as gap,
    paid.of_charged as paid_of_charged, paid.of_gap as paid_of_gap
  from accounts a
  join books b on b.id = a.book_id
  left join channel_cost_minimums m
    on m.channel_account_id = a.channel_account_id and m.currency = a.currency and m.month = $1
  cross join lateral (
    select coalesce(sum(
        case when p.paid_on between $1 and $2 then i.merchant_amount else 0 end
        - case when p.returned_on between $1 and $2 then i.merchant_amount else 0 end
      ), 0)::bigint as amount
    from channel_cost_items i
    join channel_cost_payments p on p.id = i.payment_id and p.currency = a.currency
    where i.channel_account_id = a.channel_account_id
  ) made
  cross join lateral (
    select coalesce(sum(i.merchant_amount), 0)::bigint as of_charged,
      coalesce(sum(i.minimum_amount), 0)::bigint as of_gap
    from channel_cost_items i
    join channel_cost_payments p on p.id = i.payment_id and p.currency = a.currency
    where i.channel_account_id = a.channel_account_id
      and i.month = $1
      and p.returned_at is null
  ) paid
  where a.code = 'channel_cost_payable'
    and b.kind = 'merchant'`;

const monthSql = sql(
  "channel_cost_month",
  `${MONTHS}
     and a.channel_account_id = $3
     and a.currency = $4
     and b.owner_id = $5`,
);

/** What a merchant's channel account costs in a closed month, and what is paid of it. */
export function costMonth(
  db: Db,
  of: { readonly channelAccountId: Id; readonly merchantId: Id; readonly currency: Currency },
  { first, last }: Month,
): Promise<CostMonth | null> {
  return db.one<CostMonth>(monthSql, [first, last, of.channelAccountId, of.currency, of.merchantId]);
}

const monthsSql = sql(
  "channel_cost_months",
  `${MONTHS}
     and ($3::uuid is null or (a.channel_account_id, a.currency) > ($3, $4))
   order by a.channel_account_id, a.currency
   limit $5`,
);

/** Of all channel accounts, by id and currency, from the one after `after`. */
export function costMonths(
  db: Db,
  { first, last }: Month,
  after: readonly string[] | null,
  limit: number,
): Promise<CostMonth[]> {
  return db.all<CostMonth>(monthsSql, [first, last, after?.[0] ?? null, after?.[1] ?? null, limit]);
}

const closedSql = sql(
  "channel_cost_month_closed",
  `select
     not exists (
       select
       from days d
       left join closed_days c on c.accounting_date = d.accounting_date
       where d.accounting_date between $1 and $2
         and c.accounting_date is null
     ) and exists (
       select
       from days
       where accounting_date > $2
     ) as is_closed`,
);

/** Whether every date of the month is closed, with its balances written down. */
export async function isMonthClosed(db: Db, { first, last }: Month): Promise<boolean> {
  return (await db.one<{ isClosed: boolean }>(closedSql, [first, last]))?.isClosed === true;
}
