/**
 * A date's journals read side by side. Ids tell of time, so what came into being on a date lies side by side
 * in the order of its ids: journals, and most payments and attempts that they are of. Where a statement wants
 * most of a date, reading all of it in that order costs a fraction of looking each row up.
 */
import { sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";

/** From how many entries on it is worth it to read a date's journals side by side. */
export const SIDE_BY_SIDE_MIN = 100_000;

// The index of dates finds the date's rows alone; by the index of ids it would be all before them too.
const ID_SPAN = sql(
  "ledger_id_span",
  `select first.id as first_id, last.id as last_id
   from (
     select d.id
     from (
       select id
       from journals
       where accounting_date = $1
       offset 0
     ) d
     order by d.id
     limit 1
   ) first
   cross join (
     select d.id
     from (
       select id
       from journals
       where accounting_date = $1
       offset 0
     ) d
     order by d.id desc
     limit 1
   ) last`,
);

/** The first and the last id of the journals of a date. */
export type IdSpan = { readonly firstId: Id; readonly lastId: Id };

/** Null where there is none. Reads every journal of the date, so it needs a connection with time. */
export function journalIdSpan(tx: Tx, accountingDate: string): Promise<IdSpan | null> {
  return tx.one<IdSpan>(ID_SPAN, [accountingDate]);
}

/**
 * Each part reads the whole date, so there are as few as may be, of at most `most` entries; and so many for
 * each lane that all lanes end together. @return the entries of a part
 */
export function entriesOfPart(total: bigint, { most, lanes }: { most: bigint; lanes: number }): bigint {
  const round = most * BigInt(lanes);
  const parts = ((total + round - 1n) / round) * BigInt(lanes);
  return total / parts + 1n;
}

const SETTINGS = sql(
  "ledger_side_by_side",
  "select set_config('work_mem', '128MB', true), set_config('plan_cache_mode', 'force_custom_plan', true)",
);

/** Memory to merge and hash a part of a date, until the transaction ends; plans that know its size. */
export async function readSideBySide(tx: Tx): Promise<void> {
  await tx.all(SETTINGS);
}
