// When to ask the server again.

const POLL_MS_MIN = 500;
const POLL_MS_MAX = 60_000;
const HIDDEN_FACTOR = 5;
/** Where the server tells of changes by itself, the page asks to be sure, no more. */
const LIVE_POLL_MS = 30_000;
const RETRY_MS_FIRST = 1_000;
const RETRY_MS_MAX = 15_000;

export interface Waiting {
  /** What the server asked for; null when nothing can change any more. */
  readonly pollAfterMs: number | null;
  /** Questions in a row that got no answer. */
  readonly failures: number;
  readonly hidden: boolean;
  /** Whether the server tells of changes by itself at present. */
  readonly live?: boolean;
}

/**
 * Milliseconds to the next question, or null for none. Doubles while nobody answers; rare where nobody looks.
 */
export function delayUntilNext({ pollAfterMs, failures, hidden, live }: Waiting): number | null {
  if (failures > 0) return Math.min(RETRY_MS_FIRST * 2 ** Math.min(failures - 1, 10), RETRY_MS_MAX);
  if (pollAfterMs === null) return null;
  if (live) return Math.max(pollAfterMs, LIVE_POLL_MS);
  const factor = hidden ? HIDDEN_FACTOR : 1;
  return Math.min(Math.max(pollAfterMs, POLL_MS_MIN) * factor, POLL_MS_MAX);
}
