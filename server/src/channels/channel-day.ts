import { DAY, dateIn, localTimeIn, MINUTE, plus } from "../kernel/clock.ts";
import type { ChannelTraits } from "./port.ts";

type DayTraits = Pick<ChannelTraits, "timeZone" | "dayStartMinutes">;

/** The channel's business date `yyyy-mm-dd` of an instant, whose day need not begin at midnight. */
export function channelDateOf(traits: DayTraits, at: Date): string {
  return dateIn(traits.timeZone, plus(at, -traits.dayStartMinutes * MINUTE));
}

/** When the channel's business day is over, which is the first instant of its next one. */
export function channelDayEnd({ timeZone, dayStartMinutes }: DayTraits, channelDate: string): Date {
  const midnight = plus(new Date(`${channelDate}T00:00:00Z`), DAY);
  // The zone's clock shows how far it is off at an instant; once more where it was changed in between.
  let at = midnight;
  for (let tried = 0; tried < 2; tried += 1) {
    const { date, minutes } = localTimeIn(timeZone, at);
    const shown = new Date(`${date}T00:00:00Z`).getTime() + minutes * MINUTE;
    at = plus(at, midnight.getTime() - shown);
  }
  return plus(at, dayStartMinutes * MINUTE);
}
