import assert from "node:assert/strict";
import { test } from "node:test";
import { ownMoneyOf } from "./own-money.ts";

const cases = [
  ["there then and now", 100n, 100n, 0n, 100n, 0n],
  ["more came since the close, which proves nothing yet", 150n, 100n, 0n, 100n, 0n],
  ["some went since", 30n, 100n, 0n, 30n, 0n],
  ["missing", -40n, -40n, 0n, 0n, 40n],
  ["missing at the close and paid in since: not to be paid twice", 0n, -40n, 0n, 0n, 0n],
  ["missing since the close alone", -5n, 10n, 0n, 0n, 5n],
  ["some of it stands for settlements of the same day", 100n, 100n, 70n, 30n, 0n],
  ["it stands for more than there is left", 50n, 100n, 70n, 0n, 0n],
] as const;

for (const [title, ownMoneyInside, atClose, advanced, sweepable, missing] of cases) {
  test(`own money: ${title}`, () => {
    const by = { atClose: new Map([["CNY", atClose]]), advanced: new Map([["CNY", advanced]]) };
    const told = ownMoneyOf({ currency: "CNY", ownMoneyInside }, by);
    assert.deepEqual([told.sweepable, told.missing, told.advanced], [sweepable, missing, advanced]);
  });
}
