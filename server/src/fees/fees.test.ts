import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { feeOf, returnedSoFar } from "./index.ts";

const amounts = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
const rates = fc.bigInt({ min: 0n, max: 1_000_000n });

describe("a fee", () => {
  const cases: [amount: bigint, rate: bigint, fee: bigint][] = [
    [10_000n, 6_000n, 60n],
    // Half a cent goes up; less than half goes down.
    [250n, 6_000n, 2n],
    [249n, 6_000n, 1n],
    [1n, 500_000n, 1n],
    [1n, 499_999n, 0n],
    [0n, 6_000n, 0n],
    [5n, 0n, 0n],
    [5n, 1_000_000n, 5n],
    [5n, 9_000_000n, 5n],
  ];
  for (const [amount, rate, fee] of cases) {
    it(`of ${amount} at ${rate} millionths is ${fee}`, () => assert.equal(feeOf(amount, rate), fee));
  }

  it("is never below zero or above the amount, and within half a unit of the exact one", () => {
    fc.assert(
      fc.property(amounts, rates, (amount, rate) => {
        const fee = feeOf(amount, rate);
        assert.ok(fee >= 0n && fee <= amount);
        const offBy = fee * 1_000_000n - amount * rate;
        assert.ok(offBy > -500_000n && offBy <= 500_000n);
      }),
    );
  });

  it("grows with the amount", () => {
    fc.assert(
      fc.property(amounts, amounts, rates, (a, b, rate) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        assert.ok(feeOf(less, rate) <= feeOf(more, rate));
      }),
    );
  });

  it("refuses a negative amount or rate", () => {
    assert.throws(() => feeOf(-1n, 1n), RangeError);
    assert.throws(() => feeOf(1n, -1n), RangeError);
  });
});

describe("what a refund returns", () => {
  it("in any parts adds up to the whole once all is refunded, and never runs ahead of it", () => {
    const parts = fc.array(fc.bigInt({ min: 0n, max: 1_000_000n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(parts, rates, (refunds, rate) => {
        const settled = refunds.reduce((sum, part) => sum + part, 0n);
        const fee = feeOf(settled, rate);
        let refunded = 0n;
        let returned = 0n;
        for (const part of refunds) {
          refunded += part;
          const soFar = returnedSoFar(fee, refunded, settled);
          assert.ok(soFar >= returned && soFar <= fee);
          returned = soFar;
        }
        assert.equal(returned, fee);
      }),
    );
  });

  it("is nothing before any refund, and nothing where nothing settled", () => {
    assert.equal(returnedSoFar(60n, 0n, 10_000n), 0n);
    assert.equal(returnedSoFar(0n, 0n, 0n), 0n);
    assert.equal(returnedSoFar(7n, 1n, 2n), 4n);
  });

  it("refuses to return more than was taken", () => {
    assert.throws(() => returnedSoFar(60n, 10_001n, 10_000n), RangeError);
  });
});
