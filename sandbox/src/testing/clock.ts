import type { SandboxClock } from "../clock.ts";

/** A clock that stands still until a test moves it. */
export type TestClock = SandboxClock & {
  /** Moves on by `ms`, running every timer on the way at its own instant. */
  advance(ms: number): Promise<void>;
};

export function testClock(start: string): TestClock {
  let now = Date.parse(start);
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => new Date(now),
    after: (ms, run) => {
      const timer = { at: now + Math.max(ms, 0), run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((other) => other !== next);
        now = Math.max(now, next.at);
        next.run();
        // What the timer started gets to its next wait before time goes on.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      now = end;
    },
  };
}
