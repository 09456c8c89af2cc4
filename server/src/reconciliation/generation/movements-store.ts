/** The SQL of an extract's lines: what the journals of a date did to what channels owe. */
import { columnsOf, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type DateSpan, readSideBySide } from "../../ledger/index.ts";

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

/** A row of text for so many lines: many are long, and each row costs. */
const LINES_PER_ROW = 1_000;

/** Where journals and attempts of the lines are found. */
type Sources = {
  /** Joins `j`, the journals of the entries `t`. */
  readonly journals: string;
  /** Joins `w`, attempts of the causes `c` that need not be looked up; or nothing. */
  readonly read: string;
  /** What looks up the others, as one part of a union. */
  readonly lookedUp: string;
};

const EACH: Sources = {
  journals: "join journals j on j.id = t.journal_id",
  read: "",
  lookedUp: `select ${ofAttempt("x")}
       from attempts x
       where x.id = c.attempt_id`,
};

// All journals of the date, and the attempts among them; earlier ones are looked up. "offset 0" keeps the
// planner, which takes the entries for few, from looking up each; in the order of ids it merges.
const SIDE_BY_SIDE: Sources = {
  journals: `join (
       select id, kind, source_id, subject_id, reversal_of, posted_at, accounting_date, channel_date, currency
       from journals
       where id between $7 and $8
       order by id
       offset 0
     ) j on j.id = t.journal_id`,
  read: `left join (
       select ${ofAttempt("z")}
       from attempts z
       where z.id between $7 and $8
         and z.paid_amount is not null
       offset 0
     ) w on w.id = c.attempt_id`,
  lookedUp: `select ${ofAttempt("w")}
       where w.id is not null
       union all
       select ${ofAttempt("x")}
       from attempts x
       where x.id = c.attempt_id
         and w.id is null`,
};

// A journal's entries on one account follow each other: it is told once, by the range that holds the first
// of them; the entry before the range tells a journal that began before it. Rows of other rooms are looked
// for only where the kind of the journal says that there is one. What a refund or a claim is of stands on
// rows that no longer change once it is booked. What a channel gave back by itself is of the attempt that it
// was told of: by an answer or a notification, or by the channel's number of it, whose source is named after
// both (`foreignRefundId`).
const TOLD = `
   told as (
     select p.place, p.channel_account_id, g.journal_id, g.seq, g.net, g.entries
     from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) with ordinality
       as p (account_id, channel_account_id, from_seq, to_seq, reach, place)
     cross join lateral (
       select e.journal_id, min(e.seq) as seq, sum(e.amount)::bigint as net, count(*) as entries
       from entries e
       where e.account_id = p.account_id
         and e.seq >= p.from_seq
         and e.seq <= p.reach
       group by e.journal_id
       having min(e.seq) > p.from_seq
         and min(e.seq) <= p.to_seq
     ) g
   ),`;

const sumsOf = ({ journals }: Sources) => `
   sums as (
     select t.place, t.seq, j.id, j.kind as origin, j.source_id, j.subject_id, j.reversal_of,
       t.channel_account_id, j.accounting_date, j.posted_at,
       coalesce(j.channel_date, j.accounting_date) as channel_date, j.currency, t.entries, t.net
     from told t
     ${journals}
   ),`;

const CAUSES = `
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
   ),`;

// Where no answer, no notification and no number tells whose it is, it is of the first that was paid.
const FOREIGN = `       select ${ofAttempt("y")}
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
   ),`;

const ordersOf = ({ read, lookedUp }: Sources) => `
   orders as (
     select c.*, a.channel_order_no, a.channel_trade_no, a.method, a.fund_flow, a.cost_gross, a.cost_amount,
       a.paid_amount, a.settle_amount, a.id as order_id
     from causes c
     ${read}
     left join lateral (
       ${lookedUp}
       union all
${FOREIGN}`;

const TEXT = `
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
   ),
   lines as (
     select s.entries, s.net, row_number() over (order by s.place, s.seq) as number,
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
         case when s.method = any($6::text[]) then 1 else 0 end,
         s.net, s.entries) as line
     from settled s
   )
   select string_agg(line || E'\\n', '' order by number) as text, count(*) as journals,
     sum(entries)::bigint as entries, sum(net)::bigint as net
   from lines
   group by (number - 1) / ${LINES_PER_ROW}
   order by (number - 1) / ${LINES_PER_ROW}`;

const linesOf = (sources: Sources) => `with ${TOLD}${sumsOf(sources)}${CAUSES}${ordersOf(sources)}${TEXT}`;

const READ_EACH = sql("reconciliation_movements", linesOf(EACH));
const READ_SIDE_BY_SIDE = sql("reconciliation_movements_side_by_side", linesOf(SIDE_BY_SIDE));

/**
 * Entries of an account behind `from`, up to `to`; those up to `reach` complete the journal that begins last.
 */
export type Range = {
  readonly account: Id;
  readonly channelAccountId: Id;
  readonly from: bigint;
  readonly to: bigint;
  readonly reach: bigint;
};

export type Movements = {
  readonly text: string;
  readonly journals: bigint;
  readonly entries: bigint;
  readonly net: bigint;
};

/**
 * The movements of journals that begin after `from` and up to `to`, as lines of the extract in their order,
 * some at a time, and what these add up to. @param side where the date's journals are, if so many of them
 * are wanted that all of them are read; null: each is looked up
 */
export async function readChunk(
  tx: Tx,
  ranges: readonly Range[],
  { quietMethods, side }: { readonly quietMethods: readonly string[]; readonly side: DateSpan | null },
): Promise<Movements[]> {
  const columns = columnsOf(ranges, ["account", "channelAccountId", "from", "to", "reach"]);
  if (side !== null) await readSideBySide(tx);
  return side === null
    ? tx.all<Movements>(READ_EACH, [...columns, quietMethods])
    : tx.all<Movements>(READ_SIDE_BY_SIDE, [...columns, quietMethods, side.firstId, side.lastId]);
}
