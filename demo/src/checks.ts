/** What the story expects. It stops at the first thing that is not so. */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";
import type { Terminal } from "./terminal.ts";

/** Something was not as expected; `look` says where a person finds out more. */
export class NotAsExpected extends Error {
  override readonly name = "NotAsExpected";
  readonly expected: string;
  readonly seen: string;
  readonly look: string;

  constructor(claim: string, found: { expected: unknown; seen: unknown; look: string }) {
    super(claim);
    this.expected = shown(found.expected);
    this.seen = shown(found.seen);
    this.look = found.look;
  }
}

export type Checks = {
  /** How many expectations were met so far. */
  count(): number;
  /** Throws `NotAsExpected` unless both are deeply equal. */
  equal<T>(claim: string, seen: T, expected: T, look: string): void;
  /**
   * Reads again and again until `done`, and gives what was read last. Throws `NotAsExpected` with it when the
   * patience of a slow machine is over.
   */
  until<T>(wanted: Wanted<T>): Promise<T>;
};

export type Wanted<T> = {
  /** In the present tense: "the payment has succeeded". */
  readonly claim: string;
  readonly read: () => Promise<T>;
  readonly done: (seen: T) => boolean;
  readonly look: string;
};

const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 40;
const PAUSE_MAX_MS = 400;

export function createChecks(terminal: Terminal): Checks {
  let count = 0;
  return {
    count: () => count,
    equal: (claim, seen, expected, look) => {
      if (!isDeepStrictEqual(seen, expected)) throw new NotAsExpected(claim, { expected, seen, look });
      count += 1;
    },
    until: async <T>({ claim, read, done, look }: Wanted<T>) => {
      const stop = terminal.wait(`until ${claim} …`);
      const giveUpAt = performance.now() + PATIENCE_MS;
      try {
        for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, PAUSE_MAX_MS)) {
          const seen = await read();
          if (done(seen)) {
            count += 1;
            return seen;
          }
          if (performance.now() > giveUpAt) {
            const expected = `that within ${PATIENCE_MS / 1_000} s`;
            throw new NotAsExpected(claim, { expected, seen, look });
          }
          await sleep(pauseMs);
        }
      } finally {
        stop();
      }
    },
  };
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : inspect(value, { depth: 6, breakLength: 90, compact: 3 });
}
