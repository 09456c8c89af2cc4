import { type Db, sql } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** What is between a channel and a bank for people to look at. */
export type Difference = {
  readonly kind: "payout_late" | "payout_doubted" | "credit_unexplained";
  /** The payout's id, or the entry's account and reference. */
  readonly key: string;
  readonly payoutId: Id | null;
  readonly accountNumber: string | null;
  readonly entryRef: string | null;
  readonly amount: bigint;
  readonly currency: Currency;
  /** When it was announced, or came to the bank. */
  readonly date: string;
  /** Who pays. */
  readonly payer: string | null;
  readonly doubt: string | null;
};

/** The last dates whose window is over: in CNY, and in other currencies. */
export type Windows = { readonly cny: string; readonly others: string };

const OPEN = `
  select case when doubt is null then 'payout_late' else 'payout_doubted' end as kind, id::text as key,
    id as payout_id, null::text as account_number, null::text as entry_ref, amount,
    currency::text as currency, announced_date as date, payer, doubt
  from channel_payouts
  where receipt_id is null
    and withdrawn_at is null
    and (doubt is not null or announced_date <= case when currency = 'CNY' then $1::date else $2::date end)
  union all
  select 'credit_unexplained', account_number || ' ' || entry_ref, null, account_number, entry_ref, amount,
    currency::text, value_date, counterparty_name, null
  from bank_entries
  where state = 'unplaced'
    and amount > 0
    and value_date <= case when currency = 'CNY' then $1::date else $2::date end`;

const listSql = sql(
  "bank_differences_list",
  `select *
   from (${OPEN}) o
   where $3::date is null
     or (o.date, o.key) > ($3, $4)
   order by o.date, o.key
   limit $5`,
);

/** The oldest first, after the one with this date and key. */
export function listDifferences(
  db: Db,
  { cny, others }: Windows,
  after: readonly [date: string, key: string] | null,
  limit: number,
): Promise<Difference[]> {
  const [date, key] = after ?? [null, null];
  return db.all<Difference>(listSql, [cny, others, date, key, limit]);
}

const countSql = sql(
  "bank_differences_count",
  `select w.what, count(o.key) as count, min(o.date) as oldest
   from unnest(array['payout_late', 'payout_doubted', 'credit_unexplained']) as w (what)
   left join (${OPEN}) o on o.kind = w.what
   group by w.what
   order by w.what`,
);

export type DifferenceCount = {
  readonly what: Difference["kind"];
  readonly count: bigint;
  readonly oldest: string | null;
};

export function countDifferences(db: Db, { cny, others }: Windows): Promise<DifferenceCount[]> {
  return db.all<DifferenceCount>(countSql, [cny, others]);
}
