import assert from "node:assert/strict";
import { test } from "node:test";
import type { FundFlowLine, FundFlowStatement } from "./fund-flow.ts";
import { withdrawalsOf } from "./fund-payouts.ts";
import { StatementFault } from "./statement-fault.ts";

const CENT = 10_000n;
let count = 0;
function statementOf(before: bigint, moves: readonly [kind: string, fen: bigint, more?: object][]) {
  let balance = before;
  const lines = moves.map(([kind, fen, more], index): FundFlowLine => {
    balance += fen;
    count += 1;
    return {
      line: index + 2,
      at: new Date(Date.UTC(2026, 10, 20, 1, index)),
      flowNo: `F${count}`,
      businessNo: `B${count}`,
      voucherNo: null,
      kind,
      name: kind,
      direction: fen > 0n ? "in" : "out",
      amountMillionths: fen * CENT,
      balanceMillionths: balance * CENT,
      remark: "",
      ...more,
    };
  });
  return { currency: "CNY", lines } as unknown as FundFlowStatement;
}

test("a withdrawal is a payout by its own number, its fee is none, and what came back says so", () => {
  const told = withdrawalsOf(
    statementOf(1_000n, [
      ["交易", 500n],
      ["提现", -1_000n, { businessNo: "W1" }],
      ["提现手续费", -1n],
      ["提现退回", 300n, { businessNo: "W0" }],
      ["提现手续费退回", 1n],
    ]),
  );
  assert.deepEqual(
    told.payouts.map(({ payoutNo, amount, left, isAll, line }) => [payoutNo, amount, left, isAll, line]),
    [["W1", 1_000n, -CENT, false, 3]],
  );
  assert.deepEqual(told.cameBack, [{ line: 5, payoutNo: "W0" }]);
  assert.deepEqual(told.moved, [
    { currency: "CNY", millionths: 800n * CENT, sharedMillionths: 0n, availableOn: null },
  ]);
});

test("what a withdrawal leaves of earlier money is its balance less what came that day", () => {
  const left = (...moves: [string, bigint][]) => withdrawalsOf(statementOf(900n, moves)).payouts[0];
  assert.equal(left(["提现", -500n])?.left, 400n * CENT);
  assert.equal(left(["交易", 200n], ["提现", -900n])?.left, 0n);
  assert.equal(left(["交易", 200n], ["提现", -1_000n])?.left, -100n * CENT);
  assert.equal(left(["提现", -900n])?.isAll, true);
  assert.equal(left(["提现", -900n], ["交易", 1n])?.isAll, false);
});

test("what a withdrawal costs is not left behind by it", () => {
  const all = withdrawalsOf(
    statementOf(900n, [
      ["提现", -899n],
      ["提现手续费", -1n],
    ]),
  ).payouts[0];
  assert.deepEqual([all?.left, all?.isAll], [0n, true]);
});

test("shares are told apart, and what no other statement tells by its kind", () => {
  const told = withdrawalsOf(
    statementOf(5_000n, [
      ["在线支付", 500n],
      ["收费", -3n],
      ["退款（交易退款）", -100n],
      ["退费", 1n],
      ["分账", -70n],
      ["分账退回", 20n],
      ["提现", -1_000n],
      ["提现手续费", -1n, { businessNo: null, flowNo: "F-7" }],
      ["提现", 400n],
      ["转账", -30n, { businessNo: "T-1" }],
      ["转账", -20n, { businessNo: "T-2" }],
      ["充值", 9n, { businessNo: "C-1" }],
    ]),
  );
  assert.equal(told.moved[0]?.sharedMillionths, -50n * CENT);
  const others = told.others.map(({ kind, lines, millionths, numbers }) => [
    kind,
    lines,
    millionths / CENT,
    numbers,
  ]);
  assert.deepEqual(others, [
    ["充值", 1, 9n, ["C-1"]],
    ["提现手续费", 1, -1n, ["F-7"]],
    ["转账", 2, -50n, ["T-1", "T-2"]],
  ]);
});

test("a withdrawal that no bank could name or pay is refused with its line", () => {
  const nameless = statementOf(9n, [["提现", -9n, { businessNo: "a b", flowNo: "c d" }]]);
  assert.throws(() => withdrawalsOf(nameless), StatementFault);
  const byFlow = statementOf(9n, [["提现", -9n, { businessNo: null, flowNo: "F-1" }]]);
  assert.equal(withdrawalsOf(byFlow).payouts[0]?.payoutNo, "F-1");
  const fine = statementOf(9n, [["提现", -9n, { amountMillionths: -90_001n }]]);
  assert.throws(() => withdrawalsOf(fine), /90001 millionths/);
});
