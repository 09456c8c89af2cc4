import type { MovedMoney } from "../../channels/index.ts";
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Currency, moneyText } from "../../kernel/money.ts";
import type { MoneyDay } from "./covers.ts";

const daysSql = sql(
  "channel_money_days_before",
  `select channel_date as date, moved_millionths as millionths,
     available_on
   from channel_money_days
   where channel_account_id = $1
     and currency = $2
     and channel_date < $3
   order by channel_date desc
   limit $4`,
);

/** Days before a date, the latest first. */
export function daysBefore(
  db: Db,
  channelAccountId: Id,
  currency: Currency,
  date: string,
  limit: number,
): Promise<MoneyDay[]> {
  return db.all<MoneyDay>(daysSql, [channelAccountId, currency, date, limit]);
}

const keepDaysSql = sql(
  "channel_money_days_keep",
  `insert into channel_money_days (
     channel_account_id, channel_date, currency, statement_id, teller, moved_millionths,
     shared_millionths, available_on
   )
   select $1, $2, d.currency, $3, $4, d.moved, d.shared, d.available_on
   from unnest($5::text[], $6::bigint[], $7::bigint[], $8::date[])
     as d (currency, moved, shared, available_on)
   order by d.currency
   on conflict on constraint channel_money_days_pkey do update
   set statement_id = excluded.statement_id, teller = excluded.teller,
     moved_millionths = excluded.moved_millionths, shared_millionths = excluded.shared_millionths,
     available_on = excluded.available_on`,
);

/** In place of what an earlier version told. */
export async function keepDays(
  tx: Tx,
  of: {
    readonly channelAccountId: Id;
    readonly channelDate: string;
    readonly statementId: Id;
    readonly teller: string;
  },
  days: readonly MovedMoney[],
): Promise<void> {
  if (days.length === 0) return;
  const columns = columnsOf(days, ["currency", "millionths", "sharedMillionths", "availableOn"]);
  await tx.run(keepDaysSql, [of.channelAccountId, of.channelDate, of.statementId, of.teller, ...columns]);
}

const lastCoveredSql = sql(
  "channel_payouts_last_covered",
  `select max(covers_through) as date
   from channel_payouts
   where channel_account_id = $1
     and currency = $2
     and announced_date < $3
     and withdrawn_at is null`,
);

/** The last date that payouts announced before a date cover. */
export async function lastCovered(
  db: Db,
  channelAccountId: Id,
  currency: Currency,
  announcedDate: string,
): Promise<string | null> {
  const values = [channelAccountId, currency, announcedDate];
  return (await db.one<{ date: string | null }>(lastCoveredSql, values))?.date ?? null;
}

const confirmSql = sql(
  "channel_payouts_confirm",
  `update channel_payouts p
   set told_by = $2, doubt = null
   from (
     select p.id
     from channel_payouts p
     join unnest($3::text[], $4::bigint[], $5::text[]) as t (payout_no, amount, currency)
       on t.payout_no = p.payout_no and t.amount = p.amount and t.currency = p.currency
     where p.channel_account_id = $1
     order by p.id
     for no key update of p
   ) told
   where p.id = told.id
     and (p.told_by is distinct from $2 or p.doubt is not null)
     and not exists (
       select
       from channel_payouts o
       where o.told_by = $2
         and o.payout_no = p.payout_no
         and o.id <> p.id
     )`,
);

type Told = { readonly payoutNo: string; readonly amount: bigint; readonly currency: Currency };

/** Those of an account that the channel tells as they are here are its own, whoever announced them. */
export async function confirmTold(
  tx: Tx,
  channelAccountId: Id,
  teller: string,
  told: readonly Told[],
): Promise<void> {
  const columns = columnsOf(told, ["payoutNo", "amount", "currency"]);
  await tx.run(confirmSql, [channelAccountId, teller, ...columns]);
}

const doubtSql = sql(
  "channel_payouts_doubt",
  `update channel_payouts p
   set doubt = d.doubt
   from (
     select p.id, case
         when t.payout_no is null then 'version ' || $4 || ' of the statement does not have it'
         else 'version ' || $4 || ' of the statement says ' || t.shown
       end as doubt
     from channel_payouts p
     left join unnest($5::text[], $6::bigint[], $7::text[], $8::text[])
       as t (payout_no, amount, currency, shown)
       on t.payout_no = p.payout_no
     where p.channel_account_id = $1
       and p.receipt_id is null
       and p.withdrawn_at is null
       and (
         (t.payout_no is null and p.told_by = $2 and p.announced_date = $3)
         or t.amount <> p.amount
         or t.currency <> p.currency
       )
     order by p.id
     for no key update of p
   ) d
   where p.id = d.id`,
);

/**
 * Marks what the channel's statement of a date tells otherwise than it was announced, and what stood in an
 * earlier version of it alone. What the bank has shown stands.
 */
export async function doubtOthers(
  tx: Tx,
  of: {
    readonly channelAccountId: Id;
    readonly teller: string;
    readonly channelDate: string;
    readonly version: number;
  },
  told: readonly Told[],
): Promise<void> {
  const rows = told.map((one) => ({ ...one, shown: moneyText(one) }));
  const columns = columnsOf(rows, ["payoutNo", "amount", "currency", "shown"]);
  await tx.run(doubtSql, [of.channelAccountId, of.teller, of.channelDate, String(of.version), ...columns]);
}

const cameBackSql = sql(
  "channel_payouts_came_back",
  `update channel_payouts p
   set doubt = 'it came back to the channel, by its statement of ' || $3
   from (
     select id
     from channel_payouts
     where channel_account_id = $1
       and payout_no = any($2::text[])
       and receipt_id is null
       and withdrawn_at is null
     order by id
     for no key update
   ) b
   where p.id = b.id`,
);

/** Marks those that the bank will not show. */
export async function doubtCameBack(
  tx: Tx,
  channelAccountId: Id,
  numbers: readonly string[],
  channelDate: string,
): Promise<void> {
  if (numbers.length > 0) await tx.run(cameBackSql, [channelAccountId, numbers, channelDate]);
}
