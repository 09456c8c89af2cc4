/**
 * What must hold of every comparison: invariant 6 of the ledger. A statement is what was compared, its
 * difference to the books is findings to the minor unit, and the books are what the ledger holds: of all
 * comparisons of a channel account together, by its journals and not by what was taken out of them.
 */
import { type Db, type Statement, sql } from "../kernel/database.ts";
import { type Invariant, VIOLATIONS_MAX, type Violation } from "../kernel/invariants.ts";
import { invariants as ofBreaks } from "./breaks/invariants.ts";
import { IS_NEWEST } from "./newest.ts";

/** Comparisons that no later generation has replaced. */
const NEWEST = `
  select r.id, r.channel_account_id, r.channel_date, r.statement_id, r.closed_through, r.carried_from
  from reconciliations r
  where ${IS_NEWEST}`;

const STATEMENTS = sql(
  "audit_compared_statements",
  `with newest as (${NEWEST}),
   told as (
     select n.channel_account_id, n.channel_date, t.currency, sum(t.count) as count,
       sum(t.amount) as amount, sum(t.settle_amount) as settle, sum(t.fee) as fee
     from newest n
     join statement_totals t on t.statement_id = n.statement_id
     group by n.channel_account_id, n.channel_date, t.currency
   ), compared as (
     select n.channel_account_id, n.channel_date, t.currency, sum(t.theirs_count) as count,
       sum(t.theirs_amount) as amount, sum(t.theirs_settle) as settle, sum(t.theirs_fee) as fee
     from newest n
     join statements s on s.id = n.statement_id
     join reconciliation_totals t on t.reconciliation_id = n.id
     group by n.channel_account_id, n.channel_date, t.currency
     having sum(t.theirs_count) > 0
   )
   select channel_account_id || ' ' || channel_date as subject,
     'compared are ' || coalesce(c.count, 0) || ' lines of ' || coalesce(c.settle, 0) || ' and fees of '
       || coalesce(c.fee, 0) || ' ' || currency || ', its statement has ' || coalesce(t.count, 0) || ' of '
       || coalesce(t.settle, 0) || ' and ' || coalesce(t.fee, 0) as detail
   from told t
   full join compared c using (channel_account_id, channel_date, currency)
   where (t.count, t.amount, t.settle, t.fee) is distinct from (c.count, c.amount, c.settle, c.fee)
   order by 1, 2
   limit $1`,
);

const DIFFERENCES = sql(
  "audit_compared_differences",
  `with newest as (${NEWEST}),
   parts as (
     select n.id, t.currency, t.theirs_settle - t.ours_settle as settle, t.theirs_fee - t.ours_fee as fee
     from newest n
     join reconciliation_totals t on t.reconciliation_id = n.id
     union all
     select n.id, f.currency, f.settle_difference, f.fee_difference
     from newest n
     join findings f on f.reconciliation_id = n.carried_from and f.pending
     union all
     select n.id, f.currency, -f.settle_difference, -f.fee_difference
     from newest n
     join findings f on f.reconciliation_id = n.id
     union all
     select n.id, a.currency, -a.settle, -a.fee
     from newest n
     join reconciliation_adjustments a on a.reconciliation_id = n.id
   ), sums as (
     select id, currency, sum(settle) as settle, sum(fee) as fee
     from parts
     group by id, currency
   )
   select n.channel_account_id || ' ' || n.channel_date as subject,
     'no finding tells of ' || s.settle || ' and of fees of ' || s.fee || ' ' || s.currency as detail
   from sums s
   join newest n on n.id = s.id
   where s.settle <> 0
     -- What never passes through us has its fee compared by nobody.
     or s.fee <> 0 and exists (
       select
       from accounts a
       where a.channel_account_id = n.channel_account_id
         and a.code = 'channel_receivable'
     )
   order by 1, 2
   limit $1`,
);

const MOVEMENTS = sql(
  "audit_compared_movements",
  `with newest as (${NEWEST}),
   reached as (
     select channel_account_id, max(channel_date) as channel_date, max(closed_through) as closed_through
     from newest
     group by channel_account_id
   ), compared as (
     select n.channel_account_id, t.currency, sum(t.ours_settle - t.ours_fee) as amount
     from newest n
     join reconciliation_totals t on t.reconciliation_id = n.id
     group by n.channel_account_id, t.currency
   ), held as (
     select j.channel_account_id, a.currency, sum(e.amount) as amount
     from reached r
     join journals j
       on j.channel_account_id = r.channel_account_id
       and j.channel_date <= r.channel_date
       and j.accounting_date <= r.closed_through
     cross join lateral unnest(j.entry_accounts, j.entry_seqs) as place (account_id, seq)
     join entries e on e.account_id = place.account_id and e.seq = place.seq
     join accounts a on a.id = e.account_id
     where j.kind not in ('channel_payout', 'channel_payout_withdrawn', 'channel_movement',
         'manual_correction', 'share_done', 'share_returned')
       and a.code in ('channel_receivable', 'memo_channel_receivable', 'channel_cost_payable')
       and not exists (
         select
         from break_journals b
         where b.journal_id = j.id
           or b.journal_id = j.reversal_of
       )
     group by j.channel_account_id, a.currency
   )
   select channel_account_id || ' ' || currency as subject,
     'compared was ' || coalesce(c.amount, 0) || ' of the books, its journals hold ' || coalesce(h.amount, 0)
       as detail
   from compared c
   full join held h using (channel_account_id, currency)
   where coalesce(c.amount, 0) <> coalesce(h.amount, 0)
   order by 1, 2
   limit $1`,
);

function check(statement: Statement): Invariant["check"] {
  return (db: Db) => db.all<Violation>(statement, [VIOLATIONS_MAX]);
}

const ofComparisons: readonly Invariant[] = [
  {
    name: "6 what was compared is the statement",
    sentence:
      "Each comparison has the lines, the amounts and the fees of its statement, none more, none less.",
    per: "cell",
    check: check(STATEMENTS),
  },
  {
    name: "6 differences are findings",
    sentence:
      "For each channel account and date the statement less the books, with what was carried in, is what " +
      "the findings and the rules' adjustments add up to.",
    per: "cell",
    check: check(DIFFERENCES),
  },
  {
    name: "6 what was compared is the ledger",
    sentence:
      "For each channel account what all its comparisons counted of the books is what its journals hold, " +
      "through the last date compared.",
    per: "cell",
    readsAll: true,
    check: check(MOVEMENTS),
  },
];

export const invariants: readonly Invariant[] = [...ofComparisons, ...ofBreaks];
