import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { REFUND_POLICIES, type RefundPolicy } from "./model.ts";
import { returnedNow } from "./returns.ts";
import { divideAmong, partnersLeft, partnersPart } from "./shares.ts";

const amounts = fc.bigInt({ min: 0n, max: 10n ** 12n });
const parties = fc
  .uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1 })
  .chain((names) =>
    fc
      .array(fc.bigInt({ min: 1n, max: 166_666n }), { minLength: names.length, maxLength: names.length })
      .map((rates) => names.map((party, index) => ({ party, rateMillionths: rates[index] ?? 1n }))),
  );

describe("partners' shares of a fee", () => {
  const cases: [amount: bigint, shares: Record<string, bigint>, parts: Record<string, bigint>][] = [
    [10n, { b: 1n, a: 1n, c: 1n }, { a: 4n, b: 3n, c: 3n }],
    [11n, { b: 1n, a: 1n, c: 1n }, { a: 4n, b: 4n, c: 3n }],
    [1n, { b: 300_000n, a: 300_000n }, { a: 1n, b: 0n }],
    [7n, { a: 1n, b: 2n }, { a: 2n, b: 5n }],
    [0n, { a: 1n, b: 2n }, { a: 0n, b: 0n }],
  ];
  for (const [amount, shares, parts] of cases) {
    const names = Object.keys(shares).join(", ");
    it(`${amount} among ${names}: the largest remainder first, ties by party`, () => {
      const given = Object.entries(shares).map(([party, rateMillionths]) => ({ party, rateMillionths }));
      const divided = divideAmong(amount, given).map(({ party, amount: part }) => [party, part]);
      assert.deepEqual(Object.fromEntries(divided), parts);
    });
  }

  it("add up exactly, each within one unit of its part, in whatever order the parties are given", () => {
    fc.assert(
      fc.property(amounts, parties, (amount, shares) => {
        const whole = shares.reduce((sum, { rateMillionths }) => sum + rateMillionths, 0n);
        const divided = divideAmong(amount, shares);
        assert.equal(
          divided.reduce((sum, part) => sum + part.amount, 0n),
          amount,
        );
        for (const { party, amount: part } of divided) {
          const rate = shares.find((share) => share.party === party)?.rateMillionths ?? 0n;
          const offBy = part * whole - amount * rate;
          assert.ok(offBy > -whole && offBy < whole);
        }
        assert.deepEqual(divideAmong(amount, shares.toReversed()), divided);
      }),
    );
  });

  it("are never more than the fee, and all of them go back with all of it", () => {
    fc.assert(
      fc.property(amounts, parties, amounts, (kept, shares, returned) => {
        const fee = kept + returned;
        const partners = partnersPart(fee, shares);
        assert.ok(partners >= 0n && partners <= fee);
        const left = partnersLeft(partners, fee, returned);
        assert.ok(left >= 0n && left <= partners && left <= kept + 1n);
        assert.equal(partnersLeft(partners, fee, 0n), partners);
        if (fee > 0n) assert.equal(partnersLeft(partners, fee, fee), 0n);
      }),
    );
  });
});

describe("what refunds give back", () => {
  const run = (policy: RefundPolicy, fee: bigint, settled: bigint, parts: readonly bigint[]) => {
    let [refundedBefore, soFar] = [0n, 0n];
    return parts.map((refunded) => {
      const back = returnedNow(policy, fee, { settled, refundedBefore, refunded }, soFar);
      refundedBefore += refunded;
      soFar += back;
      return back;
    });
  };
  const cases: [policy: RefundPolicy, parts: bigint[], back: bigint[]][] = [
    ["kept", [333n, 667n], [0n, 0n]],
    ["returned", [333n, 333n, 334n], [0n, 0n, 8n]],
    ["returned", [1000n], [8n]],
    // 2.664 and 2.672 are each 3: the third finds 2 left.
    ["pro_rata", [333n, 333n, 334n], [3n, 3n, 2n]],
    // 0.4 is nothing each time: rounded by itself, it never comes back.
    ["pro_rata", [50n, 50n, 50n], [0n, 0n, 0n]],
    ["cumulative", [50n, 50n, 50n], [0n, 1n, 0n]],
    ["cumulative", [333n, 333n, 334n], [3n, 2n, 3n]],
  ];
  for (const [policy, parts, back] of cases) {
    it(`${policy}: of a fee of 8 on 1000, with ${parts.join(" + ")}, ${back.join(" + ")}`, () => {
      assert.deepEqual(run(policy, 8n, 1000n, parts), back);
    });
  }

  it("adds up to what the policy says once all is refunded, and to no more than was taken before", () => {
    const refunds = fc.array(fc.bigInt({ min: 0n, max: 10n ** 6n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        refunds,
        fc.bigInt({ min: 0n, max: 10n ** 7n }),
        fc.constantFrom(...REFUND_POLICIES),
        (parts, fee, policy) => {
          const settled = parts.reduce((sum, part) => sum + part, 0n);
          fc.pre(settled > 0n);
          const backs = run(policy, fee, settled, parts);
          let sum = 0n;
          for (const back of backs) {
            assert.ok(back >= 0n);
            sum += back;
            assert.ok(sum <= fee);
          }
          if (policy === "kept") assert.equal(sum, 0n);
          if (policy === "returned" || policy === "cumulative") assert.equal(sum, fee);
          if (policy === "pro_rata") {
            // Each part is rounded by at most half a unit.
            const short = fee - sum;
            assert.ok(short >= 0n && 2n * short <= BigInt(parts.length));
          }
        },
      ),
    );
  });

  it("stays within the whole where a channel's own figures for the parts make more", () => {
    for (const policy of REFUND_POLICIES) {
      const sum = run(policy, 8n, 1000n, [700n, 700n]).reduce((total, back) => total + back, 0n);
      assert.ok(sum <= 8n);
    }
  });
});
