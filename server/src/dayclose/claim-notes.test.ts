import assert from "node:assert/strict";
import { test } from "node:test";
import { claimNotes } from "./claim-notes.ts";

test("the report says how many claims are open in each currency, for how much, and since when", () => {
  const oldestFiledAt = new Date("2026-11-20T04:00:00Z");
  const open = [
    { currency: "CNY", count: 2, amount: 16_000n, oldestFiledAt },
    { currency: "JPY", count: 1, amount: 500n, oldestFiledAt },
  ] as const;
  assert.deepEqual(claimNotes(open), [
    "2 claims on channels are open: 160.00 CNY in all, the oldest filed on 2026-11-20.",
    "1 claim on a channel is open: 500 JPY, filed on 2026-11-20.",
  ]);
  assert.deepEqual(claimNotes([]), []);
});
