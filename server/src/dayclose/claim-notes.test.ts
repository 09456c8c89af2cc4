import assert from "node:assert/strict";
import { test } from "node:test";
import { claimNotes } from "./claim-notes.ts";

const ZONE = "Asia/Shanghai";

test("the report says how many claims are filed in each currency, and since which business day", () => {
  // Half past midnight of the 21st here.
  const oldestFiledAt = new Date("2026-11-20T16:30:00Z");
  const filed = [
    { currency: "CNY", count: 2, amount: 16_000n, oldestFiledAt },
    { currency: "JPY", count: 1, amount: 500n, oldestFiledAt },
  ] as const;
  assert.deepEqual(claimNotes({ filed, excess: [] }, ZONE), [
    "2 claims on channels are filed and not answered: 160.00 CNY in all, the oldest since 2026-11-21.",
    "1 claim on a channel is filed and not answered: 500 JPY, since 2026-11-21.",
  ]);
  assert.deepEqual(claimNotes({ filed: [], excess: [] }, ZONE), []);
});

test("what channels have paid beyond what is left of their breaks does not vanish from the report", () => {
  const excess = [
    { currency: "CNY", count: 1, amount: 3_000n },
    { currency: "JPY", count: 2, amount: 7n },
  ] as const;
  assert.deepEqual(claimNotes({ filed: [], excess }, ZONE), [
    "Upon a claim channels have paid 30.00 CNY beyond what is left of the breaks: correct what was paid.",
    "Upon 2 claims channels have paid 7 JPY beyond what is left of the breaks: correct what was paid.",
  ]);
});
