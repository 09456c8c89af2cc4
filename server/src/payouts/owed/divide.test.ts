import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Share } from "../../fees/index.ts";
import { divideEntries, NOBODY, type PartnerEntry } from "./divide.ts";
import { drawFrom } from "./draw.ts";

const SHARES: readonly Share[] = [
  { party: "agent", rateMillionths: 100_000n },
  { party: "bank", rateMillionths: 100_000n },
  { party: "provider", rateMillionths: 50_000n },
];
const ATTEMPT = "00000000-0000-7000-8000-00000000000a";

function entry(amount: bigint, changes: Partial<PartnerEntry> = {}): PartnerEntry {
  const isSuccess = amount >= 0n;
  const own = { seq: 1n, isPayouts: false, attemptId: ATTEMPT, partnerAmount: 100n, isSuccess };
  return { amount, ...own, ...changes };
}

const duesOf = (entries: readonly PartnerEntry[], left = new Map<string, bigint>()) =>
  divideEntries(entries, () => SHARES, left);

test("what is divided adds up to the entries, and all that goes back leaves nobody a cent", () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10_000n), fc.array(fc.nat(100), { maxLength: 6 }), (earned, parts) => {
      const entries = [entry(earned, { partnerAmount: earned })];
      let left = earned;
      for (const part of parts) {
        const back = (left * BigInt(part)) / 100n;
        left -= back;
        entries.push(entry(-back, { partnerAmount: earned, isSuccess: false }));
      }
      const sum = [...duesOf(entries).dues.values()].reduce((total, amount) => total + amount, 0n);
      assert.equal(sum, left);
      entries.push(entry(-left, { partnerAmount: earned, isSuccess: false }));
      assert.deepEqual(new Set(duesOf(entries).dues.values()), new Set([0n]));
    }),
  );
});

test("entries are divided the same in one step and in many", () => {
  const entries = [-7n, -21n, -1n, -33n].map((amount) => entry(amount));
  const whole = duesOf([entry(100n), ...entries]).dues;
  const sum = new Map(duesOf([entry(100n)]).dues);
  let left = new Map<string, bigint>();
  for (const one of entries) {
    const step = duesOf([one], left);
    left = new Map(step.left);
    for (const [party, amount] of step.dues) sum.set(party, (sum.get(party) ?? 0n) + amount);
  }
  assert.deepEqual(sum, whole);
});

test("a correction that is of no payment is nobody's, and payouts are not earned", () => {
  const { dues } = duesOf([entry(5n, { attemptId: null }), entry(-9n, { isPayouts: true })]);
  assert.deepEqual(dues, new Map([[NOBODY, 5n]]));
});

test("what one book has paid too much another keeps back, and the largest books come first", () => {
  const owed = [
    { merchantId: "a", amount: 40n },
    { merchantId: "b", amount: -30n },
    { merchantId: "c", amount: 60n },
  ];
  const all = [
    { merchantId: "c", amount: 60n },
    { merchantId: "a", amount: 10n },
  ];
  assert.deepEqual(drawFrom(owed, null), { sources: all, amount: 70n });
  assert.deepEqual(drawFrom(owed, 50n), { sources: [{ merchantId: "c", amount: 50n }], amount: 50n });
  assert.deepEqual(drawFrom(owed, 71n), { short: true, payable: 70n });
  assert.deepEqual(drawFrom([{ merchantId: "b", amount: -30n }], null), { short: true, payable: 0n });
  const many = Array.from({ length: 101 }, (_, at) => ({ merchantId: `${at}`, amount: 2n }));
  const drawn = drawFrom(many, null);
  assert.deepEqual(
    ["short" in drawn ? 0 : drawn.sources.length, "short" in drawn || drawn.amount],
    [100, 200n],
  );
});
