import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plus, SECOND } from "../../kernel/clock.ts";
import { DEFAULT_SETTINGS, type Settings } from "../model.ts";
import { AT, idOf } from "../testing/world.ts";
import { demandsOf, refusalOf, type Use } from "./model.ts";

const demands = (settings: Partial<Settings>) =>
  demandsOf(idOf(1), { ...DEFAULT_SETTINGS, ...settings }, "Asia/Shanghai", AT);
const used = (use: Partial<Use>) => ({ usedAmount: 0n, usedCount: 0n, lastUsedAt: null, ...use });

test("an account without limits has no rows", () => {
  assert.deepEqual(demands({}), []);
});

test("each period is one row, whatever it limits", () => {
  const both = demands({ dayAmountMax: 5n, dayCountMax: 2, monthCountMax: 9, coolDownSeconds: 3 });
  assert.deepEqual(
    both.map(({ period, startsOn, amountMax, countMax }) => [period, startsOn, amountMax, countMax]),
    [
      ["day", "2026-11-20", 5n, 2n],
      ["month", "2026-11-01", null, 9n],
      ["cool_down", "2000-01-01", null, null],
    ],
  );
});

describe("an order", () => {
  const [day] = demands({ dayAmountMax: 1_000n, dayCountMax: 3 });
  const [rest] = demands({ coolDownSeconds: 10 });
  if (day === undefined || rest === undefined) throw new Error("there are no demands");
  const cases: [string, typeof day, Partial<Use>, bigint, string | null][] = [
    ["that fills the amount to the last cent fits", day, { usedAmount: 900n }, 100n, null],
    ["one cent beyond it does not", day, { usedAmount: 900n }, 101n, "quota_used"],
    ["the last of the count fits", day, { usedCount: 2n }, 1n, null],
    ["one more does not", day, { usedCount: 3n }, 1n, "quota_used"],
    ["within the cool-down does not", rest, { lastUsedAt: plus(AT, -10 * SECOND + 1) }, 1n, "cooling_down"],
    ["after it fits", rest, { lastUsedAt: plus(AT, -10 * SECOND) }, 1n, null],
    ["of a number never used fits", rest, {}, 1n, null],
  ];
  for (const [title, demand, use, amount, expected] of cases) {
    test(title, () => assert.equal(refusalOf(demand, used(use), amount, AT), expected));
  }
});
