import type { SandboxClock } from "../../sandbox/src/index.ts";
import type { Clock } from "../../server/src/kernel/clock.ts";

/**
 * A clock that runs with the machine's and can be moved forward: what sleeps or waits for a moment that was
 * jumped over wakes at once. It serves the platform and the sandbox alike, so that both live in the same
 * time.
 */
export type MovableClock = Clock &
  SandboxClock & {
    /** Jumps `ms` milliseconds ahead. */
    advance(ms: number): void;
  };

type Waiter = { readonly at: number; readonly wake: () => void; timer: NodeJS.Timeout };

/** A clock that shows the machine's time until it is advanced. */
export function createMovableClock(): MovableClock {
  let offset = 0;
  const waiters = new Set<Waiter>();
  const now = () => Date.now() + offset;

  const arm = (waiter: Waiter) => {
    clearTimeout(waiter.timer);
    waiter.timer = setTimeout(() => settle(waiter), Math.min(Math.max(0, waiter.at - now()), 2 ** 31 - 1));
    waiter.timer.unref();
  };
  const settle = (waiter: Waiter) => {
    if (!waiters.has(waiter)) return;
    if (now() < waiter.at) {
      arm(waiter);
      return;
    }
    // Woken once: a timer that is still armed after a jump would start whatever repeats itself twice.
    clearTimeout(waiter.timer);
    waiters.delete(waiter);
    waiter.wake();
  };
  const after = (ms: number, wake: () => void) => {
    const waiter: Waiter = { at: now() + ms, wake, timer: setTimeout(() => {}, 0) };
    waiters.add(waiter);
    arm(waiter);
    return () => {
      clearTimeout(waiter.timer);
      waiters.delete(waiter);
    };
  };
  return {
    now: () => new Date(now()),
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const cancel = after(ms, resolve);
        signal?.addEventListener(
          "abort",
          () => {
            cancel();
            resolve();
          },
          { once: true },
        );
      }),
    advance: (ms) => {
      offset += ms;
      for (const waiter of [...waiters].sort((a, b) => a.at - b.at)) settle(waiter);
    },
  };
}
