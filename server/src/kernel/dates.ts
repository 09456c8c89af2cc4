/** Arithmetic of calendar dates, which have no zone. */
import { DAY } from "./clock.ts";

/** `yyyy-mm-dd` moved by so many days; negative: earlier. */
export function shiftDate(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
}

/** Whole days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}
