import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Answer, readEnvelope } from "./answer.ts";
import type { AlipayCredentials } from "./credentials.ts";
import {
  refundOf,
  refundOfNotification,
  refundOfQuery,
  reversalOf,
  reversalOfTrade,
  tradeOf,
  tradeOfClose,
  tradeOfPay,
  tradeOfPlacing,
  tradeOfQuery,
} from "./outcomes.ts";
import {
  contextOf,
  NOW,
  newOrder,
  newPair,
  newRefund,
  publicKeyInput,
  scripted,
  signedAnswer,
} from "./testing.ts";

const order = newOrder({ method: "alipay.code", paymentCode: "281234567890123456" });
const refund = newRefund({ order });
const no = order.channelOrderNo;

function answer(body: Record<string, unknown>): Answer {
  return {
    code: typeof body.code === "string" ? body.code : "",
    subCode: typeof body.sub_code === "string" ? body.sub_code : null,
    message: typeof body.sub_msg === "string" ? body.sub_msg : "",
    body,
  };
}
const failed = (subCode: string) => answer({ code: "40004", sub_code: subCode, sub_msg: "because" });
const ok = (body: Record<string, unknown>) => answer({ code: "10000", out_trade_no: no, ...body });

/** An end in short: `answered paid`, `refused ACQ.X`, `unknown`. */
function short(end: unknown): string {
  const { end: kind, value, code, retryable } = end as Record<string, unknown>;
  const said = (value as { outcome?: string } | undefined)?.outcome ?? code;
  return [kind, said, retryable === true ? "retryable" : undefined].filter(Boolean).join(" ");
}

const PAID = {
  trade_no: "2026112022001400000000000001",
  total_amount: "12.34",
  receipt_amount: "12.00",
  buyer_logon_id: "138****0000",
};
const FACTS = {
  amount: 1_234n,
  currency: "CNY",
  settleAmount: 1_200n,
  channelTradeNo: PAID.trade_no,
  paidAt: new Date("2026-11-19T16:00:01Z"),
  channelDate: "2026-11-20",
  buyer: "138****0000",
};

describe("a trade's status", () => {
  it("paid: what the buyer gave, what settles, when, and the channel's own day", () => {
    const fields = { ...PAID, trade_status: "TRADE_SUCCESS", send_pay_date: "2026-11-20 00:00:01" };
    assert.deepEqual(tradeOf(fields, NOW), { outcome: "paid", ...FACTS });
    assert.equal(
      short({ end: "x", value: tradeOf({ ...fields, trade_status: "TRADE_FINISHED" }, NOW) }),
      "x paid",
    );
  });

  it("paid without a settled amount or a time: null, and the moment of the answer", () => {
    const trade = tradeOf({ ...PAID, receipt_amount: undefined, trade_status: "TRADE_SUCCESS" }, NOW);
    assert.ok("paidAt" in trade);
    assert.equal(trade.settleAmount, null);
    assert.equal(trade.paidAt, NOW);
  });

  it("closed without a payment ended without money; closed with one was refunded in full", () => {
    const closed = { ...PAID, receipt_amount: "0.00", trade_status: "TRADE_CLOSED" };
    assert.deepEqual(tradeOf(closed, NOW), { outcome: "closed" });
    const paid = { ...PAID, trade_status: "TRADE_CLOSED", send_pay_date: "2026-11-20 00:00:01" };
    assert.deepEqual(tradeOf(paid, NOW), { outcome: "refunded", refundedAmount: 1_234n, ...FACTS });
  });

  it("a refunded part is told with its sum", () => {
    const part = {
      ...PAID,
      trade_status: "TRADE_SUCCESS",
      refund_fee: "2.34",
      gmt_payment: "2026-11-20 00:00:01",
    };
    assert.deepEqual(tradeOf(part, NOW), { outcome: "refunded", refundedAmount: 234n, ...FACTS });
  });

  it("waiting names the trade; an unknown status or an unreadable amount is not understood", () => {
    const waiting = { trade_status: "WAIT_BUYER_PAY", trade_no: "t1" };
    assert.deepEqual(tradeOf(waiting, NOW), { outcome: "pending", channelTradeNo: "t1" });
    assert.ok("broken" in tradeOf({ ...PAID, trade_status: "TRADE_PENDING" }, NOW));
    assert.ok("broken" in tradeOf({ ...PAID, trade_status: "TRADE_SUCCESS", total_amount: "12.345" }, NOW));
    assert.ok("broken" in tradeOf({ ...PAID, trade_status: "TRADE_SUCCESS", trade_no: "" }, NOW));
  });
});

describe("what the answers mean", () => {
  const paidBody = { ...PAID, gmt_payment: "2026-11-20 00:00:01" };
  const query = { trade_status: "TRADE_SUCCESS", ...paidBody };
  const cases: [title: string, end: () => unknown, meaning: string][] = [
    ["pay 10000", () => tradeOfPay(ok(paidBody), order, NOW), "answered paid"],
    [
      "pay 10000 of another amount",
      () => tradeOfPay(ok({ ...paidBody, total_amount: "0.01" }), order, NOW),
      "unknown",
    ],
    [
      "pay 10000 of another order",
      () => tradeOfPay(ok({ ...paidBody, out_trade_no: "x" }), order, NOW),
      "unknown",
    ],
    [
      "pay 10003",
      () => tradeOfPay(answer({ code: "10003", out_trade_no: no }), order, NOW),
      "answered pending",
    ],
    ["pay: balance", () => tradeOfPay(failed("ACQ.BUYER_BALANCE_NOT_ENOUGH"), order, NOW), "answered failed"],
    [
      "pay: a code of no known name",
      () => tradeOfPay(failed("ACQ.SOMETHING_NEW"), order, NOW),
      "answered failed",
    ],
    ["pay: already paid", () => tradeOfPay(failed("ACQ.TRADE_HAS_SUCCESS"), order, NOW), "unknown"],
    ["pay: already closed", () => tradeOfPay(failed("ACQ.TRADE_HAS_CLOSE"), order, NOW), "unknown"],
    ["precreate", () => tradeOfPlacing(ok({ qr_code: "https://qr" }), order), "answered pending"],
    ["precreate without a code", () => tradeOfPlacing(ok({}), order), "unknown"],
    [
      "precreate refused",
      () => tradeOfPlacing(failed("ACQ.CONTEXT_INCONSISTENT"), order),
      "refused ACQ.CONTEXT_INCONSISTENT",
    ],
    ["precreate of a paid order", () => tradeOfPlacing(failed("ACQ.TRADE_HAS_SUCCESS"), order), "unknown"],
    ["query: paid", () => tradeOfQuery(ok(query), order, NOW), "answered paid"],
    ["query: no trade", () => tradeOfQuery(failed("ACQ.TRADE_NOT_EXIST"), order, NOW), "answered not_found"],
    [
      "query refused",
      () => tradeOfQuery(failed("ACQ.ACCESS_FORBIDDEN"), order, NOW),
      "refused ACQ.ACCESS_FORBIDDEN",
    ],
    [
      "query of another order",
      () => tradeOfQuery(ok({ ...query, out_trade_no: "x" }), order, NOW),
      "unknown",
    ],
    ["query: a new status", () => tradeOfQuery(ok({ ...query, trade_status: "NEW" }), order, NOW), "unknown"],
    ["close", () => tradeOfClose(ok({}), order), "answered closed"],
    ["close: no trade", () => tradeOfClose(failed("ACQ.TRADE_NOT_EXIST"), order), "answered not_found"],
    [
      "close refused",
      () => tradeOfClose(failed("ACQ.ACCESS_FORBIDDEN"), order),
      "refused ACQ.ACCESS_FORBIDDEN",
    ],
    [
      "cancel: refunded",
      () => reversalOf(ok({ trade_no: "t", action: "refund", retry_flag: "N" }), order, NOW),
      "answered reversed",
    ],
    ["cancel: again", () => reversalOf(ok({ retry_flag: "Y" }), order, NOW), "answered again"],
    ["cancel: no trade", () => reversalOf(ok({ retry_flag: "N" }), order, NOW), "answered reversed"],
    [
      "cancel: too late",
      () => reversalOf(failed("ACQ.TRADE_CANCEL_TIME_OUT"), order, NOW),
      "refused ACQ.TRADE_CANCEL_TIME_OUT",
    ],
    ["refund: moved", () => refundOf(ok({ fund_change: "Y" }), refund, NOW), "answered accepted"],
    ["refund: not moved now", () => refundOf(ok({ fund_change: "N" }), refund, NOW), "answered pending"],
    [
      "refund: no funds",
      () => refundOf(failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"), refund, NOW),
      "refused ACQ.SELLER_BALANCE_NOT_ENOUGH retryable",
    ],
    ["refund: window over", () => refundOf(failed("ACQ.TRADE_HAS_FINISHED"), refund, NOW), "answered failed"],
    [
      "refund: number used",
      () => refundOf(failed("ACQ.DISCORDANT_REPEAT_REQUEST"), refund, NOW),
      "refused ACQ.DISCORDANT_REPEAT_REQUEST",
    ],
    [
      "refund query: nothing",
      () => refundOfQuery(answer({ code: "10000" }), refund, NOW),
      "answered not_found",
    ],
    [
      "refund query: no trade",
      () => refundOfQuery(failed("ACQ.TRADE_NOT_EXIST"), refund, NOW),
      "answered not_found",
    ],
  ];
  for (const [title, end, meaning] of cases) {
    it(`${title}: ${meaning}`, () => assert.equal(short(end()), meaning));
  }

  it("an open order of a page in the wallet gives its buyer what to pay with, however it was found", () => {
    const page = newOrder({ method: "alipay.jsapi" });
    const end = tradeOfQuery(ok({ trade_status: "WAIT_BUYER_PAY", trade_no: "t1" }), page, NOW);
    assert.ok(end.end === "answered" && end.value.outcome === "pending");
    assert.deepEqual(end.value.nextAction, { type: "jsapi_params", params: { tradeNO: "t1" } });
  });

  it("the query's amount is the truth, even where it is not what was asked", () => {
    const end = tradeOfQuery(ok({ ...query, total_amount: "12.35" }), order, NOW);
    assert.ok(end.end === "answered" && end.value.outcome === "paid");
    assert.equal(end.value.amount, 1_235n);
  });

  it("a close that came too late and a cancel that tells no refund must be asked about", () => {
    assert.equal(tradeOfClose(failed("ACQ.TRADE_STATUS_ERROR"), order), "ask");
    assert.equal(reversalOf(ok({ trade_no: "t", action: "close", retry_flag: "N" }), order, NOW), "ask");
    const reversed = (trade: Parameters<typeof reversalOfTrade>[0]) => {
      const end = reversalOfTrade(trade, order, NOW);
      return end.end === "answered" && end.value.outcome === "reversed" ? end.value.moneyReturned : end.end;
    };
    assert.equal(reversed({ outcome: "closed" }), false);
    assert.equal(reversed({ outcome: "not_found" }), false);
    assert.equal(reversed({ outcome: "refunded", refundedAmount: 1_234n, ...FACTS }), true);
    assert.equal(reversed({ outcome: "paid", ...FACTS }), "unknown");
  });
});

describe("a refund's way", () => {
  const found = {
    out_request_no: refund.channelRefundNo,
    refund_status: "REFUND_SUCCESS",
    refund_amount: "2.34",
    send_back_fee: "2.30",
    gmt_refund_pay: "2026-11-21 00:00:00",
  };
  const bank = (status: string) => ({
    ...found,
    deposit_back_info: {
      has_deposit_back: "true",
      dback_status: status,
      bank_ack_time: "2026-11-22 00:00:00",
    },
  });
  const of = (body: Record<string, unknown>) => short(refundOfQuery(ok(body), refund, NOW));

  it("arrives with Alipay's word, or with the bank's where the money goes on to a card", () => {
    assert.equal(of(found), "answered arrived");
    assert.equal(of(bank("P")), "answered accepted");
    assert.equal(of(bank("S")), "answered arrived");
    assert.equal(of(bank("F")), "answered returned");
  });

  it("tells the merchant's part and the channel's day", () => {
    const end = refundOfQuery(ok(found), refund, NOW);
    assert.deepEqual(end, {
      end: "answered",
      value: {
        outcome: "arrived",
        settleAmount: 230n,
        channelRefundNo: null,
        channelDate: "2026-11-21",
        refundedInAll: null,
      },
    });
    const returned = refundOfQuery(ok(bank("F")), refund, NOW);
    assert.ok(returned.end === "answered" && returned.value.outcome === "returned");
    assert.equal(returned.value.channelDate, "2026-11-22");
  });

  it("is unknown of another refund, order or amount, and pending in an unknown status", () => {
    assert.equal(of({ ...found, out_request_no: "x" }), "unknown");
    assert.equal(of({ ...found, refund_amount: "2.35" }), "unknown");
    assert.equal(of({ ...found, out_trade_no: "x" }), "unknown");
    assert.equal(of({ ...found, refund_status: "REFUND_PROCESSING" }), "answered pending");
  });

  it("a notification says that it was taken; what the bank did only where it says so", () => {
    const fields = { gmt_refund: "2026-11-21 00:00:00" };
    assert.equal(refundOfNotification(fields, NOW).outcome, "accepted");
    assert.equal(refundOfNotification({ ...fields, dback_status: "S" }, NOW).outcome, "arrived");
    assert.equal(refundOfNotification({ ...fields, dback_status: "F" }, NOW).outcome, "returned");
  });

  it("the answer to a refund and its notification tell what went back of the order in all", () => {
    const body = { fund_change: "Y", refund_fee: "3.50", send_back_fee: "2.30" };
    const end = refundOf(ok(body), refund, NOW);
    assert.ok(end.end === "answered" && end.value.outcome === "accepted");
    assert.equal(end.value.refundedInAll, 350n);
    const told = refundOfNotification({ gmt_refund: "2026-11-21 00:00:00", refund_fee: "3.50" }, NOW);
    assert.ok(told.outcome === "accepted");
    assert.equal(told.refundedInAll, 350n);
  });
});

describe("the envelope", () => {
  const app = newPair();
  const alipay = newPair();
  const METHOD = "alipay.trade.query";
  const { channel } = scripted([]);
  const credentials = contextOf(channel, publicKeyInput(app, alipay)).credentials as AlipayCredentials;
  const read = (text: string, readOnly = false) => {
    const { result } = readEnvelope(text, METHOD, credentials, readOnly);
    return result.end === "answer" ? `answer ${result.answer.code}` : short(result);
  };
  const signed = (body: object, signer = alipay) => signedAnswer(METHOD, body, signer.privateKey);
  const unsigned = (body: object) => JSON.stringify({ alipay_trade_query_response: body });

  const cases: [title: string, text: string, meaning: string][] = [
    ["a success", signed({ code: "10000" }), "answer 10000"],
    ["a business refusal", signed({ code: "40004", sub_code: "ACQ.TRADE_NOT_EXIST" }), "answer 40004"],
    ["Alipay's own unknown", signed({ code: "20000", sub_code: "isp.unknow-error" }), "unknown"],
    ["a system error", signed({ code: "40004", sub_code: "ACQ.SYSTEM_ERROR" }), "unknown"],
    ["a nested system error", signed({ code: "40004", sub_code: "aop.ACQ.SYSTEM_ERROR" }), "unknown"],
    ["a rate refusal", signed({ code: "40005", sub_code: "isv.app-call-limited" }), "not_sent"],
    [
      "a wrong signature of ours",
      signed({ code: "40002", sub_code: "isv.invalid-signature" }),
      "refused isv.invalid-signature",
    ],
    [
      "a token that ended",
      signed({ code: "20001", sub_code: "aop.invalid-app-auth-token" }),
      "refused aop.invalid-app-auth-token",
    ],
    ["a code of no known meaning", signed({ code: "50000" }), "unknown"],
    ["another signer's success", signed({ code: "10000" }, app), "unknown"],
    ["an unsigned success", unsigned({ code: "10000" }), "unknown"],
    ["an unsigned refusal", unsigned({ code: "40002", sub_code: "isv.invalid-app-id" }), "unknown"],
    ["a page of HTML", "<html>maintenance</html>", "unknown"],
    [
      "another method's answer",
      signedAnswer("alipay.trade.pay", { code: "10000" }, alipay.privateKey),
      "unknown",
    ],
    [
      "an encrypted answer without a key",
      signedAnswer(METHOD, {}, alipay.privateKey, "", () => '"aGk="'),
      "unknown",
    ],
  ];
  for (const [title, text, meaning] of cases) {
    it(`${title}: ${meaning}`, () => assert.equal(read(text), meaning));
  }

  it("whatever is changed in a signed answer, it is no answer, or the signed part is untouched", () => {
    const text = signed({ code: "10000", trade_status: "TRADE_SUCCESS", total_amount: "12.34" });
    const inner = text.slice(text.indexOf(":") + 1, text.indexOf(',"sign"'));
    fc.assert(
      fc.property(
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 3 }),
        fc.nat({ max: 3 }),
        (position, put, cut) => {
          const at = position % text.length;
          const changed = text.slice(0, at) + put + text.slice(at + cut);
          const { result } = readEnvelope(changed, METHOD, credentials, false);
          if (result.end === "answer") assert.ok(changed.includes(inner));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("any text at all is read without a throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.equal(readEnvelope(text, METHOD, credentials, true).result.end, "unknown");
      }),
      { numRuns: 300 },
    );
  });

  it("an unsigned no to a question that moves nothing is a refusal, an unsigned yes still nothing", () => {
    const unknownApp = unsigned({ code: "40002", sub_code: "isv.invalid-app-id" });
    assert.equal(read(unknownApp, true), "refused isv.invalid-app-id");
    assert.equal(read(unsigned({ code: "10000" }), true), "unknown");
    assert.equal(read(unsigned({ code: "40004", sub_code: "ACQ.TRADE_NOT_EXIST" }), true), "unknown");
  });
});
