/** What must hold between pending money, its items and the settlements that take them. */
import { type Db, type Statement, sql } from "../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";

// Items that an unposted settlement lists are still pending; entries beyond the items are of the open date,
// some of which may be listed already.
const PENDING = sql(
  "audit_settlement_pending",
  `with pending as (
     select a.id, a.balance, coalesce(s.itemized_seq, 0) as itemized_seq
     from accounts a
     left join settlement_accounts s on s.account_id = a.id
     where a.code = 'merchant_pending'
       and a.last_seq > 0
   ), open_items as (
     select account_id, sum(amount) as amount
     from (
       select account_id, amount
       from settlement_items
       where settlement_id is null
       union all
       select i.account_id, i.amount
       from settlements s
       join settlement_items i on i.settlement_id = s.id
       where s.state in ('gathering', 'open', 'held')
     ) open
     group by account_id
   ), tail as (
     select p.id, -sum(e.amount) as amount
     from pending p
     join entries e on e.account_id = p.id and e.seq > p.itemized_seq
     join journals j on j.id = e.journal_id
     where j.kind <> 'settlement'
       and not exists (
         select
         from settlement_items i
         where i.journal_id = e.journal_id
       )
     group by p.id
   )
   select p.id::text as subject,
     'pending money is ' || -p.balance || ', its open items sum to '
       || coalesce(o.amount, 0) + coalesce(t.amount, 0) as detail
   from pending p
   left join open_items o on o.account_id = p.id
   left join tail t on t.id = p.id
   where -p.balance <> coalesce(o.amount, 0) + coalesce(t.amount, 0)
   order by 1
   limit $1`,
);

const items = (name: string, of: string) =>
  sql(
    name,
    `select s.id::text as subject,
     'it counts ' || s.items || ' items of ' || s.amount || ', and has ' || count(i.journal_id) || ' of '
       || coalesce(sum(i.amount), 0) as detail
   from settlements s
   left join settlement_items i on i.settlement_id = s.id and i.account_id = s.account_id
   where s.state <> 'gathering'
     and ${of}
   group by s.id, s.items, s.amount
   having count(i.journal_id) <> s.items or coalesce(sum(i.amount), 0) <> s.amount
   order by 1
   limit $1`,
  );

const ALL_ITEMS = items("audit_settlement_items", "true");

const NEW_ITEMS = items(
  "audit_settlement_items_new",
  `s.accounting_date >= (
       select max(accounting_date)
       from settlements
       where kind <> 'same_day'
     )`,
);

const JOURNALS = sql(
  "audit_settlement_journals",
  `select coalesce(s.id, j.source_id)::text as subject,
     case
       when s.id is null then 'a settlement journal without a settlement'
       when j.id is null then 'it is ' || s.state || ', and nothing is booked'
       when s.journal_id is distinct from j.id then 'it names another journal than its own'
       else 'its journal takes ' || coalesce(e.amount, 0) || ' from pending money, not ' || s.amount
     end as detail
   from (
     select *
     from settlements
     where state in ('approved', 'paid')
       and amount > 0
   ) s
   full join (
     select id, source_id
     from journals
     where kind = 'settlement'
   ) j on j.source_id = s.id
   left join lateral (
     select sum(n.amount) as amount
     from journals k
     cross join lateral unnest(k.entry_accounts, k.entry_seqs) as place(account_id, seq)
     join entries n on n.account_id = place.account_id and n.seq = place.seq
     where k.id = j.id
       and n.account_id = s.account_id
   ) e on true
   where s.id is null
     or j.id is null
     or s.journal_id is distinct from j.id
     or e.amount is distinct from s.amount
   order by 1
   limit $1`,
);

const FOREIGN_ITEMS = sql(
  "audit_settlement_foreign_items",
  `select i.journal_id::text as subject,
     case
       when s.id is null then 'it is in a settlement that does not exist'
       else 'it is an item of another account than its settlement'
     end as detail
   from settlement_items i
   left join settlements s on s.id = i.settlement_id
   where i.settlement_id is not null
     and s.account_id is distinct from i.account_id
   order by 1
   limit $1`,
);

const RESERVES = sql(
  "audit_settlement_reserves",
  `select a.id::text as subject,
     'the reserve is ' || -a.balance || ', what is kept back sums to ' || coalesce(r.amount, 0) as detail
   from accounts a
   join books b on b.id = a.book_id
   left join (
     select merchant_id, currency, sum(amount) as amount
     from settlement_reserves
     where released_at is null
     group by merchant_id, currency
   ) r on r.merchant_id = b.owner_id and r.currency = a.currency
   where a.code = 'merchant_reserve'
     and -a.balance <> coalesce(r.amount, 0)
   order by 1
   limit $1`,
);

function invariant(name: string, sentence: string, statement: Statement, readsAll?: true): Invariant {
  return {
    name,
    sentence,
    per: "cell",
    ...(readsAll && { readsAll }),
    check: (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]),
  };
}

const READS_ALL = true;

export const invariants: readonly Invariant[] = [
  invariant(
    "7 pending money is its open items",
    "What each merchant's pending money holds is the sum of the items that no settlement has taken.",
    PENDING,
  ),
  invariant(
    "7 new settlements are their items",
    "Each settlement of the last date that was settled counts as many items of its account as it has, and " +
      "their amounts sum to its amount.",
    NEW_ITEMS,
  ),
  invariant(
    "7 settlements are their items",
    "Each settlement counts as many items as it has, and their amounts sum to its amount.",
    ALL_ITEMS,
    READS_ALL,
  ),
  invariant(
    "7 settlements are booked once",
    "Each approved settlement has one journal, which takes its amount from pending money; no other does.",
    JOURNALS,
    READS_ALL,
  ),
  invariant(
    "7 items settle in their own account",
    "Each item that was taken is in a settlement of its own account.",
    FOREIGN_ITEMS,
    READS_ALL,
  ),
  invariant(
    "7 reserves are kept",
    "What each merchant's reserve holds is the sum of what its settlements kept back and not yet released.",
    RESERVES,
  ),
];
