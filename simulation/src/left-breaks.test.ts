import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DatedLine } from "./explain.ts";
import { type LeftBreak, wrongAmounts } from "./left-breaks.ts";

const AT = new Date("2026-03-06T04:00:00Z");
const line: DatedLine = {
  line: 1,
  kind: "refund",
  channelTradeNo: "t1",
  channelOrderNo: "att1",
  channelRefundNo: "REV1",
  amount: -100n,
  settleAmount: -90n,
  fee: -3n,
  currency: "CNY",
  createdAt: AT,
  finishedAt: AT,
  subject: "",
  date: "2026-03-06",
};
const left: LeftBreak = {
  kind: "refund_theirs_only",
  channelDate: "2026-03-06",
  matchKey: "refund/att1/REV1/out",
  theirsAmount: -100n,
  settleDifference: -90n,
  feeDifference: -3n,
  channelOrderNo: "att1",
  channelTradeNo: "t1",
  theirRefundNo: "REV1",
  costBooked: 0n,
  memo: false,
};
const wrong = (change: Partial<LeftBreak>, lines: readonly DatedLine[] = [line]) =>
  wrongAmounts([{ ...left, ...change }], lines, new Set(["own1"]));

describe("a break that is left to people", () => {
  test("has the amounts of its line, and no others", () => {
    assert.deepEqual(wrong({}), []);
    assert.equal(wrong({ theirsAmount: -99n }).length, 1);
    assert.equal(wrong({ settleDifference: 0n, feeDifference: 0n }).length, 2);
  });

  test("has no fee where the money never passes us", () => {
    assert.deepEqual(wrong({ memo: true, feeDifference: 0n }), []);
    assert.equal(wrong({ memo: true }).length, 1);
  });

  test("is about a line of its order and date", () => {
    assert.equal(wrong({}, []).length, 1);
    assert.equal(wrong({}, [{ ...line, date: "2026-03-07" }]).length, 1);
    assert.equal(wrong({}, [{ ...line, channelOrderNo: "att2" }]).length, 1);
    assert.deepEqual(wrong({}, [{ ...line, channelOrderNo: "" }]), [], "by the channel's own number");
  });
});

describe("a fee that is left to people", () => {
  const fee = { kind: "fee", matchKey: "by itself/att1", settleDifference: 0n };
  const sums = { ...fee, matchKey: "by itself/att1/CNY" };
  const more = { ...line, channelRefundNo: "REV2", amount: -50n, settleAmount: -50n, fee: -1n };

  test("is what came back by the bill, less what the journal beside it booked", () => {
    assert.deepEqual(wrong(fee), []);
    assert.deepEqual(wrong({ ...fee, costBooked: -2n, feeDifference: -1n }), []);
    assert.equal(wrong({ ...fee, costBooked: -2n }).length, 1);
    assert.deepEqual(wrong(fee, [line, more]), [], "of its own part");
  });

  test("is of all that went back by itself where the books have one sum, and of nothing that is ours", () => {
    const asked = { ...line, channelRefundNo: "own1" };
    assert.deepEqual(wrong({ ...sums, feeDifference: -4n }, [line, more, asked]), []);
    assert.equal(wrong(sums, [line, more, asked]).length, 1);
  });
});
