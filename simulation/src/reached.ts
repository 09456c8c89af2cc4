/** Which ends and decisions a world came by: how far the simulation reaches. */
import type { Database } from "../../server/src/kernel/database.ts";

const REACHED = {
  name: "simulation_reached",
  text: `select what, count(*) as times
   from (
     select 'payment ' || status as what from payments
     union all
     select 'attempt ' || state from attempts
     union all
     select 'surplus ' || surplus from attempts where surplus is not null
     union all
     select 'refund ' || state || case when automatic then ', automatic' else '' end from refunds
     union all
     select operation || ' ' || decision from exchanges
     union all
     select 'work item ' || kind from work_items
   ) ends
   group by what
   order by what`,
};

/** How often each was reached. */
export async function reachedIn(cell: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await cell.db.all<{ what: string; times: bigint }>(REACHED);
  return new Map(rows.map(({ what, times }) => [what, Number(times)]));
}
