import assert from "node:assert/strict";
import { test } from "node:test";
import { type Announced, matchEntry } from "./match.ts";

const alipay = "支付宝（中国）网络技术有限公司";
let count = 0;
const announced = (amount: bigint, more: Partial<Announced> = {}): Announced => {
  count += 1;
  return {
    id: `${count}`,
    payoutNo: `W${count}`,
    amount,
    announcedDate: "2026-11-20",
    payer: alipay,
    ...more,
  };
};
const entry = (amount: bigint, more: object = {}) => ({
  amount,
  valueDate: "2026-11-21",
  counterpartyName: "支付宝(中国)网络技术有限公司",
  endToEndId: null,
  info: null,
  ...more,
});
const numbers = (found: readonly Announced[] | null) => found?.map(({ payoutNo }) => payoutNo) ?? null;

test("one transfer of a paying bank is all of its announced payouts, to the rounding of each", () => {
  const open = [announced(100n), announced(250n), announced(70n, { payer: "财付通" })];
  const expected = [open[0]?.payoutNo, open[1]?.payoutNo];
  assert.deepEqual(numbers(matchEntry(entry(350n), open)), expected);
  assert.deepEqual(numbers(matchEntry(entry(348n), open)), expected);
  assert.equal(matchEntry(entry(347n), open), null);
});

test("a single payout is matched to the cent, or by the number that the transfer names", () => {
  const open = [announced(100n), announced(250n)];
  assert.deepEqual(numbers(matchEntry(entry(250n), open)), [open[1]?.payoutNo]);
  assert.equal(matchEntry(entry(249n), open), null);
  const info = `settlement ${open[0]?.payoutNo} thanks`;
  assert.deepEqual(numbers(matchEntry(entry(100n, { info, counterpartyName: "?" }), open)), [
    open[0]?.payoutNo,
  ]);
  assert.equal(matchEntry(entry(101n, { info }), open), null);
  const longer = `settlement ${open[0]?.payoutNo}9`;
  assert.equal(matchEntry(entry(100n, { info: longer, counterpartyName: "?" }), open), null);
});

test("two ways to explain a transfer are a question for people", () => {
  assert.equal(matchEntry(entry(100n), [announced(100n), announced(100n)]), null);
});

test("nothing is matched to what was announced after it, or by somebody else", () => {
  assert.equal(matchEntry(entry(100n), [announced(100n, { announcedDate: "2026-11-22" })]), null);
  assert.equal(matchEntry(entry(100n), [announced(100n, { payer: "财付通" })]), null);
  assert.equal(matchEntry(entry(100n, { counterpartyName: null }), [announced(100n)]), null);
});
