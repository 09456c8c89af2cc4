import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { contextOf, createConditions } from "./expression.ts";
import { anOrder } from "./testing/world.ts";

const conditions = createConditions();

describe("a condition that can be saved", () => {
  const holds: [string, boolean][] = [
    ["amount >= 1000", true],
    ["amount > 1000", false],
    ['currency == "CNY" && method in ["alipay.qr", "alipay.page"]', true],
    ['merchant == "mch_x" && store == "" && terminal == "" && device == ""', true],
    ["has(metadata.vip)", false],
    ['"vip" in metadata ? metadata.vip == "yes" : true', true],
    ["hour == 10 && weekday == 5", true],
    ['store.startsWith("S") || metadata.size() == 0', true],
  ];
  for (const [text, expected] of holds) {
    test(`${text}: ${expected}`, () => {
      const checked = conditions.check(text);
      assert.ok(checked.ok, JSON.stringify(checked));
      assert.equal(checked.condition(contextOf(anOrder(), "mch_x")), expected);
    });
  }
});

describe("a condition that is refused", () => {
  const faults: [string, number, RegExp][] = [
    ["amount >", 9, /Unexpected token/],
    ["amount > 1 && prize < 2", 15, /Unknown variable: prize; there are amount, currency/],
    ['amount + currency == "x"', 1, /no such overload/],
    ["metadata.vip == 3", 1, /no such overload/],
    ["amount", 1, /of type int: write a comparison/],
    ['true && store.matches("(a+)+$")', 9, /matches is not allowed/],
    ['[store].exists(x, x.matches("a"))', 19, /matches is not allowed/],
    [`true${" || true".repeat(400)}`, 0, /maxAstNodes/],
  ];
  for (const [text, position, detail] of faults) {
    test(`${text.slice(0, 40)}: names the place and the remedy`, () => {
      const checked = conditions.check(text);
      assert.ok(!checked.ok);
      assert.match(checked.detail, detail);
      if (position > 0) assert.equal(checked.position, position);
      assert.ok(checked.position >= 1 && checked.position <= text.length + 1);
    });
  }
});

test("midnight of Monday is Monday's in Beijing, and Sunday is the seventh day", () => {
  const at = (instant: string) => contextOf(anOrder({ at: new Date(instant) }), "mch_x");
  const monday = at("2026-11-22T16:00:00Z");
  assert.deepEqual([monday.hour, monday.weekday], [0n, 1n]);
  const sunday = at("2026-11-22T15:59:59Z");
  assert.deepEqual([sunday.hour, sunday.weekday], [23n, 7n]);
});
