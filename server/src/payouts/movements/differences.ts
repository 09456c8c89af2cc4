/** What channels' fund bills tell, and nothing explains or the books know otherwise. */
import { dateIn } from "../../kernel/clock.ts";
import { daysBetween } from "../../kernel/dates.ts";
import type { PayoutsDeps } from "../deps.ts";
import {
  countFundDifferences,
  type FundDifference,
  type FundDifferenceCount,
  listFundDifferences,
} from "./store.ts";

type Deps = Pick<PayoutsDeps, "cell" | "timeZone">;
type Aged = { readonly ageDays: number };

/** The oldest first, from the one after `after` on. */
export async function fundDifferences(
  deps: Deps,
  after: readonly [date: string, key: string] | null,
  limit: number,
): Promise<readonly (FundDifference & Aged)[]> {
  const today = todayOf(deps);
  const rows = await listFundDifferences(deps.cell.db, after, limit);
  return rows.map((row) => ({ ...row, ageDays: daysBetween(row.date, today) }));
}

/** How many of each kind, and how old the oldest is, in calendar days. */
export async function fundDifferenceCounts(deps: Deps): Promise<readonly (FundDifferenceCount & Aged)[]> {
  const today = todayOf(deps);
  const counts = await countFundDifferences(deps.cell.db);
  return counts.map((row) => ({ ...row, ageDays: row.oldest === null ? 0 : daysBetween(row.oldest, today) }));
}

const todayOf = ({ cell, timeZone }: Deps) => dateIn(timeZone, cell.clock.now());
