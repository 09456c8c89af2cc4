import {
  beijingDate,
  beijingDayStart,
  formatBeijing,
  hourMs,
  minuteMs,
  parseBeijing,
} from "../../china/beijing.ts";

/** A clearing day begins and ends at this hour in Beijing. */
const cutHour = 23;
const untilMidnightMs = (24 - cutHour) * hourMs;

/** "20261120093007" */
export function compactTime(instant: Date): string {
  return formatBeijing(instant).replace(/\D/g, "");
}

/** The instant of "20261120093007" in Beijing; undefined when it is not a real time. */
export function parseCompactTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return parseBeijing(`${year}-${month}-${day} ${hour}:${minute}:${second}`);
}

/** The clearing day of an instant, yyyy-MM-dd: from 23:00 of the day before until 23:00. */
export function clearingDate(instant: Date): string {
  return beijingDate(new Date(instant.getTime() + untilMidnightMs));
}

/** When a clearing day ends. */
export function clearingDayEnd(date: string): Date {
  return new Date(beijingDayStart(date)!.getTime() + cutHour * hourMs);
}

/** MMDD of a clearing day, as messages write it. */
export function settleDate(date: string): string {
  return date.slice(5).replace("-", "");
}

/** Whether an instant is at most so many minutes away from a cut of the clearing day. */
export function isNearCut(instant: Date, minutes: number): boolean {
  const cutBefore = clearingDayEnd(clearingDate(instant)).getTime() - 24 * hourMs;
  const sinceMs = instant.getTime() - cutBefore;
  return sinceMs < minutes * minuteMs || 24 * hourMs - sinceMs <= minutes * minuteMs;
}
