/** What must hold between what was worked out and what is booked. */
import { type Db, sql } from "../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";

const MINIMUMS = sql(
  "audit_monthly_minimums",
  `select m.id::text as subject,
     'of ' || m.month || ': minimum ' || m.minimum || ', cost ' || m.cost || ', booked '
       || coalesce(sum(abs(e.amount)), 0) as detail
   from channel_cost_minimums m
   left join journals j on j.source_id = m.id and j.kind = 'channel_cost_minimum'
   left join entries e on e.account_id = j.entry_accounts[1] and e.seq = j.entry_seqs[1]
   group by m.id, m.month, m.minimum, m.cost
   having coalesce(sum(abs(e.amount)), 0) <> greatest(m.minimum - m.cost, 0)
   order by 1
   limit $1`,
);

export const invariants: readonly Invariant[] = [
  {
    name: "7 monthly minimums are booked",
    sentence:
      "What a channel bills for a month above its payments' costs is booked once, as it was worked out.",
    per: "cell",
    check: (db: Db) => db.all<Violation>(MINIMUMS, [VIOLATIONS_MAX]),
  },
];
