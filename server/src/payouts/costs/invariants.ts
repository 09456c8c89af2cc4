/** What must hold between payments of channels' costs and the books. */
import { type Db, sql } from "../../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../../kernel/invariants.ts";

const PAID = sql(
  "audit_channel_costs_paid",
  `with meant as (
     select p.id, p.amount, p.merchant_amount, i.of_merchants, i.of_minimums,
       i.of_merchants * (p.returned_at is null)::integer
         + i.of_minimums * (
           (p.paid_booked_at is not null)::integer - (p.returned_booked_at is not null)::integer
         ) as left_paid
     from channel_cost_payments p
     cross join lateral (
       select coalesce(sum(merchant_amount), 0) as of_merchants,
         coalesce(sum(minimum_amount), 0) as of_minimums
       from channel_cost_items
       where payment_id = p.id
     ) i
   ), booked as (
     select m.id, sum(e.amount) as amount
     from meant m
     join journals j on j.source_id = m.id and j.kind in ('channel_cost_paid', 'channel_cost_returned')
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as line (account_id, seq)
     join entries e on e.account_id = line.account_id and e.seq = line.seq
     join accounts a on a.id = e.account_id and a.code = 'channel_cost_payable'
     group by m.id
   )
   select m.id::text as subject,
     'it is of ' || m.amount || ', its items of ' || m.of_merchants || ' and ' || m.of_minimums
       || ', and the books have paid ' || coalesce(b.amount, 0) || ' where ' || m.left_paid
       || ' is meant' as detail
   from meant m
   left join booked b on b.id = m.id
   where coalesce(b.amount, 0) <> m.left_paid
     or m.of_merchants <> m.merchant_amount
     or m.of_merchants + m.of_minimums <> m.amount
   order by 1
   limit $1`,
);

export const invariants: readonly Invariant[] = [
  {
    name: "7 channel costs are paid as matched",
    sentence:
      "Each payment of channels' costs lowers channel_cost_payable by its items, and not at all once it " +
      "has come back.",
    per: "cell",
    readsAll: true,
    check: (db: Db) => db.all<Violation>(PAID, [VIOLATIONS_MAX]),
  },
];
