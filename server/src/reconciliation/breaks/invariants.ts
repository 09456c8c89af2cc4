/** What must hold of breaks at every moment. */
import { type Db, type Statement, sql } from "../../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../../kernel/invariants.ts";

// What a refund held for failed took of a payment with vouchers is rounded apart from what went by itself:
// each may be one minor unit off.
const SHORTAGE = sql(
  "audit_break_shortage",
  `with items as (
     select a.merchant_id, a.currency, a.fund_flow <> 'through_platform' as memo,
       (2 * a.settle_amount * (a.taken_back - l.amount) + a.paid_amount) / (2 * a.paid_amount)
         + l.settle_amount as amount,
       case when a.settle_amount = a.paid_amount then 0 else l.count end as tolerance
     from (
       select id from attempts where taken_back <> 0
       union
       select attempt_id from refunds where after_failure
     ) touched
     join attempts a on a.id = touched.id
     cross join lateral (
       select coalesce(sum(r.amount), 0)::bigint as amount,
         coalesce(sum(r.settle_amount), 0)::bigint as settle_amount, count(*) as count
       from refunds r
       where r.attempt_id = a.id
         and r.after_failure
         and not r.automatic
         and r.state not in ('failed', 'returned')
     ) l
     where a.paid_amount > 0
       and a.surplus is null
       and (a.taken_back <> 0 or l.count > 0)
     union all
     select merchant_id, currency, memo, shortage_effect, 0
     from breaks
     where shortage_effect <> 0
   ), expected as (
     select merchant_id, currency, memo, sum(amount) as amount, sum(tolerance) as tolerance
     from items
     group by merchant_id, currency, memo
   ), held as (
     select b.owner_id as merchant_id, c.currency, c.code like 'memo\\_%' as memo, c.balance as amount
     from accounts c
     join books b on b.id = c.book_id
     where b.kind = 'merchant'
       and c.code in ('suspense_shortage', 'memo_suspense_shortage')
   )
   select coalesce(e.merchant_id, h.merchant_id)::text as subject,
     'suspense_shortage holds ' || coalesce(h.amount, 0) || ', its open items sum to '
       || coalesce(e.amount, 0) as detail
   from expected e
   full join held h on h.merchant_id = e.merchant_id and h.currency = e.currency and h.memo = e.memo
   where abs(coalesce(e.amount, 0) - coalesce(h.amount, 0)) > coalesce(e.tolerance, 0)
   order by 1, 2
   limit $1`,
);

const EFFECTS = sql(
  "audit_break_effects",
  `with done as (
     select l.break_id,
       -coalesce(sum(e.amount) filter (where a.code like '%suspense_surplus'), 0) as surplus,
       coalesce(sum(e.amount) filter (where a.code like '%suspense_shortage'), 0) as shortage,
       -coalesce(sum(e.amount) filter (where a.code like '%merchant_pending'), 0) as pending
     from break_journals l
     join journals j on j.id = l.journal_id
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as place (account_id, seq)
     join entries e on e.account_id = place.account_id and e.seq = place.seq
     join accounts a on a.id = e.account_id
     group by l.break_id
   )
   select b.id::text as subject,
     'its row says ' || b.surplus_effect || ', ' || b.shortage_effect || ', ' || b.pending_effect
       || '; its journals did ' || coalesce(d.surplus, 0) || ', ' || coalesce(d.shortage, 0) || ', '
       || coalesce(d.pending, 0) as detail
   from breaks b
   left join done d on d.break_id = b.id
   where b.surplus_effect <> coalesce(d.surplus, 0)
     or b.shortage_effect <> coalesce(d.shortage, 0)
     or b.pending_effect <> coalesce(d.pending, 0)
   order by 1
   limit $1`,
);

const HELD = sql(
  "audit_break_held",
  `select id::text as subject,
     state || coalesce(' (' || resolution || ')', '') || ' with ' || (surplus_effect - shortage_effect)
       || ' in suspense, for a difference of ' || (settle_difference - standing_settle) as detail
   from breaks
   where case
       when held_by_door and state in ('open', 'proposed') then surplus_effect <> 0 or shortage_effect <> 0
       when held_by_door and settle_difference > 0 then shortage_effect <> 0
       when held_by_door then surplus_effect <> 0
       when state in ('open', 'proposed')
         then surplus_effect - shortage_effect <> settle_difference - standing_settle
       when state = 'resolved' or state = 'voided' or state = 'pending'
         then surplus_effect <> 0 or shortage_effect <> 0
     end
   order by 1
   limit $1`,
);

function check(statement: Statement): Invariant["check"] {
  return (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);
}

export const invariants: readonly Invariant[] = [
  {
    name: "7 shortage equals open items",
    sentence:
      "What is missing in suspense is what channels took back by themselves and what open breaks lack, " +
      "less what was resolved.",
    per: "cell",
    check: check(SHORTAGE),
  },
  {
    name: "7 breaks say what they did",
    sentence: "Each break's row says what its journals together did to suspense and to merchants' money.",
    per: "cell",
    check: check(EFFECTS),
  },
  {
    name: "7 suspense is of open breaks",
    sentence:
      "A break that is open holds in suspense exactly what nothing covers of its difference; any other " +
      "holds nothing.",
    per: "cell",
    check: check(HELD),
  },
];
