/**
 * Latencies in buckets of a twentieth of a millisecond below 100 ms and 1 ms above: percentiles without
 * keeping samples.
 */
const FINE_PER_MS = 20;
const FINE_MS = 100;
const COARSE_MS = 60_000;

export type Latency = {
  add(ms: number): void;
  readonly count: () => number;
  /** The latency below which `share` of the samples lie, in milliseconds; 0 without samples. */
  percentile(share: number): number;
};

export function createLatency(): Latency {
  const fine = new Uint32Array(FINE_MS * FINE_PER_MS);
  const coarse = new Uint32Array(COARSE_MS);
  let count = 0;
  return {
    add: (ms) => {
      count += 1;
      if (ms < FINE_MS) {
        const bucket = Math.max(0, Math.floor(ms * FINE_PER_MS));
        fine[bucket] = (fine[bucket] as number) + 1;
      } else {
        const bucket = Math.min(COARSE_MS - 1, Math.floor(ms));
        coarse[bucket] = (coarse[bucket] as number) + 1;
      }
    },
    count: () => count,
    percentile: (share) => {
      let left = Math.ceil(count * share);
      if (left === 0) return 0;
      for (const [bucket, held] of fine.entries()) {
        left -= held;
        if (left <= 0) return (bucket + 1) / FINE_PER_MS;
      }
      for (const [bucket, held] of coarse.entries()) {
        left -= held;
        if (left <= 0) return bucket + 1;
      }
      return COARSE_MS;
    },
  };
}
