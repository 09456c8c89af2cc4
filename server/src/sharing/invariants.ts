/** What must hold of shares, each by one statement. */
import { type Db, type Statement, sql } from "../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";

/** Booked and not done, less returns booked and not done; in our own books all that receivers keep. */
const RECEIVER_PENDING = sql(
  "audit_receiver_pending",
  `with items as (
     select merchant_id, currency, amount
     from shares
     where fund_flow = 'through_platform'
       and (state in ('created', 'unknown', 'processing') or (mode = 'books' and state = 'succeeded'))
     union all
     select r.merchant_id, r.currency, -r.amount
     from share_returns r
     join shares s on s.id = r.share_id
     where s.fund_flow = 'through_platform'
       and (r.state in ('created', 'unknown', 'processing') or (s.mode = 'books' and r.state = 'succeeded'))
   ), expected as (
     select merchant_id, currency, sum(amount) as amount
     from items
     group by merchant_id, currency
   ), settled as (
     select b.owner_id as merchant_id, j.currency, sum(e.amount) as amount
     from journals j
     join books b on b.id = j.book_id
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as line (account_id, seq)
     join entries e on e.account_id = line.account_id and e.seq = line.seq
     join accounts a on a.id = e.account_id and a.code = 'receiver_pending'
     where j.kind = 'receiver_settled'
     group by b.owner_id, j.currency
   ), booked as (
     select b.owner_id as merchant_id, c.currency, -c.balance as amount
     from accounts c
     join books b on b.id = c.book_id
     where c.code = 'receiver_pending'
       and b.kind = 'merchant'
   )
   select coalesce(e.merchant_id, k.merchant_id)::text as subject,
     'receiver_pending holds ' || coalesce(k.amount, 0) || ', its open items sum to '
       || (coalesce(e.amount, 0) - coalesce(s.amount, 0)) as detail
   from expected e
   full join booked k on k.merchant_id = e.merchant_id and k.currency = e.currency
   left join settled s
     on s.merchant_id = coalesce(e.merchant_id, k.merchant_id)
     and s.currency = coalesce(e.currency, k.currency)
   where coalesce(e.amount, 0) - coalesce(s.amount, 0) <> coalesce(k.amount, 0)
   order by 1
   limit $1`,
);

/** A return that failed is the merchant's loss: what was given is bounded when it is given. */
const OVER_SHARED = sql(
  "audit_over_shared",
  `with kept as (
     select attempt_id, sum(amount - returned_amount) as kept, sum(amount) as given
     from shares
     where state <> 'failed'
     group by attempt_id
   ), limits as (
     select payment_id, attempt_id, max_millionths
     from sharings
   )
   select k.attempt_id::text as subject,
     'receivers have ' || k.given || ' and keep ' || k.kept || ' of ' || a.settle_amount || ' settled, '
       || a.fee_amount || ' fee' as detail
   from kept k
   join attempts a on a.id = k.attempt_id
   left join limits m on m.attempt_id = k.attempt_id
   where k.given > a.settle_amount - a.fee_amount + a.fee_returned
     or m.attempt_id is null
     or k.given * 1000000 > a.paid_amount * m.max_millionths
   order by 1
   limit $1`,
);

const RETURNED_SUM = sql(
  "audit_share_returns",
  `select s.id::text as subject,
     'counts ' || s.returned_amount || ' returned, its returns are ' || coalesce(sum(r.amount), 0) as detail
   from shares s
   left join share_returns r on r.share_id = s.id and r.state <> 'failed'
   where s.returned_amount <> 0
   group by s.id, s.returned_amount
   having coalesce(sum(r.amount), 0) <> s.returned_amount
   union all
   select r.share_id::text, 'has a return that it does not count'
   from share_returns r
   join shares s on s.id = r.share_id
   where r.state <> 'failed'
     and s.returned_amount = 0
   order by 1
   limit $1`,
);

const WITHOUT_DUE_TIME = sql(
  "audit_shares_without_due_time",
  `select id::text as subject, 'a ' || what || ' that is not final and has no due time' as detail
   from (
     select id, 'share' as what from shares where finished_at is null and due_at is null
     union all
     select id, 'return of a share' from share_returns where finished_at is null and due_at is null
     union all
     select payment_id, 'splitting' from sharings where finished_at is null and due_at is null
     union all
     select id, 'binding' from receiver_bindings where state = 'created' and due_at is null
   ) rows
   order by 1
   limit $1`,
);

const UNTOLD = sql(
  "audit_shares_untold",
  `select s.id::text as subject, 'no event tells share.' || s.state as detail
   from shares s
   where s.finished_at is not null
     and not exists (
       select
       from events e
       where e.payment_id = s.payment_id
         and e.subject_id = s.id
         and e.type = 'share.' || s.state
     )
   union all
   select r.id::text, 'no event tells that it came back'
   from share_returns r
   where r.state = 'succeeded'
     and not exists (
       select
       from events e
       where e.payment_id = r.payment_id
         and e.subject_id = r.share_id
         and e.type = 'share.returned'
     )
   order by 1
   limit $1`,
);

function check(statement: Statement): Invariant["check"] {
  return (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);
}

export const invariants: readonly Invariant[] = [
  {
    name: "3 never over-shared",
    sentence:
      "Receivers are given no more of a payment than what settles less the fee, nor than the maximum.",
    per: "cell",
    check: check(OVER_SHARED),
  },
  {
    name: "3 returns sum to what is returned",
    sentence: "Per share, the returns that have not failed sum to what it counts as returned.",
    per: "cell",
    check: check(RETURNED_SUM),
  },
  {
    name: "5 every end of a share is told",
    sentence: "Each share that ended, and each that came back, has the event that tells of it.",
    per: "cell",
    check: check(UNTOLD),
  },
  {
    name: "5 no share is forgotten",
    sentence: "Every share, return and splitting that is not final has a due time.",
    per: "cell",
    check: check(WITHOUT_DUE_TIME),
  },
  {
    name: "7 receivers' pending equals open items",
    sentence: "Receivers' pending money equals shares booked and not done, less returns booked and not done.",
    per: "cell",
    check: check(RECEIVER_PENDING),
  },
];
