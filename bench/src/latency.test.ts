import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLatency } from "./latency.ts";

const BUCKET_MS = 1 / 20;

test("a percentile is that of the samples, up to the width of a bucket", () => {
  const samples = fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(samples, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 0.999, 1), (all, share) => {
      const latency = createLatency();
      for (const ms of all) latency.add(ms);
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(all.length * share) - 1] as number;
      const width = exact < 100 ? BUCKET_MS : 1;
      const told = latency.percentile(share);
      assert.ok(told >= exact - 1e-9 && told <= exact + width + 1e-9, `${told} for ${exact}`);
    }),
  );
});

test("without samples every percentile is zero, also after they were forgotten", () => {
  const latency = createLatency();
  latency.add(3);
  latency.add(70_000);
  assert.deepEqual(latency.percentiles(), { count: 2, p50: 3.05, p99: 60_000, p999: 60_000 });
  latency.clear();
  assert.deepEqual(latency.percentiles(), { count: 0, p50: 0, p99: 0, p999: 0 });
  latency.add(1);
  assert.equal(latency.percentile(1), 1.05);
});
