/**
 * The platform's batcher with batches of one: each command runs alone, and as many at once as there are
 * connections to run them on. It keeps the batcher's interface; the comparison alone uses it.
 */
import type { Batcher, BatcherOptions } from "../../../server/src/kernel/batcher.ts";
import { problem } from "../../../server/src/kernel/errors.ts";

/** Of the cell's writing connections, so that other work finds one too. */
const AT_ONCE = 8;
const QUEUE_MAX = 4_096;

type Waiting<Command, Result> = {
  readonly command: Command;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

export function createBatcher<Command, Result>({
  run,
  queueMax = QUEUE_MAX,
}: BatcherOptions<Command, Result>): Batcher<Command, Result> {
  const queue: Waiting<Command, Result>[] = [];
  const counts = { batches: 0, commands: 0 };
  let running = 0;
  let stopped = false;
  const ended = Promise.withResolvers<void>();

  const work = async () => {
    running += 1;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      counts.batches += 1;
      counts.commands += 1;
      const { command, resolve, reject } = next;
      await run([command]).then(([result]) => resolve(result as Result), reject);
    }
    running -= 1;
    if (stopped && running === 0) ended.resolve();
  };
  return {
    submit: (command) =>
      new Promise((resolve, reject) => {
        if (stopped) return reject(problem("stopping", { retryAfterSeconds: 2 }));
        if (queue.length >= queueMax) return reject(problem("overloaded", { retryAfterSeconds: 1 }));
        queue.push({ command, resolve, reject });
        if (running < AT_ONCE) void work();
      }),
    stop: async () => {
      stopped = true;
      if (running > 0) await ended.promise;
    },
    isBehind: () => false,
    gauges: {
      refused: 0,
      waitedMs: 0,
      workedMs: 0,
      get queued() {
        return queue.length;
      },
      get batches() {
        return counts.batches;
      },
      get commands() {
        return counts.commands;
      },
    },
  };
}
