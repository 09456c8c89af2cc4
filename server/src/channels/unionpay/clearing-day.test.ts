import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clearingDateOf, refundWayOf } from "./clearing-day.ts";
import { compactTime, dateNear, parseCompactTime, timeNear } from "./time.ts";

const beijing = (text: string) => new Date(`${text}+08:00`);
const WHOLE = { amount: 100n, paidAmount: 100n, paidChannelDate: "2026-11-20" };
const PART = { ...WHOLE, amount: 99n };

describe("the clearing day", () => {
  it("changes at 23:00 in Beijing", () => {
    assert.equal(clearingDateOf(beijing("2026-11-20T22:59:59")), "2026-11-20");
    assert.equal(clearingDateOf(beijing("2026-11-20T23:00:00")), "2026-11-21");
    assert.equal(clearingDateOf(beijing("2026-11-21T00:30:00")), "2026-11-21");
  });

  const until = beijing("2026-11-20T23:05:00");
  const ways: [title: string, refund: typeof WHOLE, at: string, way: object][] = [
    ["the whole on the same day is voided", WHOLE, "2026-11-20T09:30:00", { way: "void" }],
    [
      "the day before by the calendar is the same clearing day",
      WHOLE,
      "2026-11-19T23:30:00",
      { way: "void" },
    ],
    ["the whole just before the change waits", WHOLE, "2026-11-20T22:55:00", { way: "wait", until }],
    ["the whole just after the change waits", WHOLE, "2026-11-20T23:04:59", { way: "wait", until }],
    ["the whole after that is refunded", WHOLE, "2026-11-20T23:05:00", { way: "refund" }],
    ["a part on the same day waits", PART, "2026-11-20T09:30:00", { way: "wait", until }],
    ["a part in the next day is refunded", PART, "2026-11-20T23:05:00", { way: "refund" }],
    ["a part weeks later is refunded", PART, "2026-12-20T09:30:00", { way: "refund" }],
  ];
  for (const [title, refund, at, way] of ways) {
    it(title, () => assert.deepEqual(refundWayOf(refund, beijing(at)), way));
  }
  it("a payment whose day is not known is refunded", () => {
    const unknown = { ...PART, paidChannelDate: null };
    assert.deepEqual(refundWayOf(unknown, beijing("2026-11-20T09:30:00")), { way: "refund" });
  });
});

describe("UnionPay's times", () => {
  const near = beijing("2027-01-01T00:10:00");
  it("are digits of Beijing's wall clock", () => {
    assert.equal(compactTime(near), "20270101001000");
    assert.deepEqual(parseCompactTime("20270101001000"), near);
    for (const text of ["", "20270230000000", "2027010100100", "x0270101001000"]) {
      assert.equal(parseCompactTime(text), null);
    }
  });
  it("without a year are of the nearest", () => {
    assert.deepEqual(timeNear("1231235500", near), beijing("2026-12-31T23:55:00"));
    assert.deepEqual(timeNear("0101002000", near), beijing("2027-01-01T00:20:00"));
    assert.equal(dateNear("1231", near), "2026-12-31");
    assert.equal(dateNear("0101", near), "2027-01-01");
    assert.equal(dateNear("0101", beijing("2026-12-31T23:30:00")), "2027-01-01");
    for (const text of ["", "0230", "1332", "229"]) assert.equal(dateNear(text, near), null);
    assert.equal(dateNear("0229", beijing("2026-03-01T00:00:00")), null);
    assert.equal(dateNear("0229", beijing("2028-03-01T00:00:00")), "2028-02-29");
  });
});
