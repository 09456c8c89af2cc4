/** The channels' calendars, as far as the story must mind them. */

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** UnionPay's clearing day ends at 23:00 in Beijing, which is 15:00 UTC. */
const CLEARING_ENDS_MINUTE = 15 * 60;
/** The platform voids nothing in the last five minutes of it; a minute more for the payment itself. */
const LAST_MINUTES = 6;

/** Whether what UnionPay takes now may have to wait until the next clearing day to be given back. */
export function clearingDayEndsSoon(now: Date): boolean {
  const minute = Math.floor(now.getTime() / MINUTE_MS) % DAY_MINUTES;
  return minute >= CLEARING_ENDS_MINUTE - LAST_MINUTES && minute < CLEARING_ENDS_MINUTE;
}
