/** Which ends and decisions a world came by: how far the simulation reaches. */
import type { Database } from "../../server/src/kernel/database.ts";
import type { Tally } from "./tally.ts";

const REACHED = {
  name: "simulation_reached",
  text: `select "group", name, count(*) as times
   from (
     select 'payments' as "group", status || coalesce(', ' || closed_reason, '') as name from payments
     union all
     select 'attempts', state from attempts
     union all
     select 'surplus', surplus from attempts where surplus is not null
     union all
     select 'refunds', state || case when automatic then ', automatic' else '' end from refunds
     union all
     select 'refunds', 'accepted after it had failed' from refunds where after_failure
     union all
     select 'disputes', state from disputes
     union all
     select case
         when operation like 'share%' then 'decisions about shares'
         when refund_id is null then 'decisions about orders'
         else 'decisions about refunds'
       end,
       operation || ': ' || decision
     from exchanges
     union all
     select 'shares', channel || ', ' || mode || ', ' || state from shares
     union all
     select 'shares', 'of a plan' from shares where merchant_share_no is null
     union all
     select 'returns of shares', s.channel || ', ' || s.mode || ', ' || r.state
     from share_returns r
     join shares s on s.id = r.share_id
     union all
     select 'splittings', mode || ', ' || state
       || case when finished_at >= term_ends_at then ', by itself' else '' end
     from sharings
     union all
     select 'receivers', state from receiver_bindings
     union all
     select 'work items', kind from work_items
     union all
     select 'events', type from events
     union all
     select 'deliveries', state || case when tries > 1 then ', after failures' else '' end from deliveries
     union all
     select 'stray notifications', kind from stray_notifications
     union all
     select 'breaks', kind || ': ' || coalesce(resolution, state)
       || case when rule_id is null then '' else ', by a rule' end
     from breaks
     union all
     select 'settlements', state from settlements
     union all
     select 'journals', kind from journals
     union all
     select 'payouts', state || coalesce(', ' || failure_code, '') from payouts
     union all
     select 'payouts', payee_kind || ', ' || state from payouts where payee_kind <> 'merchant'
     union all
     select 'payouts', 'of a settlement' from payouts where settlement_id is not null
     union all
     select 'batches of payouts', state from payout_batches
     union all
     select 'batches of payouts', 'sent more than once' from payout_batches where sends > 1
     union all
     select 'words about payouts', source || ': ' || outcome || ', ' || verdict from payout_reports
     union all
     select 'entries at the bank', state || coalesce(', ' || placed_as, '') from bank_entries
     union all
     select 'commission', 'rows: ' || state || coalesce(', ' || reason, '') from commission_rows
     union all
     select 'commission', 'payments that do not pass us: ' || state
     from attempts
     where fund_flow <> 'through_platform'
       and paid_amount is not null
     union all
     select 'receipts from channels',
       case when matched_by = 'rule' then 'by a rule' else 'by people' end
         || case when difference = 0 then '' else ', rounded' end
     from channel_receipts
   ) ends
   group by "group", name
   order by "group", name`,
};

/** Adds how often each was reached. */
export async function countReached(cell: Database, tally: Tally): Promise<void> {
  const rows = await cell.db.all<{ group: string; name: string; times: bigint }>(REACHED);
  for (const { group, name, times } of rows) tally.add(group, name, Number(times));
}
