/** A day's shares by channels' fund bills and by the books, compared each hour. */
import { dateIn } from "../../kernel/clock.ts";
import { type Db, sql, type Tx } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import type { Job } from "../../kernel/schedules.ts";
import type { PayoutsDeps } from "../deps.ts";

/**
 * A share whose answer was lost is known by then. A bill that comes later is compared once, and while it
 * differs.
 */
const RECENT_DAYS = 10;

/** Each hour the last dates, those whose bills were not compared yet, and those that differ. */
export function sharesJob(deps: PayoutsDeps): Job {
  return {
    name: "fund_shares_compare",
    cron: "40 * * * *",
    run: (goOn) => compareShares(deps, goOn),
  };
}

/** Writes beside what each fund bill says of shares what the books have of its date. Safe to repeat. */
export async function compareShares(
  { cell, timeZone }: Pick<PayoutsDeps, "cell" | "timeZone">,
  goOn: () => Promise<void>,
): Promise<void> {
  const since = shiftDate(dateIn(timeZone, cell.clock.now()), -RECENT_DAYS);
  for (const date of await datesToCompare(cell.db, since)) {
    await goOn();
    await cell.transact((tx) => compareDate(tx, date), { repeatable: true });
  }
}

const datesSql = sql(
  "fund_shares_dates",
  `select distinct channel_date as date
   from channel_money_days
   where shared_millionths is not null
     and (channel_date >= $1 or shared_millionths is distinct from booked_share_millionths)
   order by date`,
);

async function datesToCompare(db: Db, since: string): Promise<readonly string[]> {
  return (await db.all<{ date: string }>(datesSql, [since])).map(({ date }) => date);
}

// Shares are yuan, of which a fen is 10,000 millionths.
const compareSql = sql(
  "fund_shares_compare",
  `with booked as (
     select channel_account_id, sum(amount) as amount
     from (
       select channel_account_id, -amount as amount
       from shares
       where channel_date = $1
         and state = 'succeeded'
         and mode = 'channel'
         and fund_flow = 'through_platform'
       union all
       select s.channel_account_id, r.amount
       from share_returns r
       join shares s on s.id = r.share_id
       where r.channel_date = $1
         and r.state = 'succeeded'
         and s.mode = 'channel'
         and s.fund_flow = 'through_platform'
     ) s
     group by channel_account_id
   ), days as (
     select channel_account_id, teller
     from channel_money_days
     where channel_date = $1
       and shared_millionths is not null
       and currency = 'CNY'
   ), sums as (
     select d.teller, (coalesce(sum(b.amount), 0) * 10000)::bigint as amount
     from days d
     left join booked b on b.channel_account_id = d.channel_account_id
     group by d.teller
   )
   update channel_money_days m
   set booked_share_millionths = s.amount
   from days d
   join sums s on s.teller = d.teller
   where m.channel_account_id = d.channel_account_id
     and m.currency = 'CNY'
     and m.channel_date = $1
     and m.booked_share_millionths is distinct from s.amount`,
);

async function compareDate(tx: Tx, date: string): Promise<void> {
  await tx.run(compareSql, [date]);
}
