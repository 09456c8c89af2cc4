/**
 * When an account rests by the clock: windows of its channel, trading hours, the days of its quotas. Pure.
 */
import { type LocalTime, localTimeIn, MINUTE } from "../kernel/clock.ts";
import { shiftDate } from "../kernel/dates.ts";
import type { DayTime, Reason, Settings, Window } from "./model.ts";

const MINUTES_OF_DAY = 24 * 60;

/** Minutes since midnight of `HH:MM`; `24:00` is the end of the day. */
export function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** The window of the channel that is open at an instant, or null. */
export function windowAt(
  settings: Settings,
  timeZone: string,
  at: Date,
): Extract<Reason, "maintenance" | "cut_over"> | null {
  if (settings.windows.length === 0) return null;
  const local = localTimeIn(timeZone, at);
  return settings.windows.find((window) => isOpen(window, local, at))?.kind ?? null;
}

/** Whether the account takes orders at this time of its channel's day. */
export function tradesAt(settings: Settings, timeZone: string, at: Date): boolean {
  if (settings.tradingHours.length === 0) return true;
  const { minutes } = localTimeIn(timeZone, at);
  return settings.tradingHours.some((hours) => isWithin(hours, minutes));
}

/** Whether a window is open at any minute from an instant on. */
export function meetsWindow(settings: Settings, timeZone: string, from: Date, forMs: number): boolean {
  if (settings.windows.length === 0) return false;
  for (let ms = 0; ms <= forMs; ms += MINUTE) {
    if (windowAt(settings, timeZone, new Date(from.getTime() + ms)) !== null) return true;
  }
  return false;
}

function isOpen(window: Window, local: LocalTime, at: Date): boolean {
  if (!("time" in window)) return window.startsAt <= at && at < window.endsAt;
  if (!isWithin(window.time, local.minutes)) return false;
  if (window.weekdays === null) return true;
  // What goes over midnight belongs to the day on which it began.
  const from = minutesOf(window.time.from);
  const beganYesterday = from > minutesOf(window.time.to) && local.minutes < from;
  const weekday = beganYesterday ? ((local.weekday + 5) % 7) + 1 : local.weekday;
  return window.weekdays.includes(weekday);
}

function isWithin({ from, to }: DayTime, minutes: number): boolean {
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  return begin < end ? begin <= minutes && minutes < end : begin <= minutes || minutes < end;
}

/** The quota day of an instant, and the first of its month, both `yyyy-mm-dd`. */
export function quotaDaysAt(settings: Settings, timeZone: string, at: Date): { day: string; month: string } {
  const local = localTimeIn(timeZone, at);
  const startsAt = minutesOf(settings.dayStartsAt);
  // A day that starts in the afternoon is named after the date it ends on, as channels name theirs.
  const isNext = startsAt >= MINUTES_OF_DAY / 2 && local.minutes >= startsAt;
  const isPrevious = startsAt < MINUTES_OF_DAY / 2 && local.minutes < startsAt;
  const day = isNext ? shiftDate(local.date, 1) : isPrevious ? shiftDate(local.date, -1) : local.date;
  return { day, month: `${day.slice(0, 8)}01` };
}
