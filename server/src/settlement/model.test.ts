import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DEFAULT_TERMS, type Gathered, sharesOf, type Terms, type Verdict, verdictOf } from "./model.ts";

const terms = (some: Partial<Terms> = {}): Terms => ({ ...DEFAULT_TERMS, ...some });
const gathered = (
  regular: bigint,
  some: Partial<Record<"late" | "movable" | "owed", bigint>> = {},
): Gathered => ({
  regular: { items: regular === 0n ? 0 : 1, amount: regular },
  supplementary: { items: some.late === undefined ? 0 : 1, amount: some.late ?? 0n },
  movable: some.movable ?? 1_000_000n,
  owed: some.owed ?? 0n,
});

function told(verdict: Verdict): string {
  if (verdict.settle === "nothing") return "nothing";
  if (verdict.settle === "carried") return verdict.because;
  const { regular, supplementary, merged } = verdict;
  const part = (shares: typeof regular) =>
    shares === null ? "-" : `${shares.recovered}+${shares.reserved}+${shares.available}`;
  return `${part(regular)} / ${part(supplementary)}${merged ? " merged" : ""}`;
}

const reserve = terms({ reserveRateMillionths: 100_000n, reserveDays: 30 });
const CASES: readonly [string, Gathered, Terms, string][] = [
  ["nothing due, nothing done", gathered(0n), terms(), "nothing"],
  ["all of it is available", gathered(100n), terms(), "0+0+100 / -"],
  ["a negative sum is carried", gathered(-1n), terms(), "negative"],
  ["less than the minimum is carried", gathered(99n), terms({ minimumAmount: 100n }), "below_minimum"],
  ["the minimum itself settles", gathered(100n), terms({ minimumAmount: 100n }), "0+0+100 / -"],
  ["more than pending money has is short", gathered(100n, { movable: 99n }), terms(), "short"],
  ["what is owed comes first", gathered(100n, { owed: 30n }), terms(), "30+0+70 / -"],
  ["what is owed may take all", gathered(100n, { owed: 300n }), terms(), "100+0+0 / -"],
  ["the reserve is of the whole sum", gathered(1_000n, { owed: 300n }), reserve, "300+100+600 / -"],
  ["the reserve takes what recovery leaves", gathered(1_000n, { owed: 950n }), reserve, "950+50+0 / -"],
  ["half a cent of reserve is kept", gathered(105n), reserve, "0+11+94 / -"],
  ["late items settle apart", gathered(100n, { late: 40n }), terms(), "0+0+100 / 0+0+40"],
  ["late items alone", gathered(0n, { late: 40n }), terms(), "- / 0+0+40"],
  ["debts are recovered once", gathered(100n, { late: 40n, owed: 120n }), terms(), "100+0+0 / 20+0+20"],
  ["late items cover a debt", gathered(-30n, { late: 40n }), terms(), "0+0+10 / - merged"],
  [
    "late items bring a small sum to the minimum",
    gathered(60n, { late: 40n }),
    terms({ minimumAmount: 100n }),
    "0+0+100 / - merged",
  ],
  [
    "late items below the minimum wait too",
    gathered(0n, { late: 40n }),
    terms({ minimumAmount: 100n }),
    "below_minimum",
  ],
];

describe("what comes of a merchant's items", () => {
  for (const [title, given, by, expected] of CASES) {
    test(title, () => assert.equal(told(verdictOf(given, by)), expected));
  }
});

const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });
const rate = fc.bigInt({ min: 0n, max: 1_000_000n });

test("a settlement's parts are never negative and always sum to it", () => {
  fc.assert(
    fc.property(amount, amount, rate, (sum, owed, reserveRateMillionths) => {
      const shares = sharesOf(sum, owed, terms({ reserveRateMillionths }));
      assert.ok(shares.recovered >= 0n && shares.reserved >= 0n && shares.available >= 0n);
      assert.equal(shares.recovered + shares.reserved + shares.available, sum);
      assert.ok(shares.recovered === owed || shares.recovered === sum);
      const exact = sum * reserveRateMillionths;
      const kept = shares.reserved * 1_000_000n;
      const isCapped = shares.reserved === sum - shares.recovered;
      assert.ok(isCapped || (kept - exact <= 500_000n && exact - kept < 500_000n));
    }),
  );
});

test("nothing settles beyond pending money, below the minimum, or twice", () => {
  const signed = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
  fc.assert(
    fc.property(signed, amount, amount, amount, amount, (regular, late, movable, owed, minimumAmount) => {
      const given: Gathered = {
        regular: { items: 2, amount: regular },
        supplementary: { items: late === 0n ? 0 : 1, amount: late },
        movable,
        owed,
      };
      const verdict = verdictOf(given, terms({ minimumAmount }));
      const total = regular + late;
      if (verdict.settle !== "made") {
        assert.ok(total < 0n || total < minimumAmount || total > movable);
        return;
      }
      const settled = (verdict.regular?.amount ?? 0n) + (verdict.supplementary?.amount ?? 0n);
      assert.equal(settled, total);
      assert.ok(settled >= minimumAmount && (settled === 0n || settled <= movable));
      const recovered = (verdict.regular?.recovered ?? 0n) + (verdict.supplementary?.recovered ?? 0n);
      assert.ok(recovered <= owed);
    }),
  );
});
