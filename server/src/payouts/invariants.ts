/** What must hold between payouts and the books. Each check is one statement, so it sees one moment. */
import { type Db, type Statement, sql } from "../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";
import { invariants as commissionInvariants } from "./commission/invariants.ts";
import { invariants as costInvariants } from "./costs/invariants.ts";
import { invariants as movementInvariants } from "./movements/invariants.ts";
import { invariants as owedInvariants } from "./owed/invariants.ts";

const CLEARING = sql(
  "audit_payout_clearing",
  `select b.owner_id::text || ' ' || a.currency as subject,
     'payout_clearing holds ' || (-a.balance) || ', its open payouts are ' || coalesce(p.amount, 0) as detail
   from accounts a
   join books b on b.id = a.book_id
   left join (
     select s.merchant_id, p.currency, sum(s.amount) as amount
     from payouts p
     join payout_sources s on s.payout_id = p.id
     where p.state in ('sent', 'unknown')
     group by s.merchant_id, p.currency
   ) p on p.merchant_id = b.owner_id and p.currency = a.currency
   where a.code = 'payout_clearing'
     and -a.balance <> coalesce(p.amount, 0)
   order by 1
   limit $1`,
);

const HOLDS = sql(
  "audit_payout_holds",
  `select p.id::text as subject,
     'it is ' || p.state || ', its hold is ' || coalesce(h.state || ' of ' || h.amount, 'missing') as detail
   from payouts p
   left join holds h on h.id = p.id
   where p.payee_kind = 'merchant'
     and (h.id is null
       or h.amount <> p.amount + p.fee
       or h.state <> case
         when p.state in ('created', 'approved') then 'placed'
         when p.sent_at is null then 'released'
         else 'captured'
       end)
   order by 1
   limit $1`,
);

const SOURCES = sql(
  "audit_payout_sources",
  `select p.id::text as subject,
     'its sources sum to ' || coalesce(s.amount, 0) || ', it is of ' || p.amount as detail
   from payouts p
   left join (
     select payout_id, sum(amount) as amount
     from payout_sources
     group by payout_id
   ) s on s.payout_id = p.id
   where coalesce(s.amount, 0) <> p.amount
   order by 1
   limit $1`,
);

const UNDUE = sql(
  "audit_payouts_undue",
  `select p.id::text as subject,
     'it is ' || p.state || ' and its batch is ' || coalesce(b.state, 'missing') || ' without a due time'
       as detail
   from payouts p
   left join payout_batches b on b.id = p.batch_id
   where p.state in ('approved', 'sent', 'unknown')
     and b.due_at is null
   order by 1
   limit $1`,
);

// The banks' latest closings are the books' balances, with what is read but not placed, and what is placed
// but waits for its side in the platform book. Apart for the reserve and our own money: else money that is
// booked from the one to the other, and moved by no bank, would never be seen. An open advance of versions
// before was booked so, until it is booked back; and so were losses, which two people may have booked back by
// hand as well: between nothing and all of them (`loose`) may stand.
const BANK_BALANCES = sql(
  "audit_bank_balances",
  `with latest as (
     select distinct on (account_number) account_number, currency, holds, closing
     from bank_statements
     order by account_number, statement_date desc
   ), expected as (
     select currency, holds, closing as amount
     from latest
     union all
     select l.currency, l.holds, -e.amount
     from bank_entries e
     join latest l on l.account_number = e.account_number
     where e.state <> 'placed'
     union all
     select currency, 'reserve',
       case when paid_booked_at is null then amount else 0 end
         - case when returned_at is not null and returned_booked_at is null then amount else 0 end
     from payouts
     where due_at is not null
     union all
     select currency, 'own',
       case when paid_booked_at is null then amount else 0 end
         - case when returned_at is not null and returned_booked_at is null then amount else 0 end
     from channel_cost_payments
     where due_at is not null
     union all
     select currency, 'own', -amount
     from commission_receipts
     where due_at is not null
     union all
     select a.currency, h.holds, case h.holds when 'reserve' then a.amount else -a.amount end
     from settlement_advances a
     cross join (values ('reserve'), ('own')) as h (holds)
     where a.booked
       and a.repaid_at is null
   ), loose as (
     select l.currency, h.holds, sum(case h.holds when 'reserve' then l.amount else -l.amount end) as amount
     from losses_in_reserve l
     cross join (values ('reserve'), ('own')) as h (holds)
     where not exists (
         select
         from journals r
         where r.reversal_of = l.journal_id
       )
     group by l.currency, h.holds
   ), banks as (
     select currency, holds, sum(amount) as amount
     from expected
     group by currency, holds
   ), books as (
     select currency, case code when 'bank_reserve' then 'reserve' else 'own' end as holds,
       sum(balance) as amount
     from accounts
     where code in ('bank_reserve', 'bank_own')
     group by currency, code
   )
   select b.currency || ' ' || b.holds as subject,
     'the books have ' || coalesce(k.amount, 0) || ' at banks, by their statements and what is still to be '
       || 'placed or booked it is ' || b.amount as detail
   from banks b
   left join books k on k.currency = b.currency and k.holds = b.holds
   left join loose on loose.currency = b.currency and loose.holds = b.holds
   where exists (
       select
       from latest l
       where l.currency = b.currency
         and l.holds = b.holds
     )
     and coalesce(k.amount, 0) - b.amount not between least(0, coalesce(loose.amount, 0))
       and greatest(0, coalesce(loose.amount, 0))
   order by 1
   limit $1`,
);

const IN_TRANSIT = sql(
  "audit_bank_in_transit",
  `select a.currency::text as subject,
     'bank_in_transit holds ' || a.balance || ', the payouts on their way are '
       || coalesce(c.amount, 0) as detail
   from accounts a
   left join (
     select currency, sum(amount) as amount
     from channel_payouts
     where transit_booked_at is not null
       and receipt_id is null
       and withdrawn_at is null
     group by currency
   ) c on c.currency = a.currency
   where a.code = 'bank_in_transit'
     and a.balance <> coalesce(c.amount, 0)
   order by 1
   limit $1`,
);

const check = (statement: Statement) => (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);

export const invariants: readonly Invariant[] = [
  ...owedInvariants,
  ...costInvariants,
  ...commissionInvariants,
  ...movementInvariants,
  {
    name: "5 payouts on their way are due",
    sentence: "Each payout that is approved, sent or unknown belongs to a batch that has a due time.",
    per: "cell",
    check: check(UNDUE),
  },
  {
    name: "7 payout clearing is open payouts",
    sentence:
      "Each merchant's payout_clearing equals what the payouts that are sent or unknown took from its book.",
    per: "cell",
    check: check(CLEARING),
  },
  {
    name: "7 payouts have their sources",
    sentence: "What a payout takes from merchants' books sums to its amount.",
    per: "cell",
    readsAll: true,
    check: check(SOURCES),
  },
  {
    name: "7 payouts hold their money",
    sentence:
      "The hold of a merchant's payout is of its amount and fee: placed until it is sent, captured from " +
      "then on, released where it was withdrawn before.",
    per: "cell",
    check: check(HOLDS),
  },
  {
    name: "7 bank in transit is announced payouts",
    sentence:
      "The account bank_in_transit equals what channels have announced and no bank's statement has shown.",
    per: "cell",
    check: check(IN_TRANSIT),
  },
  {
    name: "8 bank balances are the banks'",
    sentence:
      "Per currency the books' balance of the reserve, and that of our own money, is what its accounts' " +
      "latest statements close with, less the entries that nobody has placed yet.",
    per: "cell",
    check: check(BANK_BALANCES),
  },
];
