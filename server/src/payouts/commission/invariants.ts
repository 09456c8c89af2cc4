/** What must hold between channels' commission statements and the books. */
import { type Db, type Statement, sql } from "../../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../../kernel/invariants.ts";

const OWED = sql(
  "audit_commission_owed",
  `with booked as (
     select merchant_id, currency, sum(amount) as amount
     from (
       select merchant_id, currency, amount
       from commission_rows
       where state = 'matched'
       union all
       select merchant_id, currency, -amount
       from commission_receipt_items
     ) moved
     group by merchant_id, currency
   ), held as (
     select b.owner_id as merchant_id, a.currency, a.balance
     from accounts a
     join books b on b.id = a.book_id
     where a.code = 'commission_receivable'
   )
   select coalesce(h.merchant_id, k.merchant_id)::text || ' ' || coalesce(h.currency, k.currency) as subject,
     'commission_receivable holds ' || coalesce(h.balance, 0) || ', statements less receipts come to '
       || coalesce(k.amount, 0) as detail
   from held h
   full join booked k on k.merchant_id = h.merchant_id and k.currency = h.currency
   where coalesce(h.balance, 0) <> coalesce(k.amount, 0)
   order by 1
   limit $1`,
);

const EARNED = sql(
  "audit_commission_earned",
  `with booked as (
     select r.id, -sum(e.amount) as amount
     from commission_rows r
     join journals j on j.id in (r.journal_id, r.reversal_id)
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as line (account_id, seq)
     join entries e on e.account_id = line.account_id and e.seq = line.seq
     join accounts a on a.id = e.account_id and a.code = 'fee_income'
     group by r.id
   )
   select r.id::text as subject,
     'it is ' || r.state || ' and of ' || r.amount || ', fee_income has ' || coalesce(b.amount, 0) as detail
   from commission_rows r
   left join booked b on b.id = r.id
   where coalesce(b.amount, 0) <> case when r.state = 'matched' then r.amount else 0 end
   order by 1
   limit $1`,
);

const RECEIVED = sql(
  "audit_commission_received",
  `select r.id::text as subject,
     'it is of ' || r.amount || ', its items of ' || coalesce(sum(i.amount), 0) as detail
   from commission_receipts r
   left join commission_receipt_items i on i.receipt_id = r.id and i.currency = r.currency
   group by r.id
   having coalesce(sum(i.amount), 0) <> r.amount
   order by 1
   limit $1`,
);

const check = (statement: Statement) => (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);

export const invariants: readonly Invariant[] = [
  {
    name: "7 commission receivable is what statements tell",
    sentence:
      "Each merchant's commission_receivable equals the booked rows of its channels' statements, less what " +
      "they have paid of it.",
    per: "cell",
    readsAll: true,
    check: check(OWED),
  },
  {
    name: "7 commission is earned as told",
    sentence: "Each booked row of a commission statement is in fee_income once, and no other row is.",
    per: "cell",
    readsAll: true,
    check: check(EARNED),
  },
  {
    name: "7 commission receipts have their items",
    sentence: "What a receipt of commission is for sums to its amount.",
    per: "cell",
    readsAll: true,
    check: check(RECEIVED),
  },
];
