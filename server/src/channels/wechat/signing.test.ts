import assert from "node:assert/strict";
import { createVerify } from "node:crypto";
import { describe, it } from "node:test";
import {
  appParameters,
  authorization,
  decryptResource,
  jsapiParameters,
  linesText,
  signatureHeaders,
  strangerBy,
} from "./signing.ts";
import { API_V3_KEY, headersFor, KEY_ID, MCHID, NOW, newPair, SERIAL_NO, TIMESTAMP } from "./testing.ts";

const merchant = newPair();
const wechat = newPair();
const once = { nonce: "593BEC0C930BF1AFEB40B4A08C8FB242", at: NOW };

function verifies(text: string, signature: string, key = merchant.publicKey): boolean {
  return createVerify("RSA-SHA256").update(text).verify(key, signature, "base64");
}

describe("a request's signature", () => {
  const credentials = { mchid: MCHID, serialNo: SERIAL_NO, privateKey: merchant.privateKey };
  const cases = [
    { title: "with a body", method: "POST", target: "/v3/pay/transactions/native", body: '{"a":"中"}' },
    { title: "without one: the last line is empty", method: "GET", target: "/v3/x?mchid=1&a=%2F", body: "" },
  ];
  for (const { title, ...request } of cases) {
    it(`covers five lines, ${title}`, () => {
      const header = authorization(request, credentials, once);
      assert.ok(header.startsWith('WECHATPAY2-SHA256-RSA2048 mchid="'));
      const parts = header.slice(header.indexOf(" ") + 1).split(",");
      assert.deepEqual(
        parts.map((part) => part.split("=", 1)[0]),
        ["mchid", "nonce_str", "timestamp", "serial_no", "signature"],
      );
      const values = parts.map((part) => part.slice(part.indexOf("=") + 2, -1));
      const [mchid, nonce, timestamp, serial, signature = ""] = values;
      assert.deepEqual([mchid, nonce, timestamp, serial], [MCHID, once.nonce, TIMESTAMP, SERIAL_NO]);
      const { method, target, body } = request;
      assert.ok(verifies(`${method}\n${target}\n${TIMESTAMP}\n${once.nonce}\n${body}\n`, signature));
    });
  }
});

describe("what the buyer's device carries is signed", () => {
  it("for a page inside WeChat: four lines, the package named prepay_id=", () => {
    const fields = jsapiParameters("wx201410272009395522", "wxapp", merchant.privateKey, once);
    const { appId, timeStamp, nonceStr, package: packed, signType, paySign = "" } = fields;
    assert.deepEqual(
      [appId, timeStamp, nonceStr, packed, signType],
      ["wxapp", TIMESTAMP, once.nonce, "prepay_id=wx201410272009395522", "RSA"],
    );
    assert.ok(verifies(linesText(["wxapp", TIMESTAMP, once.nonce, `${packed}`]), paySign));
  });
  it("for an app: the prepay id itself is the fourth line", () => {
    const ids = { appId: "wxapp", partnerId: MCHID };
    const fields = appParameters("wx201410272009395522", ids, merchant.privateKey, once);
    assert.deepEqual(
      [fields.appid, fields.partnerid, fields.prepayid, fields.package, fields.noncestr, fields.timestamp],
      ["wxapp", MCHID, "wx201410272009395522", "Sign=WXPay", once.nonce, TIMESTAMP],
    );
    const text = linesText(["wxapp", TIMESTAMP, once.nonce, "wx201410272009395522"]);
    assert.ok(verifies(text, fields.sign ?? ""));
  });
});

describe("a message of WeChat Pay", () => {
  const body = Buffer.from('{"code_url":"weixin:\\/\\/x", "名":1}');
  const keys = new Map([[KEY_ID, wechat.publicKey]]);
  const good = headersFor(body, wechat.privateKey);
  const check = (headers: Record<string, string | string[]>, bytes = body, at = NOW) =>
    strangerBy(signatureHeaders(headers), bytes, keys, at);
  const seconds = (count: number) => new Date((Number(TIMESTAMP) + count) * 1_000);

  it("verifies over its raw bytes", () => assert.equal(check(good), null));
  it("verifies without a body", () => {
    const empty = Buffer.alloc(0);
    assert.equal(check(headersFor(empty, wechat.privateKey), empty), null);
  });
  it("verifies to 300 seconds on either side", () => {
    assert.equal(check(good, body, seconds(300)), null);
    assert.equal(check(good, body, seconds(-300)), null);
  });

  const strangers: Record<string, () => string | null> = {
    "not signed": () => check({}),
    "with two signatures": () => check({ ...good, "wechatpay-signature": ["a", "b"] }),
    "with other bytes": () => check(good, Buffer.from('{"code_url":"weixin://x", "名":1}')),
    "with another nonce": () => check({ ...good, "wechatpay-nonce": "x" }),
    "with another time": () => check({ ...good, "wechatpay-timestamp": `${Number(TIMESTAMP) + 1}` }),
    "without a time": () => check({ ...good, "wechatpay-timestamp": "" }),
    "signed too long ago": () => check(good, body, seconds(301)),
    "signed in the future": () => check(good, body, seconds(-301)),
    "of a key that is not known": () => check(headersFor(body, wechat.privateKey, "PUB_KEY_ID_2")),
    "signed by somebody else": () => check(headersFor(body, merchant.privateKey)),
    "with rubbish for a signature": () => check({ ...good, "wechatpay-signature": "!" }),
    "that is a probe": () =>
      check({ ...good, "wechatpay-signature": `WECHATPAY/SIGNTEST/${good["wechatpay-signature"]}` }),
  };
  for (const [title, stranger] of Object.entries(strangers)) {
    it(`${title} is not believed`, () => assert.equal(typeof stranger(), "string"));
  }
});

describe("an encrypted resource", () => {
  const key = Buffer.from(API_V3_KEY);
  const sealed = {
    ciphertext:
      "DUcegK33A8MEOgdCtMPWwAdqzVjy3c3PSUd0ZmYkqr+HZBhZ2IINK5rQPYOdjrkLWrelplpyhlKvp/6BMcyP" +
      "S9MoXvRfthpQBHBsAex14kmKahyQsJbDY0QHAB0=",
    nonce: "fdasflkja484",
    associatedData: "transaction",
  };
  it("is opened as WeChat Pay seals it", () => {
    const clear = '{"mchid":"1900000001","out_trade_no":"T20261120001","trade_state":"SUCCESS"}';
    assert.equal(decryptResource(sealed, key), clear);
  });
  for (const [title, changes] of Object.entries({
    "another nonce": { nonce: "fdasflkja485" },
    "no nonce": { nonce: "" },
    "other associated data": { associatedData: "refund" },
    "a changed byte": { ciphertext: `E${sealed.ciphertext.slice(1)}` },
    "nothing but a tag's worth less": { ciphertext: "AAAA" },
  })) {
    it(`with ${title} is not`, () => assert.equal(decryptResource({ ...sealed, ...changes }, key), null));
  }
  it("with another key is not", () => {
    assert.equal(decryptResource(sealed, Buffer.from(API_V3_KEY.toUpperCase())), null);
  });
});
