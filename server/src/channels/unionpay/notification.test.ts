import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import type { ChannelContext, InboundRequest } from "../port.ts";
import type { Fields } from "./signing.ts";
import {
  contextOf,
  inbound,
  inputOf,
  MER_ID,
  newKit,
  newOrder,
  newRefund,
  QUERY_ID,
  scripted,
  signedBy,
} from "./testing.ts";

const kit = newKit();
const { channel } = scripted([]);
const context = contextOf(channel, inputOf(kit));
const PAID = {
  accNo: "6216***********0018",
  accessType: "0",
  bizType: "000201",
  currencyCode: "156",
  encoding: "UTF-8",
  merId: MER_ID,
  orderId: newOrder().channelOrderNo,
  queryId: QUERY_ID,
  respCode: "00",
  respMsg: "成功[0000000]",
  settleAmt: "1234",
  settleCurrencyCode: "156",
  settleDate: "1120",
  traceNo: "000001",
  traceTime: "1120093007",
  txnAmt: "1234",
  txnSubType: "01",
  txnTime: "20261120093007",
  txnType: "01",
};
const GIVEN_BACK = {
  ...PAID,
  orderId: newRefund().channelRefundNo,
  queryId: "202611200940000000028",
  origQryId: QUERY_ID,
  txnType: "31",
  txnSubType: "00",
};
const FACTS = {
  amount: 1_234n,
  currency: "CNY",
  settleAmount: 1_234n,
  channelTradeNo: QUERY_ID,
  paidAt: new Date("2026-11-20T01:30:07Z"),
  channelDate: "2026-11-20",
  buyer: "6216***0018",
};

const told = (fields: Fields): InboundRequest => inbound(signedBy(kit, fields));
const read = (request: InboundRequest, contexts: readonly ChannelContext[] = [context]) =>
  channel.readNotification(contexts, request);
function authentic(request: InboundRequest) {
  const notification = read(request);
  assert.ok(notification.verdict === "authentic", inspect(notification));
  return notification;
}

describe("UnionPay's notifications", () => {
  it("of a payment tell the order, its id and the facts", () => {
    const { notifyId, channelOrderNo, about } = authentic(told(PAID));
    assert.equal(notifyId, `01/${QUERY_ID}/00`);
    assert.equal(channelOrderNo, newOrder().channelOrderNo);
    assert.deepEqual(about, { kind: "trade", trade: { outcome: "paid", ...FACTS } });
  });
  it("tell debit from credit, and neither where the card is both, prepaid or not told", () => {
    const cases = {
      "01": "debit",
      "02": "credit",
      "03": "credit",
      "04": undefined,
      "05": undefined,
    } as const;
    for (const [payCardType, cardType] of Object.entries(cases)) {
      const { about } = authentic(told({ ...PAID, payCardType }));
      assert.ok(about.kind === "trade" && about.trade.outcome === "paid");
      assert.equal(about.trade.cardType, cardType, payCardType);
    }
  });

  it("that settle less, or in another currency, tell so", () => {
    const settled = (changes: Fields) => {
      const { about } = authentic(told({ ...PAID, ...changes }));
      return about.kind === "trade" && about.trade.outcome === "paid" ? about.trade.settleAmount : undefined;
    };
    assert.equal(settled({ settleAmt: "1084" }), 1_084n);
    assert.equal(settled({ settleAmt: "200", settleCurrencyCode: "840" }), null);
    assert.equal(settled({ settleAmt: "1235" }), null);
  });

  it("around the change of the clearing day are of the day that they name", () => {
    const late = { ...PAID, settleDate: "1121", traceTime: "1120230500" };
    const { about } = authentic(told(late));
    assert.ok(about.kind === "trade" && about.trade.outcome === "paid");
    assert.equal(about.trade.channelDate, "2026-11-21");
    const { settleDate: _, ...unnamed } = late;
    const without = authentic(told(unnamed)).about;
    assert.ok(without.kind === "trade" && without.trade.outcome === "paid");
    assert.equal(without.trade.channelDate, "2026-11-21");
  });

  it("of a failure or of one under way tell that", () => {
    const outcome = (respCode: string) => {
      const { about } = authentic(told({ ...PAID, respCode }));
      return about.kind === "trade" ? about.trade.outcome : about.kind;
    };
    assert.deepEqual(["64", "05", "A6"].map(outcome), ["failed", "pending", "paid"]);
  });

  for (const [title, txnType] of [
    ["void", "31"],
    ["refund", "04"],
  ] as const) {
    it(`of a ${title} tell its own number and sum, and the payment by its queryId`, () => {
      const { channelOrderNo, channelTradeNo, about } = authentic(told({ ...GIVEN_BACK, txnType }));
      assert.equal(channelOrderNo, null);
      assert.equal(channelTradeNo, QUERY_ID);
      assert.deepEqual(about, {
        kind: "refund",
        channelRefundNo: newRefund().channelRefundNo,
        refund: {
          outcome: "arrived",
          settleAmount: null,
          channelRefundNo: GIVEN_BACK.queryId,
          channelDate: "2026-11-20",
        },
        amount: 1_234n,
        trade: null,
      });
    });
  }

  it("keep card and certificate out of the record", () => {
    const { request } = authentic(told(PAID)).exchange;
    for (const secret of ["6216***********0018", "BEGIN CERTIFICATE", "signature"]) {
      assert.ok(!request.includes(secret), request);
    }
  });

  it("verify with whichever version of the credentials was in use", () => {
    const other = contextOf(channel, { ...inputOf(newKit()) });
    assert.equal(read(told(PAID), [other, context]).verdict, "authentic");
    assert.equal(read(told(PAID), [context, other]).verdict, "authentic");
  });
});

describe("refused is a notification", () => {
  const other = newKit();
  const form = signedBy(kit, PAID);
  const body = inbound(form).body.toString();
  const refusals: [title: string, request: InboundRequest, reason: RegExp][] = [
    ["with a changed amount", inbound({ ...form, txnAmt: "1" }), /signature/],
    ["with a field more", inbound({ ...form, reqReserved: "x" }), /signature/],
    ["without a signature", inbound({ ...form, signature: "" }), /not signed/],
    ["of another chain", inbound(signedBy(other, PAID)), /not issued/],
    [
      "signed by a merchant of the same authority",
      inbound(signedBy({ ...kit, unionpay: kit.merchant }, PAID, kit.merchantCertificate)),
      /by name/,
    ],
    ["for another merchant", told({ ...PAID, merId: "777290058110049" }), /another merchant/],
    ["of another type", told({ ...PAID, txnType: "02" }), /txnType 02/],
    ["of a refund that names no payment", told({ ...GIVEN_BACK, origQryId: "" }), /no payment/],
    ["without an order", told({ ...PAID, orderId: "" }), /no order/],
    ["without a queryId", told({ ...PAID, queryId: "" }), /no queryId/],
    ["without an amount", told({ ...PAID, txnAmt: "" }), /txnAmt/],
    ["of another currency", told({ ...PAID, currencyCode: "840" }), /another currency/],
    ["of an unknown code", told({ ...PAID, respCode: "99" }), /99/],
    ["that names a field twice", inbound(Buffer.from(`${body}&txnAmt=1234`)), /names each field once/],
    ["that is not UTF-8", inbound(Buffer.from([0xff, 0xfe])), /names each field once/],
    ["that is no POST", { ...inbound(form), method: "GET" }, /method/],
    [
      "that comes when the certificates are over",
      { ...inbound(form), receivedAt: new Date("2046-01-01") },
      /valid/,
    ],
  ];
  for (const [title, request, reason] of refusals) {
    it(title, () => {
      const notification = read(request);
      assert.ok(notification.verdict === "refused", inspect(notification));
      assert.match(notification.reason, reason);
    });
  }

  it("where no credentials are left", () => assert.equal(read(told(PAID), []).verdict, "refused"));

  it("and is told by its status", () => {
    assert.deepEqual(channel.acknowledge(true), {
      status: 200,
      contentType: "text/plain; charset=utf-8",
      body: "ok",
    });
    assert.notEqual(channel.acknowledge(false).status, 200);
  });
});
