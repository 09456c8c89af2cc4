/** What channels' fund bills tell, and nothing explains or the books know otherwise. */
import { dateIn } from "../../kernel/clock.ts";
import { daysAfter, daysBetween } from "../../kernel/dates.ts";
import type { PayoutsDeps } from "../deps.ts";
import {
  countFundDifferences,
  type FundDifference,
  type FundDifferenceCount,
  listFundDifferences,
} from "./store.ts";

/** Shares are compared for so many dates: a channel corrects its bills within some days. */
const SHARES_DAYS = 62;

type Deps = Pick<PayoutsDeps, "cell" | "timeZone">;
type Aged = { readonly ageDays: number };

/** The oldest first, from the one after `after` on. */
export async function fundDifferences(
  deps: Deps,
  after: readonly [date: string, key: string] | null,
  limit: number,
): Promise<readonly (FundDifference & Aged)[]> {
  const today = todayOf(deps);
  const rows = await listFundDifferences(deps.cell.db, daysAfter(today, -SHARES_DAYS), after, limit);
  return rows.map((row) => ({ ...row, ageDays: daysBetween(row.date, today) }));
}

/** How many of each kind, and how old the oldest is, in calendar days. */
export async function fundDifferenceCounts(deps: Deps): Promise<readonly (FundDifferenceCount & Aged)[]> {
  const today = todayOf(deps);
  const counts = await countFundDifferences(deps.cell.db, daysAfter(today, -SHARES_DAYS));
  return counts.map((row) => ({ ...row, ageDays: row.oldest === null ? 0 : daysBetween(row.oldest, today) }));
}

const todayOf = ({ cell, timeZone }: Deps) => dateIn(timeZone, cell.clock.now());
