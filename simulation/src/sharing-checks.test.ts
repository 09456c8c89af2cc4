import assert from "node:assert/strict";
import { test } from "node:test";
import type { Id } from "../../server/src/kernel/ids.ts";
import {
  type RefundRow,
  type ReturnRow,
  type ShareRow,
  type SplitPayment,
  unlike,
  wronglyTakenBack,
} from "./sharing-checks.ts";
import type { Splitting } from "./splits.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 2, 6, 4, minute));

const payment: SplitPayment = {
  paymentId: "p" as Id,
  channel: "wechat",
  channelAccountId: "c" as Id,
  channelOrderNo: "att1",
  mode: "channel",
  finishNo: "shr9",
  settleAmount: 1_000n,
  paidAmount: 1_000n,
  feeAmount: 8n,
  feeReturned: 0n,
  refundedAmount: 500n,
  takenBack: 0n,
};
const share: ShareRow = {
  id: "s1" as Id,
  paymentId: payment.paymentId,
  channelAccountId: payment.channelAccountId,
  channelOrderNo: "att1",
  channelShareNo: "shr1",
  mode: "channel",
  state: "succeeded",
  receiverType: "MERCHANT_ID",
  receiverAccount: "1900000001",
  amount: 300n,
  returnedAmount: 150n,
  createdAt: at(1),
};
const refund: RefundRow = {
  id: "r1" as Id,
  paymentId: payment.paymentId,
  state: "succeeded",
  settleAmount: 500n,
  createdAt: at(2),
};
const back: ReturnRow = {
  id: "b1" as Id,
  shareId: share.id,
  paymentId: payment.paymentId,
  refundId: refund.id,
  state: "succeeded",
  amount: 150n,
  channelReturnNo: "shb1",
  channelRefundNo: "rfd1",
};

const moved = { account: "1900000001", result: "SUCCESS", ends_at: at(1).toISOString() };
const there: Splitting = {
  orderNo: "att1",
  frozen: false,
  finishedBy: "shr9",
  shares: [{ ...moved, number: "shr1", amount: 300 }],
  returns: [{ ...moved, number: "shb1", amount: 150 }],
};

test("what the channel split and got back is what the rows say", () => {
  assert.deepEqual(unlike([there], [share], [back], false), []);
  const closed = { ...there, shares: [{ ...moved, number: "shr1", amount: 300, result: "CLOSED" }] };
  assert.deepEqual(unlike([closed], [{ ...share, state: "failed" }], [], false), [
    "the channel has the return att1 shb1 1900000001 150, which is not ours",
  ]);
});

test("a share under a second number is one too many, and one that never left is missing", () => {
  const twice = { ...there, shares: [...there.shares, { ...moved, number: "shr2", amount: 300 }] };
  assert.deepEqual(unlike([twice], [share], [back], false), [
    "the channel has the share att1 shr2 1900000001 300, which is not ours",
  ]);
  assert.deepEqual(unlike([{ ...there, shares: [] }], [share], [back], false), [
    "the channel has no share att1 shr1 1900000001 300",
  ]);
});

test("where a refund itself brings it back, it bears the refund's number", () => {
  const withRefund = { ...there, returns: [{ ...moved, number: "rfd1", amount: 150 }] };
  assert.deepEqual(unlike([withRefund], [share], [back], true), []);
});

test("a refund takes back the proportion that it is of the payment", () => {
  const rows = (returned: ReturnRow) => ({ shares: [share], returns: [returned], refunds: [refund] });
  assert.deepEqual(wronglyTakenBack(payment, rows(back)), []);
  assert.deepEqual(wronglyTakenBack(payment, rows({ ...back, amount: 149n })), [
    "the refund r1 took back 149 of shares, not 150 to 150",
  ]);
});

test("persons keep at WeChat Pay what they have, and what was given after a refund is not its", () => {
  const person = { ...share, receiverType: "PERSONAL_OPENID" };
  assert.deepEqual(wronglyTakenBack(payment, { shares: [person], returns: [], refunds: [refund] }), []);
  const later = { ...share, createdAt: at(3) };
  assert.deepEqual(wronglyTakenBack(payment, { shares: [later], returns: [], refunds: [refund] }), []);
});
