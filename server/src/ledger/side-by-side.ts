/**
 * A date's journals read side by side. Ids tell of time, so what came into being on a date lies side by side
 * in the order of its ids: journals, and most payments and attempts that they are of. Where a statement wants
 * most of a date, reading all of it in that order costs a fraction of looking each row up.
 */
import { sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";

/** From how many entries on it is worth it to read a date's journals side by side. */
export const SIDE_BY_SIDE_MIN = 100_000;

// In the "C" collation the text of an id sorts as the id does.
const SPAN = sql(
  "ledger_date_span",
  `select min(id::text collate "C")::uuid as first_id, max(id::text collate "C")::uuid as last_id,
     count(*) as journals
   from journals
   where accounting_date = $1`,
);

/** The journals of a date: how many, the first and the last of their ids. */
export type DateSpan = { readonly firstId: Id; readonly lastId: Id; readonly journals: bigint };

/**
 * Where the journals of a date are. Reads every one of them, so it needs a connection with time. Throws where
 * there is none.
 */
export async function dateSpanOf(tx: Tx, accountingDate: string): Promise<DateSpan> {
  const span = await tx.one<DateSpan>(SPAN, [accountingDate]);
  if (span === null || span.journals === 0n) throw new Error(`${accountingDate} has no journal`);
  return span;
}

/**
 * Each part reads the whole date, so there are as few as may be, of at most `most` entries; and so many for
 * each lane that all lanes end together. @param total at least 1 @return the entries of a part
 */
export function entriesOfPart(total: bigint, { most, lanes }: { most: bigint; lanes: number }): bigint {
  const round = most * BigInt(lanes);
  const parts = ((total + round - 1n) / round) * BigInt(lanes);
  return (total + parts - 1n) / parts;
}

const SETTINGS = sql(
  "ledger_side_by_side",
  "select set_config('work_mem', '128MB', true), set_config('plan_cache_mode', 'force_custom_plan', true)",
);

/** Memory to merge and hash a part of a date, until the transaction ends; plans that know its size. */
export async function readSideBySide(tx: Tx): Promise<void> {
  await tx.all(SETTINGS);
}
