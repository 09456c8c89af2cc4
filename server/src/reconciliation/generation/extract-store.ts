import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** A closed date taken out of the ledger. */
export type Extract = {
  readonly accountingDate: string;
  readonly hash: Buffer;
  readonly bytes: bigint;
  readonly accounts: bigint;
  readonly entries: bigint;
  readonly journals: bigint;
  readonly madeAt: Date;
};

/** What a channel owes, by our books. */
export type ReceivableAccount = { readonly id: Id; readonly currency: Currency; readonly lastSeq: bigint };

const FIND_CLOSED_DATES = sql(
  "reconciliation_closed_dates",
  `select accounting_date
   from days
   where accounting_date between $1 and $2
     and closed_at is not null
   order by accounting_date`,
);

const FIND_FIRST_DATE = sql(
  "reconciliation_first_date",
  `select accounting_date
   from days
   order by accounting_date
   limit 1`,
);

const FIND_EXTRACT = sql(
  "reconciliation_extract",
  `select accounting_date, hash, bytes, accounts, entries, journals, made_at
   from extracts
   where accounting_date = $1
   order by accounting_date`,
);

const FIND_ACCOUNTS = sql(
  "reconciliation_receivable_accounts",
  `select id, currency, last_seq
   from accounts
   where code in ('channel_receivable', 'memo_channel_receivable')
     and id > $1
     and last_seq > 0
   order by id
   limit $2`,
);

const FIND_PLACES = sql(
  "reconciliation_dates_of_places",
  `select p.place, j.accounting_date, e.balance_after
   from unnest($1::uuid[], $2::bigint[]) with ordinality as p (account_id, seq, place)
   join entries e on e.account_id = p.account_id
     and e.seq = p.seq
   join journals j on j.id = e.journal_id
   order by p.place`,
);

/** An attempt's row is long: what is not read of it is not unpacked. */
const ofAttempt = (alias: string) =>
  [
    "id",
    "channel_order_no",
    "channel_trade_no",
    "method",
    "fund_flow",
    "cost_gross",
    "cost_amount",
    "paid_amount",
    "settle_amount",
  ]
    .map((column) => `${alias}.${column}`)
    .join(", ");

// A journal has its entries on one account one after the other: it is told once, at the first of them. Rows
// of other rooms are looked for only where the kind of the journal says that there is one. What a refund or a
// claim is of stands on rows that no longer change once it is booked. What a channel gave back by itself is
// of the attempt that it was told of: by an answer or a notification, or by the channel's number of it, whose
// source is named after both (`foreignRefundId`).
const READ_CHUNK = sql(
  "reconciliation_movements",
  `with told as (
     select p.place, p.account_id, a.channel_account_id, g.journal_id, g.seq, g.net, g.entries
     from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) with ordinality
       as p (account_id, from_seq, to_seq, reach, place)
     join accounts a on a.id = p.account_id
     cross join lateral (
       select e.journal_id, min(e.seq) as seq, sum(e.amount)::bigint as net, count(*) as entries
       from entries e
       where e.account_id = p.account_id
         and e.seq > p.from_seq
         and e.seq <= p.reach
       group by e.journal_id
       having min(e.seq) <= p.to_seq
     ) g
   ),
   sums as (
     select t.place, t.seq, j.id, j.kind as origin, j.source_id, j.subject_id, j.reversal_of,
       t.channel_account_id, j.accounting_date, j.posted_at,
       coalesce(j.channel_date, j.accounting_date) as channel_date, j.currency, t.entries, t.net
     from told t
     join journals j on j.id = t.journal_id
     where j.entry_seqs[array_position(j.entry_accounts, t.account_id)] = t.seq
   ),
   causes as (
     select s.*, r.channel_refund_no, r.amount as refund_amount, r.cost_returned as refund_cost, r.id as
       refund_id,
       d.amount as claim_amount, d.fee as claim_fee, d.returned_amount, d.returned_fee,
       coalesce(r.attempt_id, d.attempt_id, case
         when s.origin in ('payment_success', 'surplus_success', 'surplus_reversed', 'reversed_by_channel')
           then s.source_id
       end) as attempt_id,
       case
         when s.origin like 'channel_payout%' or s.origin like 'resolution_%' then true
         when s.origin in ('break_payment_theirs', 'break_payment_ours', 'break_refund_ours', 'break_fee',
           'manual_correction', 'channel_movement', 'share_done', 'share_returned')
           then true
         when s.origin = 'break_refund_theirs' then b.journal_id is not null
         when s.origin = 'reversal' then o.origin_is_break
         else false
       end as apart
     from sums s
     left join refunds r on r.id = case
         when s.origin in ('refund_accepted', 'refund_returned', 'break_refund_theirs') then s.source_id
       end
     left join disputes d on d.id = case
         when s.origin in ('dispute_opened', 'dispute_won') then s.source_id
       end
     left join break_journals b on b.journal_id = case when s.origin = 'break_refund_theirs' then s.id end
     left join lateral (
       select x.kind like 'channel_payout%' or x.kind like 'resolution_%' or x.kind like 'break_%'
         as origin_is_break
       from journals x
       where x.id = s.reversal_of
     ) o on s.origin = 'reversal'
   ),
   orders as (
     select c.*, a.channel_order_no, a.channel_trade_no, a.method, a.fund_flow, a.cost_gross, a.cost_amount,
       a.paid_amount, a.settle_amount, a.id as order_id
     from causes c
     left join lateral (
       select ${ofAttempt("x")}
       from attempts x
       where x.id = c.attempt_id
       union all
       select ${ofAttempt("y")}
       from (
         select ${ofAttempt("z")}
         from attempts z
         where c.attempt_id is null
           and not c.apart
           and z.payment_id = c.subject_id
           and z.channel_account_id = c.channel_account_id
           and exists (
             select
             from journals k
             where k.source_id = z.id
               and k.kind in ('payment_success', 'surplus_success')
               and k.posted_at <= c.posted_at
           )
         order by case
             when exists (
               select
               from exchanges x
               where x.payment_id = c.subject_id
                 and x.id = c.source_id
                 and x.attempt_id = z.id
             ) then 0
             when exists (
               select
               from jsonb_array_elements(z.foreign_refunds::jsonb) told
               cross join unnest(array['', ' returned']) what
               cross join encode(
                 sha256(convert_to(z.id || ' ' || (told ->> 0) || what, 'UTF8')), 'hex'
               ) h
               where c.source_id = concat_ws('-', substr(h, 1, 8), substr(h, 9, 4), '8' || substr(h, 14, 3),
                 '8' || substr(h, 18, 3), substr(h, 21, 12))::uuid
             ) then 0
             else 1
           end, z.id
         limit 1
       ) y
     ) a on true
   ),
   fees as (
     select o.*,
       case
         when o.fund_flow is distinct from 'through_platform' then 0
         when o.origin in ('payment_success', 'surplus_success') then o.cost_amount
         when o.refund_id is not null then case when o.origin = 'refund_returned' then 1 else -1 end *
           o.refund_cost
         when o.origin = 'dispute_opened' then o.claim_fee
         when o.origin = 'dispute_won' then -o.returned_fee
         when o.origin in ('surplus_reversed', 'reversed_by_channel') then (
           select coalesce(sum(x.amount), 0)::bigint
           from journals j
           cross join unnest(j.entry_accounts, j.entry_seqs) as at (account_id, seq)
           join accounts c on c.id = at.account_id
             and c.code = 'channel_cost'
           join entries x on x.account_id = at.account_id
             and x.seq = at.seq
           where j.id = o.id
         )
         else 0
       end as fee
     from orders o
   ),
   settled as (
     select f.*,
       f.net + case when f.cost_gross and f.origin not like 'dispute_%' then 0 else coalesce(f.fee, 0) end
         as settle
     from fees f
   )
   select coalesce(string_agg(
       concat_ws(',', s.channel_account_id, s.accounting_date, s.channel_date, s.id, s.origin,
         case
           when s.apart then 'none'
           when s.origin in ('payment_success', 'surplus_success') then 'payment'
           when s.origin like 'dispute_%' then 'dispute'
           else 'refund'
         end,
         '"' || replace(coalesce(s.channel_order_no, ''), '"', '""') || '"',
         '"' || replace(coalesce(s.channel_trade_no, ''), '"', '""') || '"',
         '"' || replace(coalesce(s.channel_refund_no, ''), '"', '""') || '"',
         coalesce(case
           when s.origin in ('payment_success', 'surplus_success') then s.paid_amount
           when s.refund_id is not null
             then case when s.origin = 'refund_returned' then 1 else -1 end * s.refund_amount
           when s.origin = 'dispute_opened' then -s.claim_amount
           when s.origin = 'dispute_won' then s.returned_amount
           when s.settle = -s.settle_amount then -s.paid_amount
           else s.settle
         end, s.settle),
         s.settle, coalesce(s.fee, 0), s.currency, coalesce(s.subject_id::text, '""'),
           coalesce(s.order_id::text, '""'),
         coalesce(s.refund_id::text, '""'),
         case when s.paid_amount <> s.settle_amount then 1 else 0 end,
         case when s.method = any($5::text[]) then 1 else 0 end,
         s.net, s.entries),
       E'\\n' order by s.place, s.seq
     ), '') as text,
     count(*) as journals,
     coalesce(sum(s.entries), 0)::bigint as entries,
     coalesce(sum(s.net), 0)::bigint as net
   from settled s`,
);

const INSERT_EXTRACT = sql(
  "reconciliation_insert_extract",
  `insert into extracts (accounting_date, hash, bytes, accounts, entries, journals, made_at)
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict (accounting_date) do nothing`,
);

const INSERT_SUM = sql(
  "reconciliation_insert_extract_sum",
  `insert into extract_sums (accounting_date, currency, entries, amount)
   values ($1, $2, $3, $4)`,
);

/** The closed dates from one to another, in order. */
export async function closedDates(db: Db, from: string, through: string): Promise<readonly string[]> {
  const rows = await db.all<{ accountingDate: string }>(FIND_CLOSED_DATES, [from, through]);
  return rows.map((row) => row.accountingDate);
}

/** The first date that was ever open. */
export async function firstDate(db: Db): Promise<string | null> {
  return (await db.one<{ accountingDate: string }>(FIND_FIRST_DATE))?.accountingDate ?? null;
}

export function findExtract(db: Db, accountingDate: string): Promise<Extract | null> {
  return db.one<Extract>(FIND_EXTRACT, [accountingDate]);
}

/** Accounts that have entries, in the order of their ids. */
export function receivableAccounts(db: Db, after: Id, limit: number): Promise<ReceivableAccount[]> {
  return db.all<ReceivableAccount>(FIND_ACCOUNTS, [after, limit]);
}

export type Place = { readonly account: Id; readonly seq: bigint };

/** For each place of an account its date and the balance after it, in the order asked. */
export function datesOf(
  db: Db,
  places: readonly Place[],
): Promise<readonly { readonly accountingDate: string; readonly balanceAfter: bigint }[]> {
  const columns = [places.map((place) => place.account), places.map((place) => place.seq)];
  return db.all(FIND_PLACES, columns);
}

/**
 * Entries of an account behind `from`, up to `to`; those up to `reach` complete the journal that begins last.
 */
export type Range = {
  readonly account: Id;
  readonly from: bigint;
  readonly to: bigint;
  readonly reach: bigint;
};

/**
 * The movements of journals that begin after `from` and up to `to`, as lines of the extract, and what they
 * add up to.
 */
export async function readChunk(
  db: Db,
  ranges: readonly Range[],
  quietMethods: readonly string[],
): Promise<{
  readonly text: string;
  readonly journals: bigint;
  readonly entries: bigint;
  readonly net: bigint;
}> {
  const row = await db.one<{ text: string; journals: bigint; entries: bigint; net: bigint }>(READ_CHUNK, [
    ranges.map((range) => range.account),
    ranges.map((range) => range.from),
    ranges.map((range) => range.to),
    ranges.map((range) => range.reach),
    quietMethods,
  ]);
  if (row === null) throw new Error("an aggregate without a row");
  return row;
}

export type ExtractSum = {
  readonly currency: Currency;
  readonly entries: bigint;
  readonly amount: bigint;
};

/** Writes the row of an extract; false where there is one already. */
export async function insertExtract(tx: Tx, extract: Extract, sums: readonly ExtractSum[]): Promise<boolean> {
  const { accountingDate, hash, bytes, accounts, entries, journals, madeAt } = extract;
  const made = await tx.run(INSERT_EXTRACT, [
    accountingDate,
    hash,
    bytes,
    accounts,
    entries,
    journals,
    madeAt,
  ]);
  if (made === 0) return false;
  for (const sum of sums) await tx.run(INSERT_SUM, [accountingDate, sum.currency, sum.entries, sum.amount]);
  return true;
}
