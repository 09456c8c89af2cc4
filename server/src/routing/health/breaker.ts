/**
 * Circuit breaking of one account's line for one kind of scene, as a pure state machine:
 * closed → open → half_open (probes) → closed, or open again for twice as long.
 */
import { MINUTE, SECOND } from "../../kernel/clock.ts";

/** So many calls that failed, one after the other, open it. */
export const FAILURES_IN_A_ROW_MAX = 20;
/** Or all calls that ended within this time, when they are at least so many. */
export const BURST_MS = 2 * SECOND;
export const BURST_CALLS_MIN = 5;
/** Longer than the longest time-out of a call: what was under way when it opened has ended by then. */
export const OPEN_MS = 15 * SECOND;
/** It doubles with each probe that fails, up to this. */
export const OPEN_MS_MAX = 4 * MINUTE;
/** One probe at a time; one whose end is not heard of within this time is given up. */
export const PROBE_MS = 12 * SECOND;
/** So many probes in a row must succeed. */
export const PROBES_TO_CLOSE = 3;

export type Breaker =
  | {
      readonly state: "closed";
      readonly failuresInARow: number;
      /** When the last calls failed, the latest last; since the last success. */
      readonly failedAt: readonly number[];
      readonly succeededAt: number;
    }
  | { readonly state: "open"; readonly since: number; readonly until: number; readonly openMs: number }
  | {
      readonly state: "half_open";
      readonly since: number;
      readonly openMs: number;
      readonly succeeded: number;
      /** Until when the probe under way is waited for; 0: none is. */
      readonly probeUntil: number;
    };

/**
 * Times are milliseconds. `startedAt`: calls that began before the breaker let probes through tell nothing.
 */
export type EndedCall = { readonly failed: boolean; readonly startedAt: number; readonly endedAt: number };

/** In rotation, and nothing is known against it. */
export function closed(succeededAt = -BURST_MS): Breaker {
  return { state: "closed", failuresInARow: 0, failedAt: [], succeededAt };
}

/** The breaker as time alone makes it: an open one lets probes through after its time. */
export function breakerAt(breaker: Breaker, now: number): Breaker {
  if (breaker.state !== "open" || now < breaker.until) return breaker;
  return { state: "half_open", since: breaker.until, openMs: breaker.openMs, succeeded: 0, probeUntil: 0 };
}

/** What the end of a call makes of it. */
export function afterCall(breaker: Breaker, call: EndedCall): Breaker {
  const present = breakerAt(breaker, call.endedAt);
  switch (present.state) {
    case "open":
      return present;
    case "closed":
      return call.failed ? afterFailure(present, call.endedAt) : afterSuccess(present, call.endedAt);
    case "half_open": {
      if (call.startedAt < present.since) return present;
      if (call.failed) return opened(call.endedAt, Math.min(present.openMs * 2, OPEN_MS_MAX));
      const succeeded = present.succeeded + 1;
      if (succeeded >= PROBES_TO_CLOSE) return closed(call.endedAt);
      return { ...present, succeeded, probeUntil: 0 };
    }
  }
}

function afterSuccess(present: Extract<Breaker, { state: "closed" }>, now: number): Breaker {
  return { ...present, failuresInARow: 0, failedAt: [], succeededAt: now };
}

function afterFailure(present: Extract<Breaker, { state: "closed" }>, now: number): Breaker {
  const failuresInARow = present.failuresInARow + 1;
  const failedAt = [...present.failedAt, now].slice(-BURST_CALLS_MIN);
  const began = now - BURST_MS;
  const isBurst =
    present.succeededAt <= began && failedAt.length >= BURST_CALLS_MIN && (failedAt[0] as number) > began;
  if (failuresInARow >= FAILURES_IN_A_ROW_MAX || isBurst) return opened(now, OPEN_MS);
  return { ...present, failuresInARow, failedAt };
}

/** Opens it, for whatever reason. */
export function opened(now: number, openMs = OPEN_MS): Breaker {
  return { state: "open", since: now, until: now + openMs, openMs };
}

/** Whether an order may go through as a probe. */
export function mayProbe(breaker: Breaker, now: number): boolean {
  return breaker.state === "half_open" && now >= breaker.probeUntil;
}

/** The order that was to be the probe until this instant is not placed: the next one is. */
export function probeGivenUp(breaker: Breaker, until: number): Breaker {
  const isIts = breaker.state === "half_open" && breaker.probeUntil === until;
  return isIts ? { ...breaker, probeUntil: 0 } : breaker;
}

/** An order goes through as a probe. */
export function probed(breaker: Breaker, now: number): Breaker {
  return mayProbe(breaker, now) ? ({ ...breaker, probeUntil: now + PROBE_MS } as Breaker) : breaker;
}
