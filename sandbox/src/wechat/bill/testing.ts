import type { BookEntry } from "../model.ts";

// What the tests of this folder share: a payment and a refund of a part of it.

export const payment: BookEntry = {
  id: "p",
  kind: "payment",
  mchid: "1900000001",
  subMchid: null,
  appid: "wx2421b1c4370ec43b",
  date: "2026-11-19",
  at: new Date("2026-11-19T10:55:23+08:00"),
  orderId: "o",
  outTradeNo: "T20261119001",
  transactionId: "4200000000202611190000000001",
  openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
  scene: "native",
  bankType: "OTHERS",
  deviceId: "",
  description: "测试商品",
  attach: "",
  total: 1234n,
  settlement: 1234n,
  fee: 7n,
  feeRateMillionths: 6_000n,
  refundId: "",
  outRefundNo: "",
  refundStatus: null,
  refundedAt: null,
};
export const refund: BookEntry = {
  ...payment,
  id: "r",
  kind: "refund",
  at: new Date("2026-11-19T11:56:48+08:00"),
  total: 234n,
  settlement: 234n,
  fee: 1n,
  refundId: "50300000002026111900000000001",
  outRefundNo: "R20261119001",
  refundStatus: "SUCCESS",
  refundedAt: new Date("2026-11-19T11:56:49+08:00"),
};
