import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ApiRequest,
  billRequest,
  clientIdsOf,
  closeRequest,
  placeRequest,
  plainText,
  queryRequest,
  refundQueryRequest,
  refundRequest,
} from "./requests.ts";
import { APPID, MCHID, newOrder, newRefund, SUB_APPID, SUB_MCHID } from "./testing.ts";

const direct = { mchid: MCHID, appid: APPID, subMchid: null, subAppid: null };
const provider = { ...direct, subMchid: SUB_MCHID };
const withApp = { ...provider, subAppid: SUB_APPID };
const order = newOrder();
const no = order.channelOrderNo;
const refund = newRefund();

const COMMON = {
  description: "测试商品",
  out_trade_no: no,
  time_expire: "2026-11-20T10:30:07+08:00",
  notify_url: order.notifyUrl,
  amount: { total: 1_234, currency: "CNY" },
};
const DIRECT = { mchid: MCHID, appid: APPID };
const PROVIDER = { sp_mchid: MCHID, sub_mchid: SUB_MCHID, sp_appid: APPID };
const jsapi = newOrder({ method: "wechat.jsapi", buyer: "oUpF8uMuAJO" });
const H5 = { scene_info: { payer_client_ip: "203.0.113.7", h5_info: { type: "Wap" } } };

describe("what is asked of WeChat Pay", () => {
  const cases: Record<string, readonly [ApiRequest, ApiRequest]> = {
    "a code": [
      placeRequest(order, direct),
      { method: "POST", target: "/v3/pay/transactions/native", body: { ...DIRECT, ...COMMON } },
    ],
    "a code for a service provider": [
      placeRequest(order, provider),
      { method: "POST", target: "/v3/pay/partner/transactions/native", body: { ...PROVIDER, ...COMMON } },
    ],
    "a page inside WeChat": [
      placeRequest(jsapi, direct),
      {
        method: "POST",
        target: "/v3/pay/transactions/jsapi",
        body: { ...DIRECT, ...COMMON, payer: { openid: "oUpF8uMuAJO" } },
      },
    ],
    "a page inside WeChat, the buyer known at the provider's app": [
      placeRequest(jsapi, provider),
      {
        method: "POST",
        target: "/v3/pay/partner/transactions/jsapi",
        body: { ...PROVIDER, ...COMMON, payer: { sp_openid: "oUpF8uMuAJO" } },
      },
    ],
    "a page inside WeChat, the buyer known at the merchant's app": [
      placeRequest(jsapi, withApp),
      {
        method: "POST",
        target: "/v3/pay/partner/transactions/jsapi",
        body: { ...PROVIDER, sub_appid: SUB_APPID, ...COMMON, payer: { sub_openid: "oUpF8uMuAJO" } },
      },
    ],
    "a page in a phone's browser": [
      placeRequest(newOrder({ method: "wechat.h5", buyerIp: "203.0.113.7" }), direct),
      { method: "POST", target: "/v3/pay/transactions/h5", body: { ...DIRECT, ...COMMON, ...H5 } },
    ],
    "an app": [
      placeRequest(newOrder({ method: "wechat.app" }), direct),
      { method: "POST", target: "/v3/pay/transactions/app", body: { ...DIRECT, ...COMMON } },
    ],
    "a query": [
      queryRequest(no, direct),
      { method: "GET", target: `/v3/pay/transactions/out-trade-no/${no}?mchid=${MCHID}`, body: null },
    ],
    "a service provider's query": [
      queryRequest(no, provider),
      {
        method: "GET",
        target: `/v3/pay/partner/transactions/out-trade-no/${no}?sp_mchid=${MCHID}&sub_mchid=${SUB_MCHID}`,
        body: null,
      },
    ],
    "a close": [
      closeRequest(order, direct),
      {
        method: "POST",
        target: `/v3/pay/transactions/out-trade-no/${no}/close`,
        body: { mchid: MCHID },
      },
    ],
    "a service provider's close": [
      closeRequest(order, provider),
      {
        method: "POST",
        target: `/v3/pay/partner/transactions/out-trade-no/${no}/close`,
        body: { sp_mchid: MCHID, sub_mchid: SUB_MCHID },
      },
    ],
    "a refund": [
      refundRequest(refund, direct),
      {
        method: "POST",
        target: "/v3/refund/domestic/refunds",
        body: {
          out_trade_no: no,
          out_refund_no: refund.channelRefundNo,
          notify_url: refund.notifyUrl,
          amount: { refund: 234, total: 1_234, currency: "CNY" },
        },
      },
    ],
    "a service provider's refund, with a reason": [
      refundRequest(newRefund({ reason: "退货😀" }), provider),
      {
        method: "POST",
        target: "/v3/refund/domestic/refunds",
        body: {
          sub_mchid: SUB_MCHID,
          out_trade_no: no,
          out_refund_no: refund.channelRefundNo,
          reason: "退货□",
          notify_url: refund.notifyUrl,
          amount: { refund: 234, total: 1_234, currency: "CNY" },
        },
      },
    ],
    "a query of a refund": [
      refundQueryRequest(refund, direct),
      { method: "GET", target: `/v3/refund/domestic/refunds/${refund.channelRefundNo}`, body: null },
    ],
    "a service provider's query of a refund": [
      refundQueryRequest(refund, provider),
      {
        method: "GET",
        target: `/v3/refund/domestic/refunds/${refund.channelRefundNo}?sub_mchid=${SUB_MCHID}`,
        body: null,
      },
    ],
    "a statement": [
      billRequest("2026-11-19", direct),
      {
        method: "GET",
        target: "/v3/bill/tradebill?bill_date=2026-11-19&bill_type=ALL&tar_type=GZIP",
        body: null,
      },
    ],
    "a service provider's statement of one merchant": [
      billRequest("2026-11-19", provider),
      {
        method: "GET",
        target: `/v3/bill/tradebill?bill_date=2026-11-19&bill_type=ALL&tar_type=GZIP&sub_mchid=${SUB_MCHID}`,
        body: null,
      },
    ],
  };
  for (const [title, [made, expected]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(made, expected));
  }

  it("is the same, byte for byte, when the same order is placed again", () => {
    const [one, other] = [placeRequest(order, direct), placeRequest({ ...order }, direct)];
    assert.equal(JSON.stringify(one), JSON.stringify(other));
  });

  it("a reason is cut to 80 characters, an empty one left out", () => {
    const long = refundRequest(newRefund({ reason: "退".repeat(100) }), direct);
    assert.equal((long.body as { reason: string }).reason.length, 80);
    assert.ok(!("reason" in (refundRequest(newRefund({ reason: " " }), direct).body ?? {})));
  });

  it("text keeps out what the protocol or a line of the statement cannot hold", () => {
    assert.equal(plainText("茶🍵`a`\n\tb"), "茶□'a'  b");
  });

  it("the buyer's device names the merchant that he pays", () => {
    assert.deepEqual(clientIdsOf(direct), { appId: APPID, partnerId: MCHID });
    assert.deepEqual(clientIdsOf(provider), { appId: APPID, partnerId: SUB_MCHID });
    assert.deepEqual(clientIdsOf(withApp), { appId: SUB_APPID, partnerId: SUB_MCHID });
  });
});
