import { randomBytes, randomInt } from "node:crypto";

/** Where time comes from. Handed in everywhere, so that the simulation can own it. */
export type Clock = {
  /** The present instant. */
  now(): Date;
  /**
   * Resolves after `ms` milliseconds, or at once when `signal` aborts (it never rejects). `worker` names one
   * that looks at its due rows then and at nothing else: a simulation skips the looks that would find none.
   */
  sleep(ms: number, signal?: AbortSignal, worker?: string): Promise<void>;
  /**
   * Calls `run` once after `ms`; the returned function cancels it. A pending timer never keeps a process
   * alive.
   */
  after(ms: number, run: () => void): () => void;
  /**
   * Resolves when all that has arrived by now has been handled: the end of a turn of the event loop. Where a
   * clock has none, everything happens one at a time.
   */
  readonly turn?: () => Promise<void>;
};

/** Where chance comes from. In the simulation ids, keys and nonces come from the seed. */
export type Random = {
  /** `length` unpredictable bytes. */
  bytes(length: number): Buffer;
  /** An integer in [0, below). `below` is between 1 and 2^48. */
  integer(below: number): number;
};

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

/** The machine's cryptographic randomness. */
export const systemRandom: Random = {
  bytes: pooledBytes(),
  integer: (below) => randomInt(below),
};

const POOL_BYTES = 4_096;

/**
 * Asking the system for 8 bytes costs as much as for 4,096; what was handed out is never handed out again.
 */
function pooledBytes(): (length: number) => Buffer {
  let pool = Buffer.alloc(0);
  return (length) => {
    if (length > POOL_BYTES / 4) return randomBytes(length);
    if (length > pool.length) pool = randomBytes(POOL_BYTES);
    const taken = Buffer.from(pool.subarray(0, length));
    pool.fill(0, 0, length);
    pool = pool.subarray(length);
    return taken;
  };
}

/** `at` moved by `ms` milliseconds (negative: earlier). */
export function plus(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

/** The calendar date `yyyy-mm-dd` of an instant in a time zone, such as Asia/Shanghai. */
export function dateIn(timeZone: string, at: Date): string {
  let format = dateFormats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
    dateFormats.set(timeZone, format);
  }
  return format.format(at);
}

// Building a formatter costs 30 µs and formatting 1 µs; the map only remembers what it would build again.
const dateFormats = new Map<string, Intl.DateTimeFormat>();

/** A wall clock: the calendar date, minutes since its midnight, and the day of the week, 1 for Monday. */
export type LocalTime = { readonly date: string; readonly minutes: number; readonly weekday: number };

/** What a clock on the wall of a time zone shows at an instant. */
export function localTimeIn(timeZone: string, at: Date): LocalTime {
  const minute = Math.floor(at.getTime() / 60_000);
  const known = localTimes.get(timeZone);
  if (known?.minute === minute) return known.local;
  const format =
    known?.format ??
    new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const date = dateIn(timeZone, at);
  const time = format.format(at);
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  const local = {
    date,
    minutes: Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5)),
    weekday: weekday === 0 ? 7 : weekday,
  };
  localTimes.set(timeZone, { format, minute, local });
  return local;
}

/**
 * The instant at which a wall clock of a zone shows a time. @param wall the time shown, as if it were UTC;
 * one that the clock leaves out or shows twice gives an instant beside it
 */
export function instantAt(timeZone: string, wall: Date): Date {
  let at = wall;
  // The clock shows how far it is off at an instant; once more where it was put forward or back in between.
  for (let tried = 0; tried < 2; tried += 1) {
    const { date, minutes } = localTimeIn(timeZone, at);
    const shown = new Date(`${date}T00:00:00Z`).getTime() + minutes * MINUTE;
    at = plus(at, Math.floor(wall.getTime() / MINUTE) * MINUTE - shown);
  }
  return at;
}

/** The first instant of a calendar date `yyyy-mm-dd` in a time zone. */
export function startOfDate(timeZone: string, date: string): Date {
  return instantAt(timeZone, new Date(`${date}T00:00:00Z`));
}

// Asked many times a second and changing once a minute; the map only remembers what it would work out again.
const localTimes = new Map<string, { format: Intl.DateTimeFormat; minute: number; local: LocalTime }>();

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
