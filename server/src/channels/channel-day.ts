import { DAY, dateIn, instantAt, MINUTE, plus } from "../kernel/clock.ts";
import type { ChannelTraits } from "./port.ts";

type DayTraits = Pick<ChannelTraits, "timeZone" | "dayStartMinutes">;

/** The channel's business date `yyyy-mm-dd` of an instant, whose day need not begin at midnight. */
export function channelDateOf(traits: DayTraits, at: Date): string {
  return dateIn(traits.timeZone, plus(at, -traits.dayStartMinutes * MINUTE));
}

/** When the channel's business day is over, which is the first instant of its next one. */
export function channelDayEnd({ timeZone, dayStartMinutes }: DayTraits, channelDate: string): Date {
  const midnight = plus(new Date(`${channelDate}T00:00:00Z`), DAY);
  return plus(instantAt(timeZone, midnight), dayStartMinutes * MINUTE);
}
