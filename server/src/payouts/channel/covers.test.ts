import assert from "node:assert/strict";
import { test } from "node:test";
import { coveredThrough, type MoneyDay } from "./covers.ts";

const day = (date: string, millionths: bigint, availableOn: string | null = null): MoneyDay => ({
  date,
  millionths,
  availableOn,
});
const DAYS = [day("2026-11-19", 300n), day("2026-11-18", 200n), day("2026-11-16", 500n)];
const through = (left: bigint | "unavailable" | null, days: readonly MoneyDay[] = DAYS, isAll = false) =>
  coveredThrough({ left, isAll }, "2026-11-20", days);

test("a payout that leaves nothing of earlier days pays them all, or its own too", () => {
  assert.equal(through(0n), "2026-11-19");
  assert.equal(through(-5n), "2026-11-19");
  assert.equal(through(0n, DAYS, true), "2026-11-20");
});

test("what is left is of the latest days", () => {
  assert.equal(through(1n), "2026-11-18");
  assert.equal(through(300n), "2026-11-18");
  assert.equal(through(301n), "2026-11-17");
  assert.equal(through(1_000n), "2026-11-15");
  assert.equal(through(1_001n), null);
  assert.equal(through(1n, []), null);
});

test("Stripe pays what is available: the days before the first that is not", () => {
  const days = [
    day("2026-11-19", 1n, "2026-11-23"),
    day("2026-11-18", 1n, "2026-11-20"),
    day("2026-11-17", 1n, "2026-11-19"),
  ];
  assert.equal(through("unavailable", days), "2026-11-18");
  assert.equal(through("unavailable", [...days.slice(0, 2), day("2026-11-17", 1n)]), null);
  assert.equal(through("unavailable", []), null);
  assert.equal(through(null), null);
});
