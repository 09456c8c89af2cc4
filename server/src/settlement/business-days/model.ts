/**
 * Business days. A year counts only whole: where it was not loaded nobody guesses, and what needs it waits.
 */
import { shiftDate } from "../../kernel/dates.ts";

/** One year of a calendar: what differs from Monday to Friday. */
export type BusinessYear = {
  readonly calendar: string;
  readonly year: number;
  readonly version: number;
  /** Dates without business, in order; weekends need not be named. */
  readonly holidays: readonly string[];
  /** Saturdays and Sundays with business (调休), in order. */
  readonly workdays: readonly string[];
  readonly source: string;
};

/** The calendars that are known, by calendar and year. */
export type Calendars = ReadonlyMap<string, ReadonlyMap<number, BusinessYear>>;

/** What a policy counts by; a null calendar: every day counts. */
export type Counting = { readonly days: number; readonly calendar: string | null };

/** A year that would be needed and is not there. */
export type Missing = { readonly calendar: string; readonly year: number };

/** Whether it is a real date written `yyyy-mm-dd`. */
export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && shiftDate(text, 0) === text;
}

export function isWeekend(date: string): boolean {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** Whether a date is a business day, or the year that would say so. */
export function isBusinessDay(calendars: Calendars, calendar: string, date: string): boolean | Missing {
  const year = Number(date.slice(0, 4));
  const known = calendars.get(calendar)?.get(year);
  if (known === undefined) return { calendar, year };
  return isWeekend(date) ? known.workdays.includes(date) : !known.holidays.includes(date);
}

/** The date on which an item of `from` is due: T+`days`. */
export function dueDate(calendars: Calendars, from: string, counting: Counting): string | Missing {
  const { days, calendar } = counting;
  if (calendar === null) return shiftDate(from, days);
  let date = from;
  for (let left = days; left > 0; ) {
    date = shiftDate(date, 1);
    const isOpen = isBusinessDay(calendars, calendar, date);
    if (typeof isOpen === "object") return isOpen;
    if (isOpen) left -= 1;
  }
  return date;
}

/** A holiday is at most a few weeks: farther back than this every item is due. */
const LOOK_BACK_MAX = 1_000;

/**
 * The last accounting date whose items are due on `today`, the date after the closed one. Dates later than
 * the closed one are left to the caller.
 */
export function cutoffOf(calendars: Calendars, today: string, counting: Counting): string | Missing {
  if (counting.calendar === null) return shiftDate(today, -counting.days);
  // Counted backwards from today, whose own business matters: an item is due on the business day itself.
  let date = today;
  for (let looked = 0; looked < LOOK_BACK_MAX; looked += 1) {
    const due = dueDate(calendars, date, counting);
    // Farther on than today there may be no calendar; then it is not due today.
    if (typeof due === "object") {
      if (due.year <= Number(today.slice(0, 4))) return due;
    } else if (due <= today) return date;
    date = shiftDate(date, -1);
  }
  throw new RangeError(`${counting.days} business days before ${today} are more than anybody waits`);
}
