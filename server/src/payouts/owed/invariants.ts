/** What must hold between what partners and receivers are owed, their payouts, and the books. */
import { type Db, type Statement, sql } from "../../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../../kernel/invariants.ts";

const DUES = sql(
  "audit_partner_dues",
  `select a.merchant_id::text || ' ' || a.currency as subject,
     'its partners have earned ' || coalesce(d.amount, 0) || ' by the books, '
       || coalesce(e.amount, 0) || ' is divided among them' as detail
   from owed_accounts a
   join accounts c on c.id = a.account_id and c.code = 'partner_payable'
   left join (
     select account_id, sum(amount) as amount
     from owed_dues
     where payee_kind = 'partner'
     group by account_id
   ) e on e.account_id = a.account_id
   cross join lateral (
     select -sum(e.amount) as amount
     from entries e
     join journals j on j.id = e.journal_id
     where e.account_id = a.account_id
       and e.seq <= a.divided_seq
       and j.kind not in ('payout_sent', 'payout_rejected', 'payout_returned')
   ) d
   where coalesce(d.amount, 0) <> coalesce(e.amount, 0)
   order by 1
   limit $1`,
);

const RECEIVERS = sql(
  "audit_receivers_available",
  `with owed as (
     select merchant_id, currency, sum(amount) as amount
     from owed_dues
     where payee_kind = 'receiver'
     group by merchant_id, currency
   ), taken as (
     select s.merchant_id, p.currency, sum(s.amount) as amount
     from payouts p
     join payout_sources s on s.payout_id = p.id
     where p.payee_kind = 'receiver'
       and p.state in ('sent', 'unknown', 'succeeded')
     group by s.merchant_id, p.currency
   )
   select b.owner_id::text || ' ' || a.currency as subject,
     'receiver_available holds ' || (-a.balance) || ', receivers have ' || coalesce(o.amount, 0)
       || ' less payouts of ' || coalesce(t.amount, 0) as detail
   from accounts a
   join books b on b.id = a.book_id
   left join owed o on o.merchant_id = b.owner_id and o.currency = a.currency
   left join taken t on t.merchant_id = b.owner_id and t.currency = a.currency
   where a.code = 'receiver_available'
     and b.kind = 'merchant'
     and -a.balance <> coalesce(o.amount, 0) - coalesce(t.amount, 0)
   order by 1
   limit $1`,
);

// An account of which nothing was ever taken has no such entries, and needs no reading of its others.
const TAKEN = sql(
  "audit_owed_taken",
  `with taken as (
     select s.merchant_id, p.currency, s.code,
       sum(s.amount) filter (where p.state in ('sent', 'unknown', 'succeeded')) as amount
     from payouts p
     join payout_sources s on s.payout_id = p.id
     where p.payee_kind <> 'merchant'
     group by s.merchant_id, p.currency, s.code
   )
   select t.merchant_id::text || ' ' || t.code || ' ' || t.currency as subject,
     'payouts took ' || coalesce(e.amount, 0) || ' of it by the books, ' || coalesce(t.amount, 0)
       || ' by their sources' as detail
   from taken t
   join books b on b.owner_id = t.merchant_id and b.kind = 'merchant'
   join accounts a on a.book_id = b.id and a.code = t.code and a.currency = t.currency
   cross join lateral (
     select sum(e.amount) as amount
     from entries e
     join journals j on j.id = e.journal_id
     where e.account_id = a.id
       and j.kind in ('payout_sent', 'payout_rejected', 'payout_returned')
   ) e
   where coalesce(e.amount, 0) <> coalesce(t.amount, 0)
   order by 1
   limit $1`,
);

const check = (statement: Statement) => (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);

export const invariants: readonly Invariant[] = [
  {
    name: "7 partners' dues are the books'",
    sentence:
      "What is divided among partners is what each merchant's partner_payable took in and gave back, " +
      "payouts apart, as far as it is divided.",
    per: "cell",
    readsAll: true,
    check: check(DUES),
  },
  {
    name: "7 receivers have what is available",
    sentence:
      "Each merchant's receiver_available is what was settled to receivers, less their payouts that are " +
      "sent, unknown or succeeded.",
    per: "cell",
    check: check(RECEIVERS),
  },
  {
    name: "7 what is owed is paid once",
    sentence:
      "What payouts to partners and receivers took of each merchant's book is the sum of those that are " +
      "sent, unknown or succeeded.",
    per: "cell",
    readsAll: true,
    check: check(TAKEN),
  },
];
