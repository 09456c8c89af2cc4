/** Seconds of a run by what happened in them: medians, so that the second of a change weighs little. */
import type { Second } from "../run.ts";
import { type Figures, round } from "../summary.ts";

export type Block = {
  readonly name: string;
  /** From its first second (0 is the run's) up to the next block's. */
  readonly from: number;
  readonly to: number;
};

export function blocksOf(blocks: readonly Block[], seconds: readonly Second[]): Figures {
  return Object.fromEntries(blocks.map(({ name, from, to }) => [name, blockOf(seconds.slice(from, to))]));
}

function blockOf(seconds: readonly Second[]): Figures {
  const of = (value: (second: Second) => number) => round(median(seconds.map(value)), 2);
  return {
    seconds: seconds.length,
    arrived_per_second: of(({ started }) => started),
    accepted_per_second: of(({ created }) => created),
    shed_per_second: of(({ shed }) => shed),
    reported_per_second: of(({ reported }) => reported),
    completed_per_second: of(({ completed }) => completed),
    create_p50_ms: of(({ create }) => create.p50),
    create_p99_ms: of(({ create }) => create.p99),
    create_p99_max_ms: round(Math.max(0, ...seconds.map(({ create }) => create.p99)), 2),
    complete_p50_ms: of(({ complete }) => complete.p50),
    complete_p99_ms: of(({ complete }) => complete.p99),
  };
}

/** The middle one; the mean of both where there are two, 0 where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Every second in few figures, for a chart. */
export function secondsOf(seconds: readonly Second[]): Figures[] {
  return seconds.map(({ started, created, shed, completed, create }, index) => ({
    second: index + 1,
    arrived: started,
    accepted: created,
    shed,
    completed,
    create_p50_ms: create.p50,
    create_p99_ms: create.p99,
  }));
}
