import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  AMOUNT_MAX,
  applyRate,
  CURRENCIES,
  divideHalfUp,
  exponentOf,
  formatDecimal,
  isCurrency,
  parseDecimal,
  RATE_ONE,
} from "./money.ts";

const currency = fc.constantFrom(...CURRENCIES);
const amount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
const rate = fc.bigInt({ min: -2n * RATE_ONE, max: 2n * RATE_ONE });

const magnitude = (n: bigint) => (n < 0n ? -n : n);

describe("decimal text", () => {
  it("keeps every amount of every currency exactly, there and back", () => {
    fc.assert(
      fc.property(amount, currency, (n, code) => {
        assert.equal(parseDecimal(formatDecimal({ amount: n, currency: code }), code), n);
      }),
    );
  });

  it("has exactly as many places as the currency", () => {
    fc.assert(
      fc.property(amount, currency, (n, code) => {
        const [, places = ""] = formatDecimal({ amount: n, currency: code }).split(".");
        assert.equal(places.length, exponentOf(code));
      }),
    );
  });

  const written: [amount: bigint, currency: string, text: string][] = [
    [0n, "CNY", "0.00"],
    [1n, "CNY", "0.01"],
    [-1n, "CNY", "-0.01"],
    [1234n, "CNY", "12.34"],
    [-123456n, "USD", "-1234.56"],
    [5n, "KWD", "0.005"],
    [1234n, "JPY", "1234"],
    [-7n, "KRW", "-7"],
    [AMOUNT_MAX, "CNY", "90071992547409.91"],
  ];
  for (const [n, code, text] of written) {
    it(`${n} minor units of ${code} are ${text}`, () => {
      assert.equal(formatDecimal({ amount: n, currency: code }), text);
      assert.equal(parseDecimal(text, code), n);
    });
  }

  const read: [text: string, currency: string, amount: bigint][] = [
    ["12", "CNY", 1200n],
    ["12.3", "CNY", 1230n],
    ["+0.10", "CNY", 10n],
    ["-0", "CNY", 0n],
    ["007.50", "CNY", 750n],
    ["1.5", "KWD", 1500n],
  ];
  for (const [text, code, n] of read) {
    it(`${text} ${code} is read as ${n} minor units`, () => {
      assert.equal(parseDecimal(text, code), n);
    });
  }

  const refused: [text: string, currency: string][] = [
    ["", "CNY"],
    [" 1", "CNY"],
    ["1 ", "CNY"],
    ["1\n", "CNY"],
    ["1.", "CNY"],
    [".5", "CNY"],
    ["1.234", "CNY"],
    ["1.000", "CNY"],
    ["1.0", "JPY"],
    ["1,000.00", "CNY"],
    ["1e3", "CNY"],
    ["0x10", "CNY"],
    ["--1", "CNY"],
    ["１２", "CNY"],
    ["NaN", "CNY"],
    ["Infinity", "CNY"],
  ];
  for (const [text, code] of refused) {
    it(`${JSON.stringify(text)} is no amount of ${code}`, () => {
      assert.equal(parseDecimal(text, code), null);
    });
  }

  it("never throws for whatever text stands in a file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), currency, (text, code) => {
        const n = parseDecimal(text, code);
        assert.ok(n === null || typeof n === "bigint");
      }),
    );
  });
});

describe("currencies", () => {
  it("are known by their capital letters alone", () => {
    assert.ok(CURRENCIES.every(isCurrency));
    assert.deepEqual(CURRENCIES, CURRENCIES.toSorted());
    for (const text of ["cny", "CNH", "", "RMB", "constructor", "__proto__", "toString"]) {
      assert.equal(isCurrency(text), false, text);
      assert.throws(() => exponentOf(text), RangeError, text);
      assert.throws(() => formatDecimal({ amount: 1n, currency: text }), RangeError, text);
      assert.throws(() => parseDecimal("1", text), RangeError, text);
    }
  });
});

describe("a rate", () => {
  it("gives the nearest minor unit, a half away from zero, compared with the exact product", () => {
    fc.assert(
      fc.property(amount, rate, (n, millionths) => {
        const rounded = applyRate(n, millionths);
        // Twice the distance to the exact rational product, in millionths of a minor unit.
        const distance = 2n * magnitude(rounded * RATE_ONE - n * millionths);
        assert.ok(distance <= RATE_ONE);
        if (distance === RATE_ONE) assert.ok(magnitude(rounded) * RATE_ONE > magnitude(n * millionths));
      }),
    );
  });

  it("rounds what is owed and what is given back alike: the sign changes nothing else", () => {
    fc.assert(
      fc.property(amount, rate, (n, millionths) => {
        assert.equal(applyRate(-n, millionths), -applyRate(n, millionths));
      }),
    );
  });

  it("takes more of more, never of less", () => {
    const positive = fc.bigInt({ min: 0n, max: AMOUNT_MAX });
    fc.assert(
      fc.property(positive, positive, fc.bigInt({ min: 0n, max: RATE_ONE }), (a, b, millionths) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        assert.ok(applyRate(less, millionths) <= applyRate(more, millionths));
        assert.ok(applyRate(more, millionths) <= more);
      }),
    );
  });

  const fees: [amount: bigint, rateMillionths: bigint, fee: bigint][] = [
    [1234n, 6_000n, 7n],
    [1250n, 6_000n, 8n],
    [83n, 6_000n, 0n],
    [84n, 6_000n, 1n],
    [-1250n, 6_000n, -8n],
    [10_000n, 0n, 0n],
    [999n, RATE_ONE, 999n],
    [AMOUNT_MAX, RATE_ONE, AMOUNT_MAX],
  ];
  for (const [n, millionths, fee] of fees) {
    it(`${millionths} millionths of ${n} are ${fee}`, () => assert.equal(applyRate(n, millionths), fee));
  }
});

describe("dividing", () => {
  const quotients: [numerator: bigint, denominator: bigint, quotient: bigint][] = [
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [-2n, 3n, -1n],
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [7n, 7n, 1n],
    [0n, 9n, 0n],
  ];
  for (const [numerator, denominator, quotient] of quotients) {
    it(`${numerator} by ${denominator} is ${quotient}`, () =>
      assert.equal(divideHalfUp(numerator, denominator), quotient));
  }

  it("is refused by zero and below", () => {
    assert.throws(() => divideHalfUp(1n, 0n), RangeError);
    assert.throws(() => divideHalfUp(1n, -1n), RangeError);
  });
});
