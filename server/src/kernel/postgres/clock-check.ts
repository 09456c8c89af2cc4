import pg from "pg";
import type { Clock } from "../clock.ts";
import { StartRefused } from "../host/start-refused.ts";

/** Leases, due times and expiries are instants that all processes must mean alike. */
export const CLOCK_OFFSET_MS_MAX = 5_000;

const READINGS = 3;

/** What one question to the database took, by the process's clock, and what the database's clock said. */
export type ClockReading = { readonly askedAt: number; readonly answeredAt: number; readonly there: number };

/**
 * How far the database's clock certainly is from ours, in milliseconds: above 0 when ours is behind. It
 * answered at some instant of the round trip, so half of that is not held against anybody.
 */
export function clockOffset({ askedAt, answeredAt, there }: ClockReading): number {
  const offset = there - (askedAt + answeredAt) / 2;
  const doubt = Math.abs(answeredAt - askedAt) / 2;
  return Math.sign(offset) * Math.max(0, Math.abs(offset) - doubt);
}

/**
 * Throws `StartRefused` when this process's clock is more than 5 s from the database's: its leases would end
 * before the work that they cover, or long after. The reading with the shortest round trip counts.
 */
export async function refuseWrongClock(options: { url: string; clock: Clock }): Promise<void> {
  const offset = clockOffset(await readClock(options.url, options.clock));
  if (Math.abs(offset) <= CLOCK_OFFSET_MS_MAX) return;
  const seconds = (Math.abs(offset) / 1_000).toFixed(1);
  throw new StartRefused(
    `This machine's clock is ${seconds} s ${offset > 0 ? "behind" : "ahead of"} the database's; at most ` +
      `${CLOCK_OFFSET_MS_MAX / 1_000} s are allowed, since due times and leases are shared. Let both ` +
      "machines take their time from the same source (NTP), check it with `date -u`, and start again.",
  );
}

async function readClock(url: string, clock: Clock): Promise<ClockReading> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let best: ClockReading | null = null;
    for (let number = 0; number < READINGS; number += 1) {
      const askedAt = clock.now().getTime();
      const { rows } = await client.query<{ ms: number }>(
        "select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms",
      );
      const reading = { askedAt, answeredAt: clock.now().getTime(), there: rows[0]?.ms ?? Number.NaN };
      if (best === null || roundTrip(reading) < roundTrip(best)) best = reading;
    }
    return best as ClockReading;
  } finally {
    await client.end();
  }
}

function roundTrip({ askedAt, answeredAt }: ClockReading): number {
  return Math.abs(answeredAt - askedAt);
}
