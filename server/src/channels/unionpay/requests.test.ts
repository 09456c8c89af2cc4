import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf } from "./gateway.ts";
import {
  fileRequest,
  placeRequest,
  queryRequest,
  refundQueryRequest,
  refundRequest,
  reverseRequest,
  type UnionpayRequest,
} from "./requests.ts";
import { CERT_ID, MER_ID, NOW, newOrder, newRefund, QUERY_ID } from "./testing.ts";

const ids = { merId: MER_ID, accessType: "0", certId: CERT_ID, termId: "00000009" };
const HEAD = {
  version: "5.1.0",
  encoding: "UTF-8",
  signMethod: "01",
  certId: CERT_ID,
  accessType: "0",
  merId: MER_ID,
};
const ORDER = { orderId: "att01k0000000000000000000000", txnTime: "20261120093007" };
const REFUND = { orderId: "rfd01k0000000000000000000000", txnTime: "20261120093007" };
const MONEY = { txnAmt: "1234", currencyCode: "156" };
const BACK = { backUrl: "https://pay.example/notify/unionpay/cha_1" };
const PLACED = { txnType: "01", ...ORDER, ...MONEY, ...BACK, payTimeout: "20261120103007" };
const code = newOrder({ method: "unionpay.code", paymentCode: "6225735053201615202", terminalNo: "T1" });

describe("UnionPay's requests", () => {
  const requests: [title: string, request: UnionpayRequest, endpoint: string, fields: object][] = [
    [
      "a page",
      placeRequest(newOrder({ method: "unionpay.page" }), ids),
      "frontTransReq",
      {
        ...PLACED,
        txnSubType: "01",
        bizType: "000201",
        channelType: "07",
        frontUrl: "https://pay.example/pay/1",
      },
    ],
    [
      "a code that we show",
      placeRequest(newOrder(), ids),
      "backTransReq",
      { ...PLACED, txnSubType: "07", bizType: "000000", channelType: "08" },
    ],
    [
      "an app",
      placeRequest(newOrder({ method: "unionpay.app" }), ids),
      "appTransReq",
      { ...PLACED, txnSubType: "01", bizType: "000201", channelType: "08" },
    ],
    [
      "the buyer's code",
      placeRequest(code, ids),
      "backTransReq",
      {
        ...PLACED,
        txnSubType: "06",
        bizType: "000000",
        channelType: "08",
        qrNo: "6225735053201615202",
        termId: "000000T1",
      },
    ],
    [
      "a query",
      queryRequest(newOrder(), ids),
      "queryTrans",
      { txnType: "00", txnSubType: "00", bizType: "000000", ...ORDER },
    ],
    [
      "a reversal, under the order's own number and time",
      reverseRequest(code, ids),
      "backTransReq",
      { txnType: "99", txnSubType: "01", bizType: "000000", channelType: "08", ...ORDER },
    ],
    [
      "a void",
      refundRequest(newRefund(), "void", QUERY_ID, ids),
      "backTransReq",
      {
        txnType: "31",
        txnSubType: "00",
        bizType: "000000",
        channelType: "08",
        ...REFUND,
        ...MONEY,
        ...BACK,
        origQryId: QUERY_ID,
      },
    ],
    [
      "a refund of a page's order",
      refundRequest(
        newRefund({ amount: 100n, order: newOrder({ method: "unionpay.page" }) }),
        "refund",
        QUERY_ID,
        ids,
      ),
      "backTransReq",
      {
        txnType: "04",
        txnSubType: "00",
        bizType: "000201",
        channelType: "07",
        ...REFUND,
        ...MONEY,
        txnAmt: "100",
        ...BACK,
        origQryId: QUERY_ID,
      },
    ],
    [
      "a query for a refund",
      refundQueryRequest(newRefund(), ids),
      "queryTrans",
      { txnType: "00", txnSubType: "00", bizType: "000000", ...REFUND },
    ],
    [
      "a statement",
      fileRequest("2026-11-19", NOW, ids),
      "file",
      {
        txnType: "76",
        txnSubType: "01",
        bizType: "000000",
        txnTime: "20261120093007",
        fileType: "00",
        settleDate: "1119",
      },
    ],
  ];
  for (const [title, request, endpoint, fields] of requests) {
    it(title, () => assert.deepEqual(request, { endpoint, fields: { ...HEAD, ...fields } }));
  }

  it("a till without a number that fits is told by the account's", () => {
    for (const terminalNo of ["till-no-0001", null]) {
      assert.equal(placeRequest({ ...code, terminalNo }, ids).fields.termId, "00000009");
    }
  });

  it("a page without a way back names none", () => {
    const page = newOrder({ method: "unionpay.page", returnUrl: null });
    assert.equal("frontUrl" in placeRequest(page, ids).fields, false);
  });

  it("the access type is the account's", () => {
    assert.equal(queryRequest(newOrder(), { ...ids, accessType: "2" }).fields.accessType, "2");
  });

  const addresses: [gatewayUrl: string, query: string, file: string][] = [
    [
      "https://gateway.95516.com",
      "https://gateway.95516.com/gateway/api/queryTrans.do",
      "https://filedownload.95516.com/",
    ],
    [
      "https://gateway.test.95516.com/gateway/api/",
      "https://gateway.test.95516.com/gateway/api/queryTrans.do",
      "https://filedownload.test.95516.com/",
    ],
    [
      "http://127.0.0.1:9",
      "http://127.0.0.1:9/gateway/api/queryTrans.do",
      "http://127.0.0.1:9/unionpay/file/",
    ],
  ];
  for (const [gatewayUrl, query, file] of addresses) {
    it(`${gatewayUrl} leads to its endpoints`, () => {
      assert.equal(addressOf(gatewayUrl, "queryTrans"), query);
      assert.equal(addressOf(gatewayUrl, "file"), file);
    });
  }
});
