import assert from "node:assert/strict";
import { constants, privateDecrypt } from "node:crypto";
import { describe, it } from "node:test";
import type { ShareOrder, ShareReceiver } from "../port.ts";
import { shareOf } from "./sharing-outcomes.ts";
import {
  bindRequest,
  finishRequest,
  returnRequest,
  shareQueryRequest,
  shareRequest,
} from "./sharing-requests.ts";
import {
  APPID,
  contextOf,
  KEY_ID,
  MCHID,
  NOW,
  newPair,
  publicKeyInput,
  SUB_MCHID,
  scripted,
  signed,
} from "./testing.ts";

const merchant = newPair();
const wechat = newPair();
const ids = { mchid: MCHID, appid: APPID, subMchid: null, subAppid: null };
const partner = { ...ids, subMchid: SUB_MCHID };
const receiver: ShareReceiver = {
  type: "MERCHANT_ID",
  account: "1900000777",
  name: "示例供应商有限公司",
  relation: null,
};
const share: ShareOrder = {
  order: { channelOrderNo: "att1", channelTradeNo: "4200000000202611200000000001", currency: "CNY" },
  channelShareNo: "shr01k0000000000000000000000",
  receiver: { ...receiver, name: null },
  amount: 300n,
  description: "分给`供应商\n",
};

describe("what WeChat Pay is asked of splitting", () => {
  it("a receiver's name is sealed with RSAES-OAEP over SHA-1, which WeChat Pay opens", () => {
    const { target, body } = bindRequest(receiver, ids, wechat.publicKey);
    assert.equal(target, "/v3/profitsharing/receivers/add");
    const { name, ...rest } = body ?? {};
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const opened = privateDecrypt(
      { key: wechat.privateKey, padding, oaepHash: "sha1" },
      Buffer.from(String(name), "base64"),
    );
    assert.equal(opened.toString("utf8"), receiver.name);
    const plain = { appid: APPID, type: "MERCHANT_ID", account: "1900000777", relation_type: "PARTNER" };
    assert.deepEqual(rest, plain);
  });
  it("the request names the key that its name is sealed with, and no record shows it", async () => {
    const answer = signed(200, { type: "MERCHANT_ID", account: "1900000777" }, wechat.privateKey);
    const { channel, sent } = scripted([answer]);
    const call = await channel.sharing?.bindReceiver(
      contextOf(channel, publicKeyInput(merchant, wechat)),
      receiver,
      "1",
    );
    assert.ok(call?.end === "answered");
    assert.equal(new Headers(sent[0]?.headers as Record<string, string>).get("wechatpay-serial"), KEY_ID);
    const { name } = JSON.parse(String(sent[0]?.body)) as { name: string };
    assert.ok(!call.exchange.request.includes(name) && !call.exchange.request.includes("示例"));
  });
  it("one receiver, in fen, and the rest stays frozen", () => {
    assert.deepEqual(shareRequest(share, partner).body, {
      sub_mchid: SUB_MCHID,
      appid: APPID,
      transaction_id: share.order.channelTradeNo,
      out_order_no: share.channelShareNo,
      receivers: [{ type: "MERCHANT_ID", account: "1900000777", amount: 300, description: "分给'供应商 " }],
      unfreeze_unsplit: false,
    });
    const { target } = shareQueryRequest(share, partner);
    const query = `?sub_mchid=${SUB_MCHID}&transaction_id=${share.order.channelTradeNo}`;
    assert.equal(target, `/v3/profitsharing/orders/${share.channelShareNo}${query}`);
  });
  it("a return names the share and who gives; the end a number of its own", () => {
    const given = { share, channelReturnNo: "shb1", amount: 100n, description: "退" };
    const { out_order_no, out_return_no, return_mchid, amount } = returnRequest(given, ids).body ?? {};
    assert.deepEqual(
      [out_order_no, out_return_no, return_mchid, amount],
      [share.channelShareNo, "shb1", "1900000777", 100],
    );
    const { out_order_no: finishNo, transaction_id } = finishRequest(share.order, "shr2", ids).body ?? {};
    assert.deepEqual([finishNo, transaction_id], ["shr2", share.order.channelTradeNo]);
  });
});

describe("what WeChat Pay says of a share", () => {
  const told = (one: object) => ({
    code: null,
    message: "",
    body: {
      out_order_no: share.channelShareNo,
      order_id: "3008",
      receivers: [{ type: "MERCHANT_ID", account: "1900000777", amount: 300, ...one }],
    },
  });
  it("PENDING is under way, SUCCESS done on its own day, CLOSED failed with its reason", () => {
    const outcome = (one: object) => shareOf(told(one), share, NOW, true);
    assert.deepEqual(outcome({ result: "PENDING" }), {
      end: "answered",
      value: { outcome: "pending", channelOwnNo: "3008" },
    });
    const done = outcome({ result: "SUCCESS", finish_time: "2026-11-19T23:59:59+08:00" });
    assert.deepEqual(done, {
      end: "answered",
      value: { outcome: "done", channelOwnNo: "3008", channelDate: "2026-11-19" },
    });
    const closed = outcome({ result: "CLOSED", fail_reason: "NO_RELATION" });
    assert.ok(
      closed.end === "answered" && closed.value.outcome === "failed" && closed.value.code === "NO_RELATION",
    );
  });
  const strangers: Record<string, object> = {
    "about another receiver": { account: "1900000778", result: "SUCCESS" },
    "about another amount": { amount: 301, result: "SUCCESS" },
    "in words that nobody knows": { result: "DONE" },
  };
  for (const [title, one] of Object.entries(strangers)) {
    it(`${title} is unknown, and asked again`, () => {
      assert.equal(shareOf(told(one), share, NOW, true).end, "unknown");
    });
  }
});
