import assert from "node:assert/strict";
import { test } from "node:test";
import { type CostMonth, daysOf, owedOf, splitOf } from "./model.ts";

const month = (charged: bigint, gap: bigint, paidOfCharged = 0n, paidOfGap = 0n): CostMonth => ({
  channelAccountId: "a",
  merchantId: "m",
  currency: "CNY",
  charged,
  gap,
  paidOfCharged,
  paidOfGap,
});

test("a month is paid from the merchant's book first, then its minimum, and never more than is owed", () => {
  const open = month(60n, 40n, 10n);
  assert.equal(owedOf(open), 90n);
  assert.deepEqual(splitOf(open, 50n), { merchantAmount: 50n, minimumAmount: 0n });
  assert.deepEqual(splitOf(open, 90n), { merchantAmount: 50n, minimumAmount: 40n });
  assert.equal(splitOf(open, 91n), null);
  assert.equal(splitOf(open, 0n), null);
  assert.equal(splitOf(month(60n, 0n, 60n), 1n), null);
});

test("where more of the costs came back than there were, the minimum is owed less that", () => {
  const back = month(-5n, 105n);
  assert.equal(owedOf(back), 100n);
  assert.deepEqual(splitOf(back, 100n), { merchantAmount: 0n, minimumAmount: 100n });
  assert.equal(splitOf(back, 101n), null);
});

test("a month ends on its last day", () => {
  assert.deepEqual(daysOf("2028-02"), { first: "2028-02-01", last: "2028-02-29" });
  assert.deepEqual(daysOf("2026-12"), { first: "2026-12-01", last: "2026-12-31" });
  for (const text of ["2026-13", "2026-1", "2026-00", "26-10", "0000-01"]) assert.equal(daysOf(text), null);
});
