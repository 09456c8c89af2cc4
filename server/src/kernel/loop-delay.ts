import type { Clock } from "./clock.ts";

/**
 * How late the process is: the time that the present turn of the event loop has taken so far. What has just
 * been read from a socket may have waited there as long, which no queue of ours knows of.
 */
export type LoopDelay = {
  /** Milliseconds; 0 before `start`. */
  ms(): number;
  /** Begins to watch, at most once. */
  start(): void;
  stop(): void;
};

/** A tick in time says that turns are short; each costs a wake-up of an idle process. */
const TICK_MS = 100;

export function createLoopDelay(clock: Clock): LoopDelay {
  const nowMs = () => clock.now().getTime();
  let expected: number | null = null;
  let cancel = () => {};
  const tick = () => {
    expected = nowMs() + TICK_MS;
    cancel = clock.after(TICK_MS, tick);
  };
  return {
    ms: () => (expected === null ? 0 : Math.max(0, nowMs() - expected)),
    start: () => {
      if (expected === null) tick();
    },
    stop: () => cancel(),
  };
}
