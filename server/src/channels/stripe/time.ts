// Stripe writes instants as whole seconds since 1970, and its books change day at 00:00 UTC.

/** The last second of the year 9999. */
const SECONDS_MAX = 253_402_300_799;

/** The instant of Stripe's `1763640000`, or null when it is none. */
export function instantOf(value: unknown): Date | null {
  const isSecond = typeof value === "number" && Number.isInteger(value) && value > 0;
  return isSecond && value <= SECONDS_MAX ? new Date(value * 1_000) : null;
}

/** Whole seconds since 1970, a fraction cut off. */
export function secondsOf(at: Date): number {
  return Math.floor(at.getTime() / 1_000);
}

/** The channel's business date of an instant: `2026-11-20`. */
export function utcDate(at: Date): string {
  return at.toISOString().slice(0, 10);
}
