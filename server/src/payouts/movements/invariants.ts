/** What must hold between movements of fund bills, what people said of them, and the books. */
import { type Db, sql } from "../../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../../kernel/invariants.ts";

const PLACED = sql(
  "audit_channel_movements_placed",
  `select p.id::text as subject,
     'placed as ' || p.placed_as || ' with ' || p.amount || ', and booked is '
       || coalesce(b.amount::text, 'nothing') as detail
   from channel_movement_placements p
   left join lateral (
     select sum(e.amount) as amount
     from journals j
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as line (account_id, seq)
     join entries e on e.account_id = line.account_id and e.seq = line.seq
     join accounts a on a.id = e.account_id and a.code = 'channel_receivable'
     where j.source_id = p.id
       and j.kind = 'channel_movement'
   ) b on true
   where b.amount is distinct from case when p.placed_as <> 'elsewhere' then p.amount end
   union all
   select m.id::text, 'its parts sum to ' || coalesce(p.sum, 0) || ', placed is ' || m.placed_millionths
   from channel_movements m
   left join (
     select movement_id, sum(millionths) as sum
     from channel_movement_placements
     group by movement_id
   ) p on p.movement_id = m.id
   where m.placed_millionths <> coalesce(p.sum, 0)
   order by 1
   limit $1`,
);

export const invariants: readonly Invariant[] = [
  {
    name: "7 channels' movements are booked as placed",
    sentence: "Each movement of a fund bill is booked once as two people said, by the amount they saw.",
    per: "cell",
    readsAll: true,
    check: (db: Db) => db.all<Violation>(PLACED, [VIOLATIONS_MAX]),
  },
];
