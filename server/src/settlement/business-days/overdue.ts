import type { Db } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import { type Counting, cutoffOf } from "./model.ts";
import { calendarsOf, listYears } from "./store.ts";

/**
 * The last date from which so many days were over before `today`; null where the calendar's year is not
 * loaded.
 */
export type OverdueDates = (today: string, counting: Counting) => string | null;

/** Reads the calendars as they are now, from the platform's schema. */
export async function overdueDates(db: Db): Promise<OverdueDates> {
  const calendars = calendarsOf(await listYears(db));
  return (today, counting) => {
    const cutoff = cutoffOf(calendars, shiftDate(today, -1), counting);
    return typeof cutoff === "string" ? cutoff : null;
  };
}
