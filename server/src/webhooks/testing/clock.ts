import { type Clock, systemClock } from "../../kernel/clock.ts";

/** A clock that stands still until it is moved. */
export type TestClock = Clock & {
  /** Moves time and calls every timer that is due on the way, in order. */
  advance(ms: number): void;
};

export function testClock(start: string): TestClock {
  let now = Date.parse(start);
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const after = (ms: number, run: () => void) => {
    const timer = { at: now + ms, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now: () => new Date(now),
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const cancel = after(ms, resolve);
        signal?.addEventListener("abort", () => {
          cancel();
          resolve();
        });
      }),
    advance: (ms) => {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
  };
}

/** Waits, in real time, until something has come about; fails after 10 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await holds()) return;
    await systemClock.sleep(10);
  }
  throw new Error(`waited in vain until ${what}`);
}
