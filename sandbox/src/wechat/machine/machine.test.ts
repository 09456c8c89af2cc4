import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Order } from "../model.ts";
import { closeOrder, openOrder, payOrder, type Step, settleTime, tradeStateOf } from "./order.ts";
import { findRefund, type RefundAsked, refundedOf, refundOrder } from "./refund.ts";

const minuteMs = 60_000;
const start = Date.parse("2026-11-20T09:30:00+08:00");
const at = (minutes: number): Date => new Date(start + minutes * minuteMs);

function anOrder(more: Partial<Order> = {}): Order {
  return {
    id: "1900000001/TEA001",
    token: "token",
    mchid: "1900000001",
    subMchid: null,
    appid: "wx0000000000000001",
    subAppid: null,
    merchantName: "Tea House",
    outTradeNo: "TEA001",
    scene: "native",
    total: 1234n,
    description: "Tea",
    attach: null,
    deviceId: null,
    notifyUrl: "http://127.0.0.1:1/notify",
    parameters: "{}",
    openid: null,
    payerField: "openid",
    feeRateMillionths: 6_000n,
    placedAt: at(0),
    expiresAt: at(60),
    handle: { prepayId: "wx1", codeUrl: "weixin://1", h5Url: null, expiresAt: at(30), h5ExpiresAt: null },
    redirectUrl: null,
    openedAt: null,
    abandonedAt: null,
    lastFailure: null,
    closedAt: null,
    payment: null,
    refunds: [],
    ...more,
  };
}

function done(step: Step | { refused: string }): Order {
  assert.ok(
    !("refused" in step),
    JSON.stringify(step, (_key, value) => String(value)),
  );
  return (step as Step).order;
}

const paying = { transactionId: "4200", openid: "o", total: 1234n, coupon: 0n, evenClosed: false };
const paid = (more: object = {}): Order => done(payOrder(anOrder(), { ...paying, now: at(1), ...more }));

function asked(outRefundNo: string, amount: bigint, more: Partial<RefundAsked> = {}): RefundAsked {
  return {
    outRefundNo,
    refundId: `50${outRefundNo}`,
    amount,
    total: 1234n,
    reason: null,
    notifyUrl: null,
    now: at(2),
    outcome: "SUCCESS",
    settlesAt: at(3),
    ...more,
  };
}

void describe("an order's money", () => {
  void test("comes once, less the coupon and the fee", () => {
    const order = paid({ coupon: 234n });
    assert.deepEqual(
      [order.payment!.total, order.payment!.settlement, order.payment!.fee],
      [1234n, 1000n, 6n],
    );
    assert.deepEqual(payOrder(order, { ...paying, now: at(2) }), { refused: "ORDERPAID" });
  });

  void test("does not come to a closed order, unless it is already on its way", () => {
    const closed = done(closeOrder(anOrder(), at(1)));
    assert.deepEqual(payOrder(closed, { ...paying, now: at(2) }), { refused: "ORDER_CLOSED" });
    const late = done(payOrder(closed, { ...paying, now: at(2), evenClosed: true }));
    assert.equal(tradeStateOf(late), "SUCCESS");
  });

  void test("is never covered by the coupon alone", () => {
    for (const coupon of [-1n, 1234n, 2000n]) {
      assert.ok("refused" in payOrder(anOrder(), { ...paying, now: at(1), coupon }));
    }
  });

  void test("goes back in parts that add up to all of it, to the last fen of the fee", () => {
    let order = paid({ coupon: 235n });
    for (const [index, amount] of [1n, 333n, 400n, 500n].entries()) {
      order = done(refundOrder(order, asked(`R${index}`, amount)));
    }
    const sum = (field: "settlement" | "fee"): bigint =>
      order.refunds.reduce((all, one) => all + one[field], 0n);
    assert.equal(refundedOf(order), 1234n);
    assert.deepEqual([sum("settlement"), sum("fee")], [order.payment!.settlement, order.payment!.fee]);
    assert.ok("refused" in refundOrder(order, asked("R9", 1n)));
  });

  void test("of a refund that was closed can be given back again, that of an abnormal one can not", () => {
    for (const outcome of ["CLOSED", "ABNORMAL"] as const) {
      const begun = done(refundOrder(paid(), asked("R1", 1234n, { outcome })));
      const { order, happened } = settleTime(begun, at(3));
      assert.deepEqual(happened, [{ kind: "refund_ended", outRefundNo: "R1" }]);
      assert.equal(findRefund(order, "R1")!.status, outcome);
      const again = refundOrder(order, asked("R2", 1234n));
      assert.equal("refused" in again, outcome === "ABNORMAL");
    }
  });

  void test("goes back in fifty parts at most, and for a year", () => {
    let order = paid();
    for (let part = 0; part < 50; part += 1) order = done(refundOrder(order, asked(`P${part}`, 1n)));
    assert.ok("refused" in refundOrder(order, asked("P50", 1n)));
    assert.ok(!("refused" in refundOrder(order, asked("P0", 1n))));
    assert.ok("refused" in refundOrder(paid(), asked("LATE", 1n, { now: at(366 * 24 * 60) })));
  });
});

void describe("an order's time", () => {
  void test("closes it once, at its end", () => {
    const before = settleTime(anOrder(), at(59.9));
    assert.deepEqual(before.happened, []);
    const after = settleTime(anOrder(), at(61));
    assert.deepEqual(after.happened, [{ kind: "closed" }]);
    assert.deepEqual(after.order.closedAt, at(60));
    assert.deepEqual(settleTime(after.order, at(99)).happened, []);
  });

  void test("lets nobody open a code that is over, though the order still stands", () => {
    assert.ok("refused" in openOrder(anOrder(), false, at(30)));
    const opened = done(openOrder(anOrder(), false, at(29)));
    assert.equal(done(openOrder(opened, false, at(45))).openedAt?.getTime(), at(29).getTime());
  });
});
