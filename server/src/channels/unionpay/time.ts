import { DAY, HOUR, plus } from "../../kernel/clock.ts";

// UnionPay writes Beijing wall-clock digits without a zone, often without the year. China has had no daylight
// saving time since 1991.

const BEIJING_OFFSET_MS = 8 * HOUR;

/** `20261120093007`, fractions of a second cut off. */
export function compactTime(at: Date): string {
  return plus(at, BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, "");
}

/** The instant of `20261120093007`, or null when it is none. */
export function parseCompactTime(text: string): Date | null {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const wallClock = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const at = new Date(`${wallClock}Z`);
  // Date rolls 30 February over to March; writing it back shows that.
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(wallClock)) return null;
  return plus(at, -BEIJING_OFFSET_MS);
}

/** The instant of `1120093007` whose year is left out: the one nearest to `near`; null when there is none. */
export function timeNear(text: string, near: Date): Date | null {
  return nearest(near, (year) => parseCompactTime(`${year}${text}`));
}

/** The date `yyyy-mm-dd` of `1120`, the one nearest to `near`; null when there is none. */
export function dateNear(text: string, near: Date): string | null {
  const noon = nearest(near, (year) => parseCompactTime(`${year}${text}120000`));
  return noon === null ? null : dateText(noon);
}

/** `1120` of `2026-11-20`. */
export function monthDayOf(date: string): string {
  return date.slice(5, 7) + date.slice(8, 10);
}

function dateText(at: Date): string {
  return plus(at, BEIJING_OFFSET_MS).toISOString().slice(0, 10);
}

function nearest(near: Date, inYear: (year: number) => Date | null): Date | null {
  const year = Number(compactTime(near).slice(0, 4));
  const distance = (at: Date) => Math.abs(at.getTime() - near.getTime());
  const [best = null] = [year - 1, year, year + 1]
    .map(inYear)
    .filter((at) => at !== null)
    .sort((one, other) => distance(one) - distance(other));
  // 29 February belongs to one of four years; a date months away is nobody's guess.
  return best === null || distance(best) > 200 * DAY ? null : best;
}
