import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeedResult } from "./run.ts";
import { runSeeds } from "./seeds.ts";

const OPTIONS = { payments: 2, verify: false };

/** The traces of seeds run so, up to the one that ends the run. */
async function hashes(seeds: readonly number[], jobs: number, last: number) {
  const results: SeedResult[] = [];
  await runSeeds(seeds, jobs, OPTIONS, (result) => {
    results.push(result);
    return result.seed !== last;
  });
  return results.sort((a, b) => a.seed - b.seed).map(({ seed, traceHash }) => [seed, traceHash]);
}

test("a seed tells one story in whatever process, and a run ends at the result that says so", async () => {
  const here = await hashes([12, 13, 14], 1, 13);
  assert.deepEqual(
    here.map(([seed]) => seed),
    [12, 13],
  );
  assert.deepEqual(await hashes([12, 13], 2, 14), here);
});
