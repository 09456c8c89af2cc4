import { dateIn, MINUTE, plus } from "../kernel/clock.ts";
import type { ChannelTraits } from "./port.ts";

/** The channel's business date `yyyy-mm-dd` of an instant, whose day need not begin at midnight. */
export function channelDateOf(traits: Pick<ChannelTraits, "timeZone" | "dayStartMinutes">, at: Date): string {
  return dateIn(traits.timeZone, plus(at, -traits.dayStartMinutes * MINUTE));
}
