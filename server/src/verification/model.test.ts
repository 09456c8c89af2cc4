import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StatementLine } from "../channels/index.ts";
import { billedIn, daysToRead, isOver, leastAmount } from "./model.ts";

const at = new Date("2026-11-20T04:00:00Z");
const payment: StatementLine = {
  line: 6,
  kind: "payment",
  channelTradeNo: "T1",
  channelOrderNo: "att1",
  channelRefundNo: null,
  amount: 1n,
  settleAmount: 1n,
  fee: 0n,
  currency: "CNY",
  createdAt: at,
  finishedAt: at,
  subject: "Verification",
};
const refund: StatementLine = {
  ...payment,
  line: 7,
  kind: "refund",
  channelRefundNo: "rfd1",
  amount: -1n,
  settleAmount: -1n,
};
const other = { ...payment, channelOrderNo: "att2", channelRefundNo: null };
const sought = { channelOrderNo: "att1", channelRefundNo: "rfd1", amount: 1n, currency: "CNY" };

describe("what a bill says of a contract that is tried out", () => {
  const cases: readonly [title: string, lines: readonly StatementLine[], expected: unknown][] = [
    ["both", [other, payment, refund], { billed: { payment: true, refund: true } }],
    [
      "the payment alone, when the refund is another day's",
      [payment],
      { billed: { payment: true, refund: false } },
    ],
    ["neither, of a bill of other orders", [other], { billed: { payment: false, refund: false } }],
    [
      "a payment of another amount is a fault",
      [{ ...payment, amount: 2n }, refund],
      { fault: "the bill lists the payment with 2 CNY in line 6, not 1" },
    ],
    [
      "a refund in another currency is a fault",
      [payment, { ...refund, currency: "HKD" }],
      { fault: "the bill lists the refund with -1 HKD in line 7, not -1" },
    ],
  ];
  for (const [title, lines, expected] of cases) {
    it(title, () => assert.deepEqual(billedIn({ lines }, sought), expected));
  }
});

it("the amount is the account's least, unless its channel takes only more of the currency", () => {
  const least = [leastAmount(1n, null), leastAmount(1n, 50n), leastAmount(100n, 50n)];
  assert.deepEqual(least, [1n, 50n, 100n]);
});

describe("the days whose bills are read", () => {
  const seen = { channelDate: "2026-11-20", refundChannelDate: "2026-11-21" };
  it("are those of what is not found yet, each once", () => {
    const days = (paymentBilled: boolean, refundBilled: boolean) =>
      daysToRead({ ...seen, paymentBilled, refundBilled });
    assert.deepEqual(days(false, false), ["2026-11-20", "2026-11-21"]);
    assert.deepEqual(days(true, false), ["2026-11-21"]);
    assert.deepEqual(days(true, true), []);
    const sameDay = { ...seen, refundChannelDate: "2026-11-20", paymentBilled: false, refundBilled: false };
    assert.deepEqual(daysToRead(sameDay), ["2026-11-20"]);
  });

  it("are over when the channel's own day is, not ours", () => {
    const cases = [
      [0, "2026-11-20T23:30:00+08:00", false],
      [0, "2026-11-21T00:00:00+08:00", true],
      [-60, "2026-11-20T23:00:00+08:00", true],
      [-60, "2026-11-20T22:59:59+08:00", false],
    ] as const;
    for (const [dayStartMinutes, instant, expected] of cases) {
      const traits = { timeZone: "Asia/Shanghai", dayStartMinutes };
      assert.equal(isOver(traits, "2026-11-20", new Date(instant)), expected);
    }
  });
});
