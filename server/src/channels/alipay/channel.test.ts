import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChannelContext, InboundRequest } from "../port.ts";
import type { AlipayCredentialsInput } from "./credentials.ts";
import { encryptContent } from "./signing.ts";
import {
  APP_ID,
  contextOf,
  NOW,
  newOrder,
  newPair,
  newRefund,
  publicKeyInput,
  response,
  rsa2,
  SELLER_ID,
  scripted,
  signedAnswer,
} from "./testing.ts";

const app = newPair();
const alipay = newPair();
const input = publicKeyInput(app, alipay);
const order = newOrder();
const no = order.channelOrderNo;
const TRADE_NO = "2026112022001400000000000001";

function answered(method: string, inner: object) {
  return response(signedAnswer(method, inner, alipay.privateKey));
}

describe("Alipay's connector", () => {
  it("sends the public parameters in the address and the business content in the body", async () => {
    const { channel, sent } = scripted([
      answered("alipay.trade.precreate", {
        code: "10000",
        out_trade_no: no,
        qr_code: "https://qr.alipay.com/bax1",
      }),
    ]);
    const call = await channel.pay(contextOf(channel, input), order);
    assert.ok(call.end === "answered" && call.value.outcome === "pending");
    assert.deepEqual(call.value.nextAction, { type: "qr_code", qrCode: "https://qr.alipay.com/bax1" });
    const url = new URL(sent[0]?.url ?? "");
    assert.equal(url.searchParams.get("notify_url"), order.notifyUrl);
    assert.equal(url.searchParams.get("biz_content"), null);
    const body = new URLSearchParams(sent[0]?.body ?? "");
    assert.equal(JSON.parse(body.get("biz_content") ?? "").out_trade_no, no);
  });

  it("a page, a wap page and an app order need no call: the buyer gets the signed order", async () => {
    const { channel, sent } = scripted([]);
    const context = contextOf(channel, input);
    for (const [method, type] of [
      ["alipay.page", "redirect"],
      ["alipay.wap", "redirect"],
      ["alipay.app", "app_params"],
    ]) {
      const call = await channel.pay(context, newOrder({ method: method as string }));
      assert.ok(call.end === "answered" && call.value.outcome === "pending");
      assert.equal(call.value.nextAction?.type, type);
      assert.doesNotMatch(call.exchange.request, /"sign"/);
    }
    assert.equal(sent.length, 0);
  });

  it("passes on whether a request was sent, and takes no HTTP error for an answer", async () => {
    const { channel } = scripted([
      { end: "not_sent", reason: "ECONNREFUSED" },
      { end: "unknown", reason: "time-out" },
      response("bad gateway", 502),
    ]);
    const context = contextOf(channel, input);
    assert.equal((await channel.pay(context, order)).end, "not_sent");
    assert.equal((await channel.pay(context, order)).end, "unknown");
    const third = await channel.pay(context, order);
    assert.ok(third.end === "unknown");
    assert.match(third.reason, /502/);
  });

  it("close that came too late asks, and tells that the buyer paid", async () => {
    const { channel, sent } = scripted([
      answered("alipay.trade.close", { code: "40004", sub_code: "ACQ.TRADE_STATUS_ERROR" }),
      answered("alipay.trade.query", {
        code: "10000",
        out_trade_no: no,
        trade_no: TRADE_NO,
        trade_status: "TRADE_SUCCESS",
        total_amount: "12.34",
        send_pay_date: "2026-11-20 09:30:00",
      }),
    ]);
    const call = await channel.close(contextOf(channel, input), order);
    assert.ok(call.end === "answered");
    assert.equal(call.value.outcome, "paid");
    assert.equal(sent.length, 2);
    assert.equal(call.exchange.operation, "close");
    assert.equal(call.exchange.channelCode, "40004/ACQ.TRADE_STATUS_ERROR, 10000");
  });

  it("close that came too late and cannot ask is unknown, not undone", async () => {
    const { channel } = scripted([
      answered("alipay.trade.close", { code: "40004", sub_code: "ACQ.TRADE_STATUS_ERROR" }),
      { end: "not_sent", reason: "ECONNREFUSED" },
    ]);
    assert.equal((await channel.close(contextOf(channel, input), order)).end, "unknown");
  });

  it("a cancel that tells no refund is asked about: the money may have gone back before", async () => {
    const { channel } = scripted([
      answered("alipay.trade.cancel", {
        code: "10000",
        out_trade_no: no,
        trade_no: TRADE_NO,
        retry_flag: "N",
        action: "close",
      }),
      answered("alipay.trade.query", {
        code: "10000",
        out_trade_no: no,
        trade_no: TRADE_NO,
        trade_status: "TRADE_CLOSED",
        total_amount: "12.34",
        send_pay_date: "2026-11-20 09:30:00",
      }),
    ]);
    const call = await channel.reverse(contextOf(channel, input), order);
    assert.ok(call.end === "answered" && call.value.outcome === "reversed");
    assert.equal(call.value.moneyReturned, true);
  });

  it("encrypted content is encrypted both ways, and signed as it is sent", async () => {
    const key = Buffer.from("MDEyMzQ1Njc4OWFiY2RlZg==", "base64");
    const { channel, sent } = scripted([
      response(
        signedAnswer("alipay.trade.query", {}, alipay.privateKey, "", () => {
          const inner = JSON.stringify({ code: "40004", sub_code: "ACQ.TRADE_NOT_EXIST" });
          return JSON.stringify(encryptContent(inner, key));
        }),
      ),
    ]);
    const encrypted = { ...input, encrypt_key: key.toString("base64") } as AlipayCredentialsInput;
    const call = await channel.query(contextOf(channel, encrypted), order);
    assert.ok(call.end === "answered");
    assert.equal(call.value.outcome, "not_found");
    assert.doesNotMatch(sent[0]?.body ?? "", /out_trade_no/);
  });

  it("proves a pair of keys by a signed question, and is not content with less", async () => {
    const nobody = { code: "40004", sub_code: "ACQ.TRADE_NOT_EXIST" };
    const refused = { code: "40002", sub_code: "isv.invalid-signature" };
    const { channel } = scripted([
      answered("alipay.trade.query", nobody),
      answered("alipay.trade.query", refused),
      response(signedAnswer("alipay.trade.query", nobody, app.privateKey)),
    ]);
    const context = contextOf(channel, input);
    assert.equal((await channel.prove(context)).end, "answered");
    assert.equal((await channel.prove(context)).end, "refused");
    assert.equal((await channel.prove(context)).end, "unknown");
  });

  it("keeps no key, signature, token or whole payment code in what people read", async () => {
    const { channel } = scripted([
      answered("alipay.trade.pay", {
        code: "10000",
        out_trade_no: no,
        trade_no: TRADE_NO,
        total_amount: "12.34",
        gmt_payment: "2026-11-20 09:30:00",
        buyer_user_id: "2088123443211234",
      }),
    ]);
    const paying = newOrder({ method: "alipay.code", paymentCode: "281234567890123456" });
    const context = contextOf(channel, { ...input, app_auth_token: "202611BBsecret" });
    const call = await channel.pay(context, paying);
    assert.ok(call.end === "answered" && call.value.outcome === "paid");
    assert.equal(call.value.buyer, "2088***1234");
    const { request, response: said, channelCode } = call.exchange;
    assert.equal(channelCode, "10000");
    assert.match(request, /2812\*\*\*3456/);
    const text = `${request}${said}`;
    assert.doesNotMatch(text, /281234567890123456|202611BBsecret|"sign"|2088123443211234/);
  });

  it("keeps out what Alipay repeats of a request whose signature it did not accept", async () => {
    const sub_msg =
      "验签出错，网关生成的验签字符串为：app_auth_token=202611BBsecret&biz_content=281234567890123456";
    const { channel } = scripted([
      answered("alipay.trade.query", { code: "40002", sub_code: "isv.invalid-signature", sub_msg }),
    ]);
    const call = await channel.query(contextOf(channel, input), order);
    assert.ok(call.end === "refused");
    assert.match(call.message, /^验签出错/);
    assert.doesNotMatch(JSON.stringify(call), /202611BBsecret|281234567890123456/);
  });

  it("a refund's terminal no is told, its lack of funds may be repeated", async () => {
    const { channel } = scripted([
      answered("alipay.trade.refund", { code: "40004", sub_code: "ACQ.TRADE_HAS_FINISHED", sub_msg: "over" }),
      answered("alipay.trade.refund", { code: "40004", sub_code: "ACQ.SELLER_BALANCE_NOT_ENOUGH" }),
    ]);
    const context = contextOf(channel, input);
    const over = await channel.refund(context, newRefund());
    assert.ok(over.end === "answered");
    assert.deepEqual(over.value, { outcome: "failed", code: "ACQ.TRADE_HAS_FINISHED", message: "over" });
    const funds = await channel.refund(context, newRefund());
    assert.ok(funds.end === "refused" && funds.retryable);
  });
});

describe("Alipay's notifications", () => {
  const { channel } = scripted([]);
  const context = contextOf(channel, input);
  const fields = {
    notify_type: "trade_status_sync",
    notify_id: "2026112000222093005000000000000001",
    app_id: APP_ID,
    seller_id: SELLER_ID,
    out_trade_no: no,
    trade_no: TRADE_NO,
    trade_status: "TRADE_SUCCESS",
    total_amount: "12.34",
    gmt_payment: "2026-11-20 09:30:07",
    subject: "a+b & 100%",
    charset: "utf-8",
    version: "1.0",
  };
  function inbound(sent: Record<string, string>, signer = alipay, changed: Record<string, string> = {}) {
    const names = Object.keys(sent).sort();
    const text = names.map((name) => `${name}=${sent[name]}`).join("&");
    const form = { ...sent, ...changed, sign_type: "RSA2", sign: rsa2(text, signer.privateKey) };
    return raw(new URLSearchParams(form).toString());
  }
  function raw(body: string, method = "POST"): InboundRequest {
    return { method, headers: {}, query: "", body: Buffer.from(body), receivedAt: NOW };
  }
  const read = (request: InboundRequest, contexts: readonly ChannelContext[] = [context]) =>
    channel.readNotification(contexts, request);

  it("an authentic one tells the order, its id and the outcome", () => {
    const notification = read(inbound(fields));
    assert.ok(notification.verdict === "authentic");
    assert.equal(notification.notifyId, fields.notify_id);
    assert.equal(notification.channelOrderNo, no);
    assert.ok(notification.about.kind === "trade" && notification.about.trade.outcome === "paid");
    assert.equal(notification.about.trade.amount, 1_234n);
    assert.doesNotMatch(notification.exchange.request, /"sign"/);
  });

  it("one about a refund names it, and the sum refunded so far", () => {
    const partly = { ...fields, out_biz_no: "rfd1", refund_fee: "2.34", gmt_refund: "2026-11-20 10:00:00" };
    const notification = read(inbound(partly));
    assert.ok(notification.verdict === "authentic" && notification.about.kind === "refund");
    assert.equal(notification.about.channelRefundNo, "rfd1");
    assert.equal(notification.about.refund.outcome, "accepted");
    const { trade } = notification.about;
    assert.ok(trade?.outcome === "refunded");
    assert.equal(trade.refundedAmount, 234n);
  });

  it("an older version of the credentials still verifies after a rotation", () => {
    const rotated = contextOf(channel, publicKeyInput(app, newPair()));
    assert.equal(read(inbound(fields), [rotated, context]).verdict, "authentic");
    assert.equal(read(inbound(fields), [rotated]).verdict, "refused");
  });

  const forgeries: Record<string, () => InboundRequest> = {
    "signed by somebody else": () => inbound(fields, app),
    "tampered with": () => inbound(fields, alipay, { total_amount: "0.01" }),
    "without a signature": () => raw(new URLSearchParams(fields).toString()),
    "for another app": () => inbound({ ...fields, app_id: "2021000000000002" }),
    "for another seller": () => inbound({ ...fields, seller_id: "2088000000000009" }),
    "without an order": () => inbound({ ...fields, out_trade_no: "" }),
    "of a status nobody knows": () => inbound({ ...fields, trade_status: "NEW" }),
    "naming a field twice": () => raw(`${inbound(fields).body.toString()}&total_amount=0.01`),
    "not in UTF-8": () => ({ ...raw(""), body: Buffer.from([0x61, 0x3d, 0xd6, 0xa7]) }),
    empty: () => raw(""),
    "by GET": () => ({ ...inbound(fields), method: "GET" }),
  };
  for (const [title, request] of Object.entries(forgeries)) {
    it(`one ${title} is refused`, () => {
      const notification = read(request());
      assert.ok(notification.verdict === "refused");
      assert.notEqual(notification.reason, "");
    });
  }

  it("is acknowledged with exactly the seven characters success, and refused with others", () => {
    assert.equal(channel.acknowledge(true).body, "success");
    assert.notEqual(channel.acknowledge(false).body, "success");
  });
});
