import assert from "node:assert/strict";
import { test } from "node:test";
import { wrongMoves } from "./decision-checks.ts";
import type { Decision, LeftToPeople } from "./decisions.ts";

const about: LeftToPeople = {
  id: "brk_1",
  passesUs: true,
  isGross: false,
  settle: -100,
  fee: -3,
  against: null,
};
const decided = (resolution: Decision["resolution"], amount: number, more: Partial<LeftToPeople> = {}) => ({
  about: { ...about, ...more },
  resolution,
  amount,
});
const CHARGED = [
  { code: "merchant_pending", amount: 100n },
  { code: "suspense_shortage", amount: -100n },
];

test("a decision moves its whole amount once", () => {
  const charged = [decided("recover_from_merchant", 100)];
  assert.deepEqual(wrongMoves(about, charged, CHARGED), []);
  assert.equal(wrongMoves(about, charged, []).length, 1);
  const twice = CHARGED.map(({ code, amount }) => ({ code, amount: 2n * amount }));
  assert.equal(wrongMoves(about, charged, twice).length, 1);
  assert.equal(wrongMoves(about, [decided("loss", 100)], CHARGED).length, 1);
  assert.equal(wrongMoves(about, [], []).length, 1, "nobody has decided");
  assert.equal(wrongMoves(about, [decided("loss", 60)], CHARGED).length, 2, "a part, elsewhere");
});

test("money that does not pass us moves on the twins, and a fee where it is charged", () => {
  const memo = CHARGED.map(({ code, amount }) => ({ code: `memo_${code}`, amount }));
  const direct = { passesUs: false } as const;
  const charged = [decided("recover_from_merchant", 100, direct)];
  assert.deepEqual(wrongMoves({ ...about, ...direct }, charged, memo), []);
  assert.equal(wrongMoves({ ...about, ...direct }, charged, CHARGED).length, 1);
  const fee = { settle: 0, fee: 5, isGross: true } as const;
  const parts = [decided("recover_from_channel", 2, fee), decided("adjust_fee", 3, fee)];
  const moved = [
    { code: "channel_cost", amount: -2n },
    { code: "channel_cost_payable", amount: 2n },
  ];
  assert.deepEqual(wrongMoves({ ...about, ...fee }, parts, moved), []);
});
