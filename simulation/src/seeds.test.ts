import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeedResult } from "./run.ts";
import { runSeeds } from "./seeds.ts";

const OPTIONS = { payments: 2, verify: false };

async function hashes(seeds: readonly number[], jobs: number): Promise<ReadonlyMap<number, string>> {
  const results: SeedResult[] = [];
  await runSeeds(seeds, jobs, OPTIONS, (result) => results.push(result) > 0);
  return new Map(results.sort((a, b) => a.seed - b.seed).map(({ seed, traceHash }) => [seed, traceHash]));
}

test("a seed tells the same story in whatever process it runs", async () => {
  assert.deepEqual(await hashes([12, 13], 2), await hashes([12, 13], 1));
});

test("a run ends at the result that says so", async () => {
  const seen: number[] = [];
  await runSeeds([21, 22, 23], 1, OPTIONS, ({ seed }) => {
    seen.push(seed);
    return seed < 22;
  });
  assert.deepEqual(seen, [21, 22]);
});
