import assert from "node:assert/strict";
import { test } from "node:test";
import { createCallCounts, TOOK_MS_BOUNDS } from "./counts.ts";

test("calls are counted by how they ended and how long they took", () => {
  const counts = createCallCounts();
  const note = (end: "answered" | "unknown", tookMs: number) =>
    counts.note("a", {
      end,
      exchange: {
        operation: "pay",
        startedAt: new Date(0),
        tookMs,
        channelCode: null,
        request: "",
        response: null,
      },
    });
  for (const tookMs of [0, 100, 101, 5_000]) note("answered", tookMs);
  note("unknown", 10_000);
  counts.noteBudgetSpent("a", "buyer");
  counts.noteBudgetSpent("b", "sweep");
  assert.deepEqual(counts.accounts.get("a"), {
    ends: { answered: 4, refused: 0, not_sent: 0, unknown: 1 },
    tookMs: 15_201,
    within: TOOK_MS_BOUNDS.map((bound) => ({ 100: 2, 5000: 4 })[bound as number] ?? 3),
    budgetSpent: { buyer: 1, background: 0, sweep: 0 },
  });
  assert.deepEqual(counts.accounts.get("b")?.budgetSpent, { buyer: 0, background: 0, sweep: 1 });
});
