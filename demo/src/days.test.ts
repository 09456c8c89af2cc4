import assert from "node:assert/strict";
import { test } from "node:test";
import { clearingDayEndsSoon } from "./days.ts";

const cases: readonly (readonly [string, boolean])[] = [
  ["00:00:00", false],
  ["22:53:59", false],
  ["22:54:00", true],
  ["22:59:59", true],
  ["23:00:00", false],
  ["23:59:59", false],
];

for (const [time, soon] of cases) {
  test(`at ${time} in Beijing a void at UnionPay ${soon ? "may come too late" : "comes in time"}`, () => {
    assert.equal(clearingDayEndsSoon(new Date(`2026-11-20T${time}+08:00`)), soon);
  });
}
