/**
 * What must hold between payments, refunds and the books. Each check is one statement, so it sees one moment:
 * a payment and its journals commit together.
 */
import { type Db, type Statement, sql } from "../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";
import { CLEARING, PENDING } from "./open-items.ts";

const SUCCESS_JOURNALS = sql(
  "audit_success_journals",
  `select p.id::text as subject,
     'status ' || p.status || ' with ' || count(j.id) || ' success journals of its success attempt'
       as detail
   from payments p
   left join attempts a on a.id = p.success_attempt_id
   left join journals j on j.source_id = p.success_attempt_id and j.kind = 'payment_success'
   group by p.id, p.status, a.settle_amount
   having count(j.id) <> case when p.status = 'succeeded' and a.settle_amount > 0 then 1 else 0 end
   order by 1
   limit $1`,
);

const STRAY_SUCCESS_JOURNALS = sql(
  "audit_stray_success_journals",
  `select j.id::text as subject,
     'a success journal of an attempt that is not its payment''s success' as detail
   from journals j
   left join attempts a on a.id = j.source_id
   left join payments p on p.id = a.payment_id and p.success_attempt_id = a.id
   where j.kind = 'payment_success'
     and p.id is null
   order by 1
   limit $1`,
);

const OVER_REFUNDED = sql(
  "audit_over_refunded",
  `select a.id::text as subject,
     'took ' || coalesce(a.paid_amount, 0) || ', counts ' || a.refunded_amount
       || ' refunded, its refunds are ' || coalesce(sum(r.amount), 0) as detail
   from attempts a
   left join refunds r
     on r.attempt_id = a.id and r.state not in ('failed', 'returned') and not r.after_failure
   where a.refunded_amount <> 0
     or a.paid_amount is not null
   group by a.id, a.paid_amount, a.refunded_amount
   having coalesce(sum(r.amount), 0) <> a.refunded_amount or a.refunded_amount > coalesce(a.paid_amount, 0)
   order by 1
   limit $1`,
);

const UNACCOUNTED_MONEY = sql(
  "audit_unaccounted_money",
  `select a.id::text as subject,
     'took ' || a.paid_amount || ' that is neither a success, nor given back, nor a work item' as detail
   from attempts a
   join payments p on p.id = a.payment_id
   where a.paid_amount is not null
     and p.success_attempt_id is distinct from a.id
     and a.state <> 'reversing'
     and a.taken_back + coalesce(
       (
         select sum(d.amount - d.returned_amount)
         from disputes d
         where d.attempt_id = a.id
       ),
       0
     ) < a.paid_amount
     and not exists (
       select
       from refunds r
       where r.attempt_id = a.id
         and r.state not in ('failed', 'returned')
     )
     and not exists (
       select
       from work_items w
       left join refunds r2 on r2.id = w.subject_id
       where w.payment_id = a.payment_id
         and (r2.attempt_id = a.id or w.subject_id = a.id)
     )
     and not exists (
       select
       from work_items w
       join disputes d2 on d2.id = w.subject_id
       where d2.attempt_id = a.id
         and w.kind = 'surplus_claim_won'
     )
   order by 1
   limit $1`,
);

const UNTOLD = sql(
  "audit_untold",
  `select id::text as subject, 'no event tells ' || type as detail
   from (
     select id, id as payment_id, 'payment.' || status as type
     from payments
     where finished_at is not null
     union all
     select id, payment_id, 'refund.' || state
     from refunds
     where finished_at is not null
     union all
     select id, payment_id, 'dispute.' || state
     from disputes
     where finished_at is not null
     union all
     select payment_id, payment_id, 'payment.reversed_by_channel'
     from attempts
     where state = 'reversed_by_channel'
   ) ends
   where not exists (
     select
     from events e
     where e.payment_id = ends.payment_id
       and e.subject_id = ends.id
       and e.type = ends.type
   )
   order by 1, 2
   limit $1`,
);

const WITHOUT_DUE_TIME = sql(
  "audit_without_due_time",
  `select id::text as subject, 'a ' || what || ' that is not final and has no due time' as detail
   from (
     select id, 'payment' as what from payments where finished_at is null and due_at is null
     union all
     select id, 'attempt' from attempts where finished_at is null and due_at is null
     union all
     select id, 'refund' from refunds where finished_at is null and due_at is null
     union all
     select id, 'dispute' from disputes where finished_at is null and due_at is null
   ) rows
   order by 1
   limit $1`,
);

const PARTNERS = sql(
  "audit_partners",
  `with owed as (
     select a.merchant_id, a.currency,
       sum(
         a.partner_amount
           - div(2 * a.partner_amount::numeric * a.fee_returned + a.fee_amount, 2 * a.fee_amount)
       ) as amount
     from attempts a
     join payments p on p.success_attempt_id = a.id
     where a.partner_amount > 0
     group by a.merchant_id, a.currency
   ), booked as (
     select b.owner_id as merchant_id, c.currency, -sum(e.amount) as amount
     from accounts c
     join books b on b.id = c.book_id
     join entries e on e.account_id = c.id
     join journals j on j.id = e.journal_id
     where c.code = 'partner_payable'
       and j.kind not in ('payout_sent', 'payout_rejected', 'payout_returned')
     group by b.owner_id, c.currency
   )
   select coalesce(o.merchant_id, k.merchant_id)::text as subject,
     'partners were to get ' || coalesce(o.amount, 0) || ' ' || coalesce(o.currency, k.currency)
       || ', booked is ' || coalesce(k.amount, 0) as detail
   from owed o
   full join booked k on k.merchant_id = o.merchant_id and k.currency = o.currency
   where coalesce(o.amount, 0) <> coalesce(k.amount, 0)
   order by 1, 2
   limit $1`,
);

const DISPUTE_JOURNALS = sql(
  "audit_dispute_journals",
  `select d.id::text as subject,
     d.state || ' with ' || count(o.id) || ' journals of its opening and ' || count(w.id) || ' of its end'
       as detail
   from disputes d
   left join journals o on o.source_id = d.id and o.kind = 'dispute_opened'
   left join journals w on w.source_id = d.id and w.kind = 'dispute_won'
   group by d.id, d.state
   having count(o.id) <> 1 or count(w.id) <> case when d.state = 'won' then 1 else 0 end
   order by 1
   limit $1`,
);

const QUOTAS = sql(
  "audit_quotas",
  `with counted as (
     select channel_account_id, 'day' as period, quota_day as starts_on, amount
     from attempts
     where quota_day is not null
       and (finished_at is null or paid_amount is not null)
     union all
     select channel_account_id, 'month', quota_month, amount
     from attempts
     where quota_month is not null
       and (finished_at is null or paid_amount is not null)
   ), expected as (
     select channel_account_id, period, starts_on, sum(amount) as amount, count(*) as count
     from counted
     group by channel_account_id, period, starts_on
   )
   select coalesce(e.channel_account_id, q.channel_account_id)::text as subject,
     'its ' || coalesce(e.period, q.period) || ' from ' || coalesce(e.starts_on, q.starts_on) || ' counts '
       || coalesce(q.used_amount, 0) || ' of ' || coalesce(q.used_count, 0) || ' orders, its orders are '
       || coalesce(e.amount, 0) || ' of ' || coalesce(e.count, 0) as detail
   from expected e
   full join (select * from quota_uses where period <> 'cool_down') q
     on q.channel_account_id = e.channel_account_id and q.period = e.period and q.starts_on = e.starts_on
   where coalesce(e.amount, 0) <> coalesce(q.used_amount, 0)
     or coalesce(e.count, 0) <> coalesce(q.used_count, 0)
   order by 1, 2
   limit $1`,
);

function check(statement: Statement): Invariant["check"] {
  return (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);
}

export const invariants: readonly Invariant[] = [
  {
    name: "2 one success, one journal",
    sentence: "A payment succeeded exactly when one success journal of its success attempt is booked.",
    per: "cell",
    check: check(SUCCESS_JOURNALS),
  },
  {
    name: "2 no success beside it",
    sentence: "No other attempt of a payment has a success journal.",
    per: "cell",
    check: check(STRAY_SUCCESS_JOURNALS),
  },
  {
    name: "3 never over-refunded",
    sentence:
      "Per attempt, the refunds neither failed nor returned sum to what it counts, and to no more than it " +
      "took.",
    per: "cell",
    check: check(OVER_REFUNDED),
  },
  {
    name: "4 all money has a place",
    sentence:
      "Each attempt that took money is its payment's success, or given back, or in suspense with a work " +
      "item.",
    per: "cell",
    check: check(UNACCOUNTED_MONEY),
  },
  {
    name: "4 what is disputed is booked",
    sentence: "Each dispute has the journal of its opening, and that of its end exactly when it was won.",
    per: "cell",
    check: check(DISPUTE_JOURNALS),
  },
  {
    name: "5 every end is told",
    sentence:
      "Each payment, refund and dispute that ended, and each success taken back, has the event that " +
      "tells of it.",
    per: "cell",
    check: check(UNTOLD),
  },
  {
    name: "5 nothing is forgotten",
    sentence: "Every payment, attempt, refund and dispute that is not final has a due time.",
    per: "cell",
    check: check(WITHOUT_DUE_TIME),
  },
  {
    name: "7 clearing equals open items",
    sentence: "Refund clearing and surplus suspense each equal the sum of their open items.",
    per: "cell",
    check: check(CLEARING),
  },
  {
    name: "7 pending money is what came in",
    sentence:
      "Merchants' pending money is what payments, refunds, shares and disputes left of it, less settlements.",
    per: "cell",
    readsAll: true,
    check: check(PENDING),
  },
  {
    name: "7 partners are owed their part",
    sentence: "What is booked for partners is their part of each fee, less that of what went back of it.",
    per: "cell",
    readsAll: true,
    check: check(PARTNERS),
  },
  {
    name: "8 quotas count what was taken",
    sentence:
      "What an account has used of a day or a month is the sum of its orders there that are open or took " +
      "money.",
    per: "cell",
    readsAll: true,
    check: check(QUOTAS),
  },
];
