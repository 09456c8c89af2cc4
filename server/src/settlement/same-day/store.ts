/** The SQL of same-day settlements and of the own money that is reserved for them. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Settlement } from "../model.ts";
import type { FundsScope } from "../readings.ts";

const tradingSql = sql(
  "same_day_trading_dates",
  `select count(*)::integer as dates
   from bills
   where merchant_id = $1
     and currency = $2
     and payments > 0`,
);

/** On how many closed dates the merchant was paid in a currency. */
export async function tradingDates(db: Db, merchantId: Id, currency: string): Promise<number> {
  return (await db.one<{ dates: number }>(tradingSql, [merchantId, currency]))?.dates ?? 0;
}

const numberSql = sql(
  "same_day_next_number",
  `select coalesce(max(number), 0) + 1 as number
   from settlements
   where account_id = $1
     and accounting_date = $2
     and kind = 'same_day'`,
);

/** The number of the next same-day settlement, under the lock of the account's row. */
export async function nextNumber(tx: Tx, accountId: Id, date: string): Promise<number> {
  return (await tx.one<{ number: number }>(numberSql, [accountId, date]))?.number ?? 1;
}

// What a success brought is listed in the order of booking; what waits for a reason of its own is left to
// later settlements.
const listSql = sql(
  "same_day_list",
  `with journal as (
     select e.journal_id, min(e.seq) as seq, -sum(e.amount)::bigint as amount
     from settlement_accounts s
     join entries e on e.account_id = s.account_id and e.seq > s.itemized_seq
     where s.account_id = $1
     group by e.journal_id
   )
   insert into settlement_items (journal_id, account_id, settlement_id, amount, accounting_date, passed_over)
   select g.journal_id, $1, $2, g.amount, j.accounting_date, false
   from journal g
   join journals j on j.id = g.journal_id and j.kind <> 'settlement'
   where not exists (
       select
       from settlement_items i
       where i.journal_id = g.journal_id
     )
     and not exists (
       select
       from settlement_holds h
       where h.journal_id = g.journal_id
         and h.released_at is null
     )
     and (
       g.amount < 0
       or (j.subject_id is null or j.subject_id not in (select unnest($3::uuid[])))
       and j.source_id not in (select unnest($3::uuid[]))
     )
   order by g.seq
   limit $4
   on conflict on constraint settlement_items_pkey do nothing
   returning settlement_id, amount`,
);

/** Lists the open date's journals that are no items yet, at most `limit`; gives their amounts. */
export async function listOpenDate(
  tx: Tx,
  of: { readonly accountId: Id; readonly settlementId: Id; readonly held: readonly Id[] },
  limit: number,
): Promise<bigint[]> {
  const rows = await tx.all<{ amount: bigint }>(listSql, [of.accountId, of.settlementId, of.held, limit]);
  return rows.map(({ amount }) => amount);
}

const insertSql = sql(
  "same_day_insert",
  `insert into settlements (
     id, account_id, merchant_id, currency, accounting_date, kind, number, state, items, amount, recovered,
     reserved, available, payout, made_at
   )
   values ($1, $2, $3, $4, $5, 'same_day', $6, 'gathering', 0, 0, 0, 0, 0, $7, $8)`,
);

export async function insertSameDay(tx: Tx, one: Settlement): Promise<void> {
  await tx.run(insertSql, [
    one.id,
    one.accountId,
    one.merchantId,
    one.currency,
    one.accountingDate,
    one.number,
    one.payout,
    one.madeAt,
  ]);
}

const advanceSql = sql(
  "settlement_advances_insert",
  `insert into settlement_advances (settlement_id, currency, amount, booked, advanced_at)
   values ($1, $2, $3, false, $4)`,
);

export type NewAdvance = { readonly settlementId: Id; readonly currency: string; readonly amount: bigint };
/** `booked`: versions before moved own money in the books for it. */
export type Advance = NewAdvance & { readonly booked: boolean };

export async function insertAdvance(tx: Tx, advance: NewAdvance, at: Date): Promise<void> {
  await tx.run(advanceSql, [advance.settlementId, advance.currency, advance.amount, at]);
}

const sumsSql = sql(
  "settlement_advances_open_sums",
  `select currency::text, sum(amount)::bigint as amount
   from settlement_advances
   where repaid_at is null
   group by currency
   order by currency`,
);

/** How much own money is reserved for settlements that channels have not paid for, by currency. */
export async function advancesOpen(db: Db): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db.all<{ currency: string; amount: bigint }>(sumsSql);
  return new Map(rows.map(({ currency, amount }) => [currency, amount]));
}

const openSql = sql(
  "settlement_advances_open_page",
  `select settlement_id, currency, amount, booked
   from settlement_advances
   where repaid_at is null
     and ($1::uuid is null or settlement_id > $1)
   order by settlement_id
   limit $2`,
);

/** Advances that are not repaid, in the order of their settlements, from the one after `after`. */
export function openAdvances(db: Db, after: Id | null, limit: number): Promise<Advance[]> {
  return db.all<Advance>(openSql, [after, limit]);
}

const scopesSql = sql(
  "settlement_advances_scopes",
  `select distinct i.settlement_id, j.channel_account_id, j.channel_date, j.currency
   from settlement_items i
   join journals j on j.id = i.journal_id
   where i.settlement_id = any($1::uuid[])
     and i.amount > 0
     and j.channel_account_id is not null
     and j.channel_date is not null
   order by i.settlement_id, j.channel_account_id, j.channel_date, j.currency`,
);

/** Whose money settlements wait for. */
export function scopesOf(
  db: Db,
  settlementIds: readonly Id[],
): Promise<(FundsScope & { readonly settlementId: Id })[]> {
  return db.all(scopesSql, [settlementIds]);
}

const lockSql = sql(
  "settlement_advances_lock",
  `select settlement_id, currency, amount, booked
   from settlement_advances
   where settlement_id = any($1::uuid[])
     and repaid_at is null
   order by settlement_id
   for no key update`,
);

const repaySql = sql(
  "settlement_advances_repay",
  `update settlement_advances a
   set repaid_at = $2
   from unnest($1::uuid[]) as u(settlement_id)
   where a.settlement_id = u.settlement_id`,
);

/** Marks advances repaid; gives those that were not yet. */
export async function repay(tx: Tx, ids: readonly Id[], at: Date): Promise<Advance[]> {
  const open = await tx.all<Advance>(lockSql, [ids]);
  if (open.length > 0) await tx.run(repaySql, columnsOf(open, ["settlementId"]).concat(at.toISOString()));
  return open;
}
