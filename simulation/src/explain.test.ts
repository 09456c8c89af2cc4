import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Id } from "../../server/src/kernel/ids.ts";
import { type DatedLine, explain, type OwnAttempt, type OwnDispute } from "./explain.ts";

const AT = new Date("2026-03-06T04:00:00Z");
const DATE = "2026-03-06";
const PAYMENT = 1n as unknown as Id;

/** A payment code that took 1.00 and was reversed. */
const reversed: OwnAttempt = {
  id: 2n as unknown as Id,
  paymentId: PAYMENT,
  method: "unionpay.code",
  state: "reversed",
  finishedAt: AT,
  channelOrderNo: "att1",
  channelTradeNo: "t1",
  paidAmount: 100n,
  settleAmount: 100n,
  costAmount: 1n,
  channelDate: DATE,
  takenBack: 100n,
  contradicted: false,
};
const line: DatedLine = {
  line: 1,
  kind: "payment",
  channelTradeNo: "t1",
  channelOrderNo: "att1",
  channelRefundNo: null,
  amount: 100n,
  settleAmount: 100n,
  fee: 1n,
  currency: "CNY",
  createdAt: AT,
  finishedAt: AT,
  subject: "",
  date: DATE,
};
const nothingOwed = [{ paymentId: PAYMENT, amount: 0n }];
const held = (
  attempt: Partial<OwnAttempt>,
  lines: readonly DatedLine[] = [],
  receivables: readonly { paymentId: Id; amount: bigint }[] = nothingOwed,
) =>
  explain(lines, {
    attempts: [{ ...reversed, ...attempt }],
    refunds: [],
    disputes: [],
    receivables,
    bearsFees: true,
  });

describe("a payment code that UnionPay took money by and reversed", () => {
  test("stands on no statement, and nothing is owed", () => {
    assert.deepEqual(held({}), []);
  });

  test("is not explained where the books leave something owed", () => {
    assert.equal(held({}, [], [{ paymentId: PAYMENT, amount: 99n }]).length, 1);
  });

  test("is not explained where only a part went back, or none", () => {
    assert.notDeepEqual(held({ takenBack: 40n }), []);
    assert.notDeepEqual(held({ state: "succeeded", takenBack: 0n }), []);
  });

  test("is not explained where its payment does stand there", () => {
    assert.notDeepEqual(held({}, [line]), []);
  });

  test("is told by another channel's bill, so that its rows may not be missing there", () => {
    assert.notDeepEqual(held({ method: "wechat.code" }), []);
    assert.notDeepEqual(held({ method: "unionpay.qr" }), []);
  });
});

describe("a payer's claim", () => {
  const charge: OwnAttempt = { ...reversed, method: "card", state: "succeeded", takenBack: 0n };
  const lost: OwnDispute = {
    id: 3n as unknown as Id,
    attemptId: charge.id,
    state: "lost",
    amount: 60n,
    fee: 15n,
    returnedAmount: 0n,
    returnedFee: 0n,
    openedDate: DATE,
    wonDate: null,
  };
  // A bank's claim bears no number of ours, only the payment's.
  const claim: DatedLine = { ...line, kind: "dispute", channelOrderNo: "", amount: -60n, settleAmount: -60n };
  const taken: DatedLine = { ...claim, fee: 15n };
  const given: DatedLine = { ...claim, amount: 60n, settleAmount: 60n, fee: 0n };
  const claimed = (dispute: OwnDispute, lines: readonly DatedLine[], owed: bigint) =>
    explain([line, ...lines], {
      attempts: [charge],
      refunds: [],
      disputes: [dispute],
      receivables: [{ paymentId: PAYMENT, amount: owed }],
      bearsFees: true,
    });

  test("that was lost has one line, and its fee is owed too", () => {
    assert.deepEqual(claimed(lost, [taken], 24n), []);
    assert.notDeepEqual(claimed(lost, [taken], 39n), []);
  });

  test("that the channel takes from the merchant itself has its line, and no fee is owed", () => {
    const charged = { ...charge, costAmount: 0n };
    const explained = (owed: bigint) =>
      explain([line, taken], {
        attempts: [charged],
        refunds: [],
        disputes: [lost],
        receivables: [{ paymentId: PAYMENT, amount: owed }],
        bearsFees: false,
      });
    assert.deepEqual(explained(40n), []);
    assert.notDeepEqual(explained(24n), []);
  });

  const won = { ...lost, state: "won", wonDate: DATE, returnedAmount: 60n };

  test("that was won has two, and the fee stays", () => {
    assert.deepEqual(claimed(won, [taken, given], 84n), []);
  });

  test("that was won with its fee, or for a part, is told so by its second line", () => {
    const withFee = { ...given, fee: -15n };
    assert.deepEqual(claimed({ ...won, returnedFee: 15n }, [taken, withFee], 99n), []);
    assert.notDeepEqual(claimed(won, [taken, withFee], 84n), []);
    const part = { ...given, amount: 40n, settleAmount: 40n };
    assert.deepEqual(claimed({ ...won, returnedAmount: 40n }, [taken, part], 64n), []);
    assert.notDeepEqual(claimed(won, [taken, part], 84n), []);
  });

  test("is not explained by a line of another day, amount or fee, nor without its line", () => {
    for (const lines of [
      [{ ...taken, date: "2026-03-07" }],
      [{ ...taken, amount: -61n, settleAmount: -61n }],
      [{ ...taken, fee: 16n }],
      [],
      [taken, given],
    ]) {
      assert.notDeepEqual(claimed(lost, lines, 24n), []);
    }
  });

  test("is not explained where the books know of none", () => {
    assert.equal(
      explain([line, taken], {
        attempts: [charge],
        refunds: [],
        disputes: [],
        receivables: [{ paymentId: PAYMENT, amount: 24n }],
        bearsFees: true,
      }).length,
      1,
    );
  });
});
