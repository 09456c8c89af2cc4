import type { Clock } from "../kernel/clock.ts";
import { SECOND } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";

/**
 * Whose call it is: a buyer who waits, work that somebody will soon ask about, or a sweep that can wait for
 * the night.
 */
export type CallPriority = "buyer" | "background" | "sweep";

/** How many calls this process may make through a channel account, per second of its contract. */
export type CallBudget = {
  /**
   * True when the call may be made now. A buyer waits up to `BUYER_WAIT_MS` for its turn; the others don't
   * wait, and leave a share to those before them. False: treat the call as `not_sent`.
   */
  take(
    account: { readonly id: Id; readonly callsPerSecond: number },
    priority: CallPriority,
  ): Promise<boolean>;
};

/** The longest that a waiting buyer is held back: beyond it, saying "try again" is kinder. */
export const BUYER_WAIT_MS = SECOND;

/** The part of a second's calls that must be left for those who come first. */
const SHARE_LEFT: Readonly<Record<CallPriority, number>> = { buyer: 0, background: 0.2, sweep: 0.5 };

/** Calls in hand; below zero, buyers wait for calls that have not come yet. */
type Bucket = { calls: number; filledAt: number };

/** A token bucket per account that holds at most one second's calls. */
export function createCallBudget(deps: { clock: Clock }): CallBudget {
  const buckets = new Map<Id, Bucket>();
  return {
    take: async ({ id, callsPerSecond }, priority) => {
      const now = deps.clock.now().getTime();
      const bucket = buckets.get(id) ?? { calls: callsPerSecond, filledAt: now };
      buckets.set(id, bucket);
      refill(bucket, callsPerSecond, now);
      const waitMs = waitFor(bucket, callsPerSecond, priority);
      if (waitMs === null) return false;
      bucket.calls -= 1;
      if (waitMs > 0) await deps.clock.sleep(waitMs);
      return true;
    },
  };
}

function refill(bucket: Bucket, callsPerSecond: number, now: number): void {
  const elapsedMs = Math.max(0, now - bucket.filledAt);
  bucket.calls = Math.min(callsPerSecond, bucket.calls + (elapsedMs * callsPerSecond) / SECOND);
  bucket.filledAt = now;
}

/** How long until this call has its turn, in milliseconds; null: it is turned away. */
function waitFor(bucket: Bucket, callsPerSecond: number, priority: CallPriority): number | null {
  const left = bucket.calls - 1;
  if (priority !== "buyer") return left >= Math.floor(callsPerSecond * SHARE_LEFT[priority]) ? 0 : null;
  if (left >= 0) return 0;
  const waitMs = Math.ceil((-left * SECOND) / callsPerSecond);
  return waitMs <= BUYER_WAIT_MS ? waitMs : null;
}
