/**
 * The window between channels and banks: what one has told, and the other has not shown in it, is for people.
 */
import { dateIn } from "../../kernel/clock.ts";
import { daysBetween, shiftDate } from "../../kernel/dates.ts";
import { overdueDates } from "../../settlement/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import {
  countDifferences,
  type Difference,
  type DifferenceCount,
  listDifferences,
  type Windows,
} from "./late-store.ts";

/** Business days that a payout may be on its way, or money lie at the bank before its channel tells of it. */
export const WINDOW_DAYS = 3;
/** Calendar days where no calendar of business days is loaded: as many, with a weekend. */
const WINDOW_CALENDAR_DAYS = 5;
const MAINLAND = "CN";

type LateDeps = Pick<PayoutsDeps, "cell" | "platform" | "timeZone">;

/** The oldest first, from the one after `after` on. */
export async function differences(
  deps: LateDeps,
  after: readonly [date: string, key: string] | null,
  limit: number,
): Promise<readonly (Difference & { readonly ageDays: number })[]> {
  const rows = await listDifferences(deps.cell.db, await windowsOf(deps), after, limit);
  const today = todayOf(deps);
  return rows.map((row) => ({ ...row, ageDays: daysBetween(row.date, today) }));
}

/** How many of each kind, and how old the oldest is, in calendar days. */
export async function differenceCounts(
  deps: LateDeps,
): Promise<readonly (DifferenceCount & { readonly ageDays: number })[]> {
  const counts = await countDifferences(deps.cell.db, await windowsOf(deps));
  const today = todayOf(deps);
  return counts.map((row) => ({ ...row, ageDays: row.oldest === null ? 0 : daysBetween(row.oldest, today) }));
}

async function windowsOf(deps: LateDeps): Promise<Windows> {
  const overdue = await overdueDates(deps.platform.db);
  const today = todayOf(deps);
  const others = shiftDate(today, -1 - WINDOW_CALENDAR_DAYS);
  return { cny: overdue(today, { days: WINDOW_DAYS, calendar: MAINLAND }) ?? others, others };
}

const todayOf = ({ cell, timeZone }: LateDeps) => dateIn(timeZone, cell.clock.now());
