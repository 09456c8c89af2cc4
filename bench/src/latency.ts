/**
 * Latencies in buckets of a twentieth of a millisecond below 100 ms and 1 ms above: percentiles without
 * keeping samples.
 */
import type { Percentiles } from "./commands.ts";

const FINE_PER_MS = 20;
const FINE_MS = 100;
const COARSE_MS = 60_000;

export type Latency = {
  add(ms: number): void;
  readonly count: () => number;
  /** The latency below which `share` of the samples lie, in milliseconds; 0 without samples. */
  percentile(share: number): number;
  percentiles(): Percentiles;
  /** Forgets every sample. */
  clear(): void;
};

export function createLatency(): Latency {
  const fine = new Uint32Array(FINE_MS * FINE_PER_MS);
  const coarse = new Uint32Array(COARSE_MS);
  let count = 0;
  let longest = 0;
  const percentile = (share: number) => {
    let left = Math.ceil(count * share);
    if (left === 0) return 0;
    for (const [bucket, held] of fine.entries()) {
      left -= held;
      if (left <= 0) return (bucket + 1) / FINE_PER_MS;
    }
    for (let bucket = FINE_MS; bucket <= longest; bucket += 1) {
      left -= coarse[bucket] as number;
      if (left <= 0) return bucket + 1;
    }
    return COARSE_MS;
  };
  return {
    add: (ms) => {
      count += 1;
      if (ms < FINE_MS) {
        const bucket = Math.max(0, Math.floor(ms * FINE_PER_MS));
        fine[bucket] = (fine[bucket] as number) + 1;
      } else {
        const bucket = Math.min(COARSE_MS - 1, Math.floor(ms));
        coarse[bucket] = (coarse[bucket] as number) + 1;
        longest = Math.max(longest, bucket);
      }
    },
    count: () => count,
    percentile,
    percentiles: () => ({
      count,
      p50: percentile(0.5),
      p99: percentile(0.99),
      p999: percentile(0.999),
    }),
    clear: () => {
      count = 0;
      fine.fill(0);
      coarse.fill(0, FINE_MS, longest + 1);
      longest = 0;
    },
  };
}
