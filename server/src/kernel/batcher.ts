import type { Clock } from "./clock.ts";
import { type ErrorCode, Problem, problem } from "./errors.ts";
import { faultOf } from "./faults.ts";
import type { Log } from "./log.ts";
import { createPace } from "./pace.ts";

/**
 * Collects commands that arrive while the previous batch commits and hands them over together. Idle, a
 * command waits for nothing but what came with it in the same turn; busy, the batch grows by itself, for a
 * moment after the last one too. One batch is in flight at a time.
 */
export type Batcher<Command, Result> = {
  /**
   * Resolves with the command's own result. Rejects with `overloaded` before anything happened when the queue
   * is full or `isBehind`, with `stopping` after `stop`, and with what the batch failed of.
   */
  submit(command: Command): Promise<Result>;
  /** Lets what was accepted finish; further commands are refused. */
  stop(): Promise<void>;
  /**
   * Whether a command that comes now would wait longer than this behind at least one full batch. What fits
   * into the next batch is always taken: refusing it would spare nobody any time.
   */
  isBehind(waitMs: number): boolean;
  readonly gauges: {
    readonly queued: number;
    readonly batches: number;
    readonly commands: number;
    /** Refused since there was no room. */
    readonly refused: number;
    /** What all commands together waited for their batch; 0 without a clock. */
    readonly waitedMs: number;
    /** What all batches together took; 0 without a clock. */
    readonly workedMs: number;
  };
};

export type BatcherOptions<Command, Result> = {
  readonly name: string;
  /**
   * Carries out a whole batch in one repeatable transaction; results in the order of the commands. One item's
   * refusal is a result. It may run again with a part of the same commands after it threw.
   */
  readonly run: (commands: readonly Command[]) => Promise<readonly Result[]>;
  readonly log: Log;
  readonly batchMax?: number;
  readonly queueMax?: number;
  /** Times the batches, so that `isBehind` and the gauges know; without one only `queueMax` bounds. */
  readonly clock?: Clock;
  /** Refuses what would wait longer; without it only `queueMax` bounds. */
  readonly waitMsMax?: number;
};

const BATCH_MAX = 256;
const QUEUE_MAX = 4_096;
/**
 * A batch costs some 2 ms of both processors before its first command. So after one that had company the next
 * gathers for a moment, unless it is full: a command waits up to 20 ms for others, and at a thousand
 * payments a second a seventh of all work is saved (docs/adr/0006).
 */
const GATHER_MS = 20;
const COMPANY = 4;

type Waiting<Command, Result> = {
  readonly command: Command;
  readonly since: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

export function createBatcher<Command, Result>(
  options: BatcherOptions<Command, Result>,
): Batcher<Command, Result> {
  const batchMax = options.batchMax ?? BATCH_MAX;
  const queueMax = options.queueMax ?? QUEUE_MAX;
  const queue: Waiting<Command, Result>[] = [];
  const counts = { batches: 0, commands: 0, refused: 0 };
  const pace = options.clock === undefined ? null : createPace(options.clock, batchMax);
  const waitMsMax = options.waitMsMax ?? Number.POSITIVE_INFINITY;
  let working: Promise<void> | null = null;
  let stopped = false;
  let gatherUntil = 0;

  const gather = async () => {
    const { clock } = options;
    if (clock?.turn === undefined) return;
    const leftMs = Math.min(GATHER_MS, gatherUntil - clock.now().getTime());
    if (leftMs > 0 && queue.length < batchMax && !stopped) await clock.sleep(leftMs);
    // What came with the first, or while the last batch was answered, is already here: it comes along.
    else await clock.turn();
  };
  const work = async () => {
    while (queue.length > 0) {
      await gather();
      const batch = queue.splice(0, batchMax);
      counts.batches += 1;
      counts.commands += batch.length;
      pace?.began(batch);
      await carryOut(options, batch);
      pace?.ended();
      if (pace !== null && batch.length >= COMPANY) gatherUntil = pace.nowMs() + GATHER_MS;
    }
    working = null;
  };
  const isBehind = (waitMs: number) =>
    pace !== null && queue.length >= batchMax && pace.expectedWaitMs(queue.length) > waitMs;

  return {
    submit: (command) =>
      new Promise((resolve, reject) => {
        if (stopped) {
          reject(problem("stopping", { retryAfterSeconds: 2 }));
          return;
        }
        if (queue.length >= queueMax || isBehind(waitMsMax)) {
          counts.refused += 1;
          reject(problem("overloaded", { retryAfterSeconds: 1 }));
          return;
        }
        queue.push({ command, since: pace?.nowMs() ?? 0, resolve, reject });
        working ??= Promise.resolve().then(work);
      }),
    stop: async () => {
      stopped = true;
      await working;
    },
    isBehind,
    gauges: {
      get queued() {
        return queue.length;
      },
      get batches() {
        return counts.batches;
      },
      get commands() {
        return counts.commands;
      },
      get refused() {
        return counts.refused;
      },
      get waitedMs() {
        return pace?.gauges.waitedMs ?? 0;
      },
      get workedMs() {
        return pace?.gauges.workedMs ?? 0;
      },
    },
  };
}

/** These say something of the moment, not of one command: halving the batch would only repeat the trouble. */
const WHOLE_BATCH_CODES: readonly ErrorCode[] = ["overloaded", "database_unavailable", "outcome_unknown"];

async function carryOut<Command, Result>(
  options: BatcherOptions<Command, Result>,
  batch: readonly Waiting<Command, Result>[],
): Promise<void> {
  try {
    const results = await options.run(batch.map((waiting) => waiting.command));
    if (results.length !== batch.length) {
      throw new Error(`${options.name} gave ${results.length} results for ${batch.length} commands`);
    }
    batch.forEach((waiting, index) => {
      waiting.resolve(results[index] as Result);
    });
  } catch (error) {
    if (error instanceof Problem && WHOLE_BATCH_CODES.includes(error.code)) {
      for (const waiting of batch) waiting.reject(error);
    } else if (batch.length === 1) {
      options.log.error(
        { err: error, batcher: options.name, fault: faultOf(error) },
        "a command failed alone",
      );
      (batch[0] as Waiting<Command, Result>).reject(
        error instanceof Problem ? error : problem("internal_error", { cause: error }),
      );
    } else {
      // Halve until the poisoned command is alone; the others are carried out.
      const middle = batch.length >> 1;
      await carryOut(options, batch.slice(0, middle));
      await carryOut(options, batch.slice(middle));
    }
  }
}
