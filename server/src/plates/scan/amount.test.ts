import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatDecimal } from "../../kernel/money.ts";
import { readAmount, shownAmount } from "./amount.ts";

const bounds = { min: 2n, max: 50_000n };

describe("an amount that a buyer types", () => {
  const cases: readonly [typed: string, currency: string, read: bigint | string][] = [
    ["12.5", "CNY", 1_250n],
    ["12", "CNY", 1_200n],
    ["12.", "CNY", 1_200n],
    [".5", "CNY", 50n],
    ["12,50", "CNY", 1_250n],
    ["１２．５", "CNY", 1_250n],
    ["12。5", "CNY", 1_250n],
    [" ¥ 12.50 ", "CNY", 1_250n],
    ["500", "CNY", 50_000n],
    ["0012", "CNY", 1_200n],
    ["1200", "JPY", 1_200n],
    ["1.234", "KWD", 1_234n],
    ["", "CNY", "empty"],
    ["   ", "CNY", "empty"],
    [".", "CNY", "not_a_number"],
    ["abc", "CNY", "not_a_number"],
    ["1 2", "CNY", "not_a_number"],
    ["-5", "CNY", "not_a_number"],
    ["+5", "CNY", "not_a_number"],
    ["1e3", "CNY", "not_a_number"],
    ["1.2.3", "CNY", "not_a_number"],
    ["1,234.50", "CNY", "not_a_number"],
    ["0x10", "CNY", "not_a_number"],
    ["9999999999999", "CNY", "not_a_number"],
    ["1.234", "CNY", "too_many_decimals"],
    ["1,234", "CNY", "too_many_decimals"],
    ["1.5", "JPY", "too_many_decimals"],
    ["0", "CNY", "too_small"],
    ["0.01", "CNY", "too_small"],
    ["500.01", "CNY", "too_large"],
  ];
  for (const [typed, currency, expected] of cases) {
    it(`${JSON.stringify(typed)} in ${currency} is ${expected}`, () => {
      const read = readAmount(typed, currency, bounds);
      assert.equal("fault" in read ? read.fault : read.amount, expected);
    });
  }

  it("nothing is nothing, even where the contract would take it", () => {
    assert.deepEqual(readAmount("0", "CNY", { min: 0n, max: 5n }), { fault: "too_small" });
  });

  it("reads as it is written", () => {
    const wide = { min: 1n, max: 99_999_999_999n };
    fc.assert(
      fc.property(fc.bigInt(wide), fc.constantFrom("CNY", "JPY", "KWD"), (amount, currency) => {
        assert.deepEqual(readAmount(formatDecimal({ amount, currency }), currency, wide), { amount });
      }),
    );
  });
});

describe("an amount that a buyer reads", () => {
  it("has its sign, its thousands and its decimals", () => {
    assert.deepEqual(
      [shownAmount(123_456_789n, "CNY"), shownAmount(1_200n, "JPY"), shownAmount(5n, "KWD")],
      ["¥1,234,567.89", "JPY 1,200", "KWD 0.005"],
    );
  });
});
