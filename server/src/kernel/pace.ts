import type { Clock } from "./clock.ts";

/**
 * How long a queue makes its commands wait. A queue that is bounded by its length alone lets everybody wait
 * ever longer while the database is slow: 4,096 commands are 0.3 s on a good day and 10 s on a bad one. So
 * what counts is the time that a newcomer would wait: the batches before its own, each as long as they
 * lately take, or as long as the one under way has taken already.
 */
export type Pace = {
  /** The clock's milliseconds, to be kept with each command. */
  nowMs(): number;
  /** A batch of commands that came at these instants leaves the queue. */
  began(came: readonly { readonly since: number }[]): void;
  ended(): void;
  /** What a command would wait that comes now, behind `queued` others. */
  expectedWaitMs(queued: number): number;
  readonly gauges: { readonly waitedMs: number; readonly workedMs: number };
};

/** The newest batch's part in what batches lately take. */
const NEWEST_SHARE = 0.25;

export function createPace(clock: Clock, batchMax: number): Pace {
  let recentMs: number | null = null;
  let beganAt: number | null = null;
  const sums = { waitedMs: 0, workedMs: 0 };
  const nowMs = () => clock.now().getTime();
  return {
    nowMs,
    began: (came) => {
      beganAt = nowMs();
      for (const { since } of came) sums.waitedMs += Math.max(0, beganAt - since);
    },
    ended: () => {
      if (beganAt === null) return;
      const tookMs = Math.max(0, nowMs() - beganAt);
      sums.workedMs += tookMs;
      recentMs = recentMs === null ? tookMs : recentMs + (tookMs - recentMs) * NEWEST_SHARE;
      beganAt = null;
    },
    expectedWaitMs: (queued) => {
      if (beganAt === null) return 0;
      const batchMs = Math.max(recentMs ?? 0, nowMs() - beganAt);
      return batchMs * (1 + Math.floor(queued / batchMax));
    },
    gauges: sums,
  };
}
