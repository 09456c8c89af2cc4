import type { SceneTraits } from "../../channels/index.ts";
import { HOUR, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import type { Attempt, Payment, Refund } from "../model.ts";

/** While a cashier page or a till looks on, the gap between queries. */
export const WATCHED_GAP_MS = 5 * SECOND;

/** How long one look at the cashier counts as watching. */
export const WATCHED_FOR_MS = 20 * SECOND;

/** How long a call that takes a payment code may be under way: nobody else looks at its order before. */
export const CODE_CALL_MS = 15 * SECOND;

/** How long an order's first call belongs to the process that wrote it: three times the call's time-out. */
export const PLACING_LEASE_MS = 30 * SECOND;

/** After an order's expiry the channel is asked once more, when its own clock has passed it too. */
export const EXPIRY_GRACE_MS = 2 * SECOND;

/** A channel that still calls an order open after its expiry is asked on, rarely. */
const OVERDUE_GAP_MS = HOUR;

const REVERSAL_GAPS_MS = [2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE];

const RESEND_GAPS_MS = [SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND];

const CLOSE_GAPS_MS = [2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE];

/** A refund that was certainly not taken is sent again after these gaps; the last repeats. */
const REFUND_RETRY_GAPS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];

function gapAt(gapsMs: readonly number[], index: number): number {
  return gapsMs[Math.min(index, gapsMs.length - 1)] as number;
}

/** When to ask the channel next about an order that is still open. */
export function nextQueryAt(
  attempt: Pick<Attempt, "queries" | "expiresAt" | "createdAt">,
  payment: Pick<Payment, "watchedUntil">,
  scene: Pick<SceneTraits, "queryGapsMs" | "reverseAfterMs">,
  now: Date,
): Date {
  const end = plus(attempt.expiresAt, EXPIRY_GRACE_MS);
  if (now >= end) return plus(now, OVERDUE_GAP_MS);
  const watched = payment.watchedUntil !== null && payment.watchedUntil > now;
  const gap = gapAt(scene.queryGapsMs, attempt.queries);
  const due = plus(now, watched ? Math.min(gap, WATCHED_GAP_MS) : gap);
  const bounds = [end];
  if (scene.reverseAfterMs !== null) bounds.push(plus(attempt.createdAt, scene.reverseAfterMs));
  const next = bounds.filter((bound) => bound > now).sort((a, b) => a.getTime() - b.getTime())[0];
  return next !== undefined && due > next ? next : due;
}

/** When to repeat a reversal whose answer is missing. It never ends before the channel answers. */
export function nextReversalAt(attempt: Pick<Attempt, "queries">, now: Date): Date {
  return plus(now, gapAt(REVERSAL_GAPS_MS, attempt.queries));
}

/** When to place an order again that certainly was not taken, or whose channel repeats it safely. */
export function nextResendAt(attempt: Pick<Attempt, "queries">, now: Date): Date {
  return plus(now, gapAt(RESEND_GAPS_MS, attempt.queries));
}

/** When to try again to close an order whose closing has no answer. @param since the wish to close it. */
export function nextCloseAt(since: Date, now: Date): Date {
  const waited = now.getTime() - since.getTime();
  let passed = 0;
  for (const gap of CLOSE_GAPS_MS) {
    passed += gap;
    if (passed > waited) return plus(now, gap);
  }
  return plus(now, CLOSE_GAPS_MS.at(-1) as number);
}

/** When to send a refund again that the channel did not take. */
export function nextRefundSendAt(refund: Pick<Refund, "tries">, now: Date): Date {
  return plus(now, gapAt(REFUND_RETRY_GAPS_MS, Math.max(0, refund.tries - 1)));
}

/** When to ask about a refund that is on its way. */
export function nextRefundQueryAt(refund: Pick<Refund, "tries">, gapsMs: readonly number[], now: Date): Date {
  return plus(now, gapAt(gapsMs, Math.max(0, refund.tries - 1)));
}
