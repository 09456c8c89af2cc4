/** Whose dates a payout is: pure. */
import type { ToldPayout } from "../../channels/index.ts";
import { shiftDate } from "../../kernel/dates.ts";

/** What a channel's statement of a date told of the account's money, payouts apart. */
export type MoneyDay = {
  readonly date: string;
  readonly millionths: bigint;
  /** The last date on which some of it is available; null: not told. */
  readonly availableOn: string | null;
};

/**
 * The last channel date whose money is all paid with a payout of `date`: the oldest goes first, so that what
 * is left is of the latest dates. Null: no date is known to be.
 * @param earlier days before `date`, the latest first; of those that are missing nothing is known
 */
export function coveredThrough(
  { left, isAll }: Pick<ToldPayout, "left" | "isAll">,
  date: string,
  earlier: readonly MoneyDay[],
): string | null {
  if (left === null) return null;
  if (left === "unavailable") return availableThrough(date, earlier);
  if (left <= 0n) return isAll ? date : shiftDate(date, -1);
  let ofLater = 0n;
  for (const day of earlier) {
    ofLater += day.millionths;
    if (ofLater >= left) return shiftDate(day.date, -1);
  }
  return null;
}

/** Of each date the last that is available, and so are all that are known before it. */
function availableThrough(date: string, earlier: readonly MoneyDay[]): string | null {
  const late = earlier.findLast(({ availableOn }) => availableOn === null || availableOn > date);
  const before = earlier.filter((day) => late === undefined || day.date < late.date);
  return before[0]?.date ?? null;
}
