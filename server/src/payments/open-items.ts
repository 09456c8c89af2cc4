/** The SQL that holds accounts against the open items that they must be the sum of. */
import { sql } from "../kernel/database.ts";

/**
 * Accounts whose balance is the sum of open items, recomputed from payments, refunds and disputes; what
 * breaks did is told by their rows, and compared with their own journals by the room above.
 * @param codes of the accounts, quoted
 */
const openItems = (name: string, items: string, codes: string) =>
  sql(
    name,
    `with items as (
${items}
   ), expected as (
     select merchant_id, currency, memo, code, sum(amount) as amount
     from items
     group by merchant_id, currency, memo, code
   ), booked as (
     select b.owner_id as merchant_id, c.currency, c.code like 'memo\\_%' as memo,
       replace(c.code, 'memo_', '') as code, -sum(c.balance) as amount
     from accounts c
     join books b on b.id = c.book_id
     where b.kind = 'merchant'
       and replace(c.code, 'memo_', '') in (${codes})
     group by b.owner_id, c.currency, c.code
   )
   select coalesce(e.merchant_id, k.merchant_id)::text as subject,
     coalesce(e.code, k.code) || ' holds ' || coalesce(k.amount, 0) || ', its open items sum to '
       || coalesce(e.amount, 0) as detail
   from expected e
   full join booked k
     on k.merchant_id = e.merchant_id and k.currency = e.currency and k.memo = e.memo and k.code = e.code
   where coalesce(e.amount, 0) <> coalesce(k.amount, 0)
   order by 1, 2
   limit $1`,
  );

/**
 * What is on its way back to buyers, found by what is open. A refund that is not final has a due time, which
 * is an invariant of its own.
 */
export const CLEARING = openItems(
  "audit_open_items",
  `select r.merchant_id, r.currency, a.fund_flow <> 'through_platform' as memo, 'refund_clearing' as code,
       r.settle_amount as amount
     from refunds r
     join attempts a on a.id = r.attempt_id
     where r.due_at is not null
       and r.state in ('created', 'unknown')
     union all
     select a.merchant_id, a.currency, a.fund_flow <> 'through_platform', 'suspense_surplus',
       a.settle_amount - (2 * a.settle_amount * a.taken_back + a.paid_amount) / (2 * a.paid_amount)
     from attempts a
     where a.surplus is not null
     union all
     select r.merchant_id, r.currency, a.fund_flow <> 'through_platform', 'suspense_surplus', -r.settle_amount
     from refunds r
     join attempts a on a.id = r.attempt_id
     where r.automatic
       and not r.after_failure
       and r.state not in ('failed', 'returned')
     union all
     select d.merchant_id, d.currency, a.fund_flow <> 'through_platform',
       case
         when exists (
           select
           from refunds r
           where r.attempt_id = a.id
             and r.automatic
             and r.state in ('created', 'unknown')
         ) then 'refund_clearing'
         else 'suspense_surplus'
       end,
       d.returned_amount - d.amount
     from disputes d
     join attempts a on a.id = d.attempt_id
     where a.surplus is not null
     union all
     select merchant_id, currency, memo, 'suspense_surplus', surplus_effect
     from breaks
     where surplus_effect <> 0`,
  "'refund_clearing', 'suspense_surplus'",
);

/** What merchants are owed, from every payment that ever was. */
export const PENDING = openItems(
  "audit_pending_items",
  `select a.merchant_id, a.currency, a.fund_flow <> 'through_platform' as memo, 'merchant_pending' as code,
       a.settle_amount - a.fee_amount + a.fee_returned as amount
     from attempts a
     join payments p on p.success_attempt_id = a.id
     union all
     select r.merchant_id, r.currency, a.fund_flow <> 'through_platform', 'merchant_pending',
       r.from_available + r.from_receivable - r.settle_amount
     from refunds r
     join attempts a on a.id = r.attempt_id
     where not r.automatic
       and not r.after_failure
       and r.state not in ('failed', 'returned')
     union all
     select merchant_id, currency, false, 'merchant_pending', returned_amount - amount
     from shares
     where fund_flow = 'through_platform'
       and state <> 'failed'
     union all
     select d.merchant_id, d.currency, a.fund_flow <> 'through_platform', 'merchant_pending',
       d.returned_amount - d.amount
         + case when a.fund_flow = 'through_platform' then d.returned_fee - d.fee else 0 end
     from disputes d
     join attempts a on a.id = d.attempt_id
     where a.surplus is null
     union all
     select coalesce(paid_to, merchant_id), currency, memo, 'merchant_pending', pending_effect
     from breaks
     where pending_effect <> 0
     union all
     select m.merchant_id, m.currency, false, 'merchant_pending', p.amount
     from channel_movement_placements p
     join channel_movements m on m.id = p.movement_id
     where p.placed_as = 'merchant'
     union all
     select merchant_id, currency, false, 'merchant_pending', -amount
     from settlements
     where journal_id is not null`,
  "'merchant_pending'",
);
