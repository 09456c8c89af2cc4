import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Order } from "../model.ts";
import { chargedAlready, reverseOrder } from "./code.ts";
import { failOrder, payOrder, type Step, settleTime, tradeStateOf } from "./order.ts";
import { refundedOf, refundOrder } from "./refund.ts";

const start = Date.parse("2026-11-20T09:30:00+08:00");
const at = (seconds: number): Date => new Date(start + seconds * 1_000);
const authCode = "134650000000000001";

const waiting: Order = {
  id: "1900000001/CODE01",
  token: "token",
  mchid: "1900000001",
  subMchid: null,
  appid: "wx0000000000000001",
  subAppid: null,
  merchantName: "Tea House",
  outTradeNo: "CODE01",
  scene: "code",
  total: 1234n,
  description: "Tea",
  attach: null,
  deviceId: null,
  notifyUrl: "",
  parameters: "",
  openid: "o",
  payerField: "openid",
  feeRateMillionths: 6_000n,
  placedAt: at(0),
  expiresAt: at(600),
  handle: { prepayId: "wx1", codeUrl: null, h5Url: null, expiresAt: at(600), h5ExpiresAt: null },
  redirectUrl: null,
  openedAt: at(0),
  abandonedAt: null,
  lastFailure: null,
  closedAt: null,
  code: { authCode, awaitsPassword: true, revokedAt: null },
  payment: null,
  refunds: [],
};

function done(step: Step | { refused: string }): Order {
  assert.ok("order" in step, "refused" in step ? step.refused : "");
  return step.order;
}

const paying = { transactionId: "4200", openid: "o", total: 1234n, coupon: 0n, evenClosed: false };
const paid = done(payOrder(waiting, { ...paying, now: at(1) }));
const failed = done(failOrder(waiting, "余额不足", at(1)));
const revoked = done(reverseOrder(waiting, at(20)));
const givenBack = done(reverseOrder(paid, at(20)));
const paidLate = done(payOrder(revoked, { ...paying, now: at(30), evenClosed: true }));
const { code: _code, ...placed } = waiting;
const placedByV3: Order = { ...placed, scene: "native" };
const asked = {
  outRefundNo: "R1",
  refundId: "50",
  amount: 100n,
  total: 1234n,
  reason: null,
  notifyUrl: null,
  now: at(30),
  outcome: "SUCCESS",
  settlesAt: at(31),
} as const;
const refunded = done(refundOrder(paid, asked));

void describe("an order by a payment code", () => {
  const states: readonly (readonly [title: string, order: Order, state: string, back: bigint])[] = [
    ["waits for its password", waiting, "USERPAYING", 0n],
    ["is paid when it is entered", paid, "SUCCESS", 0n],
    ["is over when the bank refuses", failed, "PAYERROR", 0n],
    ["is over when its time is", settleTime(waiting, at(601)).order, "CLOSED", 0n],
    ["is over when it is reversed unpaid", revoked, "REVOKED", 0n],
    ["gives all back when it is reversed paid", givenBack, "REVOKED", 1234n],
    ["reversed twice gives back once", done(reverseOrder(givenBack, at(40))), "REVOKED", 1234n],
    ["is paid when money comes after its reversal", paidLate, "SUCCESS", 0n],
    ["gives that back when it is reversed again", done(reverseOrder(paidLate, at(40))), "REVOKED", 1234n],
  ];
  for (const [title, order, state, back] of states) {
    test(title, () => {
      assert.equal(tradeStateOf(order), state);
      assert.equal(refundedOf(order), back);
    });
  }

  const refusals: readonly (readonly [title: string, step: object, code: string])[] = [
    ["is not paid after it failed", payOrder(failed, { ...paying, now: at(2) }), "ORDER_CLOSED"],
    ["is not paid after it was reversed", payOrder(revoked, { ...paying, now: at(30) }), "ORDER_CLOSED"],
    ["is not refunded after it was reversed", refundOrder(givenBack, asked), "INVALID_REQUEST"],
    ["is not reversed after a refund", reverseOrder(refunded, at(40)), "TRADE_ERROR"],
    ["is not reversed after a week", reverseOrder(paid, at(7 * 86_400)), "REVERSE_EXPIRE"],
    ["of another scene is never reversed", reverseOrder(placedByV3, at(20)), "TRADE_ERROR"],
  ];
  for (const [title, step, code] of refusals) {
    test(title, () => assert.equal((step as { refused?: string }).refused, code));
  }

  const repeats: readonly (readonly [title: string, order: Order, asked: object, code: string])[] = [
    ["while it waits", waiting, {}, "USERPAYING"],
    ["when it is paid", paid, {}, "ORDERPAID"],
    ["when it is over", failed, {}, "ORDERCLOSED"],
    ["when it is reversed", givenBack, {}, "ORDERREVERSED"],
    ["with another code", waiting, { authCode: "134650000000000002" }, "OUT_TRADE_NO_USED"],
    ["with another amount", paid, { total: 1n }, "OUT_TRADE_NO_USED"],
  ];
  for (const [title, order, more, code] of repeats) {
    test(`charged once more ${title} says so`, () => {
      assert.equal(chargedAlready(order, { total: 1234n, authCode, ...more }), code);
    });
  }
});
