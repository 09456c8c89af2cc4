import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AlipaySdk } from "alipay-sdk";
import fc from "fast-check";
import {
  decryptContent,
  encryptContent,
  rawMembers,
  requestText,
  signText,
  verifyNotification,
  verifyText,
} from "./signing.ts";
import { APP_ID, bare, newPair, rsa2, signedAnswer } from "./testing.ts";

// The official SDK judges: what it signs we verify, what we sign it verifies, and it refuses what we refuse.

const app = newPair();
const alipay = newPair();
const ENCRYPT_KEY = "MDEyMzQ1Njc4OWFiY2RlZg==";

function sdk(alipayPublicKey = alipay.publicKey) {
  return new AlipaySdk({
    appId: APP_ID,
    privateKey: bare(app.privateKey, "pkcs1"),
    alipayPublicKey: bare(alipayPublicKey, "spki"),
    encryptKey: ENCRYPT_KEY,
  });
}

describe("requests", () => {
  it("the text is sorted and raw, with sign_type, without sign and without empty values", () => {
    const text = requestText({ b: "2 &=中", sign_type: "RSA2", a: "1", sign: "x", empty: "" });
    assert.equal(text, "a=1&b=2 &=中&sign_type=RSA2");
  });

  it("our signature passes the SDK's verifier, and a changed parameter does not", () => {
    const parameters = { app_id: APP_ID, sign_type: "RSA2", biz_content: '{"subject":"测试 %20 +"}' };
    const sign = signText(requestText(parameters), app.privateKey);
    const verifier = sdk(app.publicKey);
    assert.ok(verifier.checkNotifySignV2({ ...parameters, sign }));
    assert.ok(!verifier.checkNotifySignV2({ ...parameters, app_id: "1", sign }));
  });
});

describe("answers", () => {
  const METHOD = "alipay.trade.query";
  const KEY = "alipay_trade_query_response";
  const inners: Record<string, object> = {
    plain: { code: "10000", msg: "Success" },
    "with slashes, which are sent escaped": { qr_code: "https://qr.alipay.com/bax1" },
    "with Chinese and emoji": { subject: "中文 😀" },
    "with braces, quotes and the word sign inside": { sub_msg: '}","sign":"AAAA"},{"x":"\\"' },
    "with nested lists and objects": { list: [{ a: "]}" }, {}], empty: {}, number: 1.5, no: null },
  };
  for (const [title, inner] of Object.entries(inners)) {
    it(`${title}: the signed bytes are found exactly as sent, and the SDK agrees`, () => {
      const text = signedAnswer(METHOD, inner, alipay.privateKey);
      const members = rawMembers(text);
      const raw = members?.get(KEY) ?? "";
      const sign = JSON.parse(members?.get("sign") ?? '""') as string;
      assert.ok(verifyText(raw, sign, alipay.publicKey));
      assert.doesNotThrow(() => sdk().checkResponseSign(text, KEY, sign, ""));
      const tampered = text.replace(/[0-9a-z](?=[^0-9a-z]*","sign")/, "_");
      if (tampered !== text) assert.throws(() => sdk().checkResponseSign(tampered, KEY, sign, ""));
    });
  }

  it("spaces and escapes that writing again would lose are kept", () => {
    const text = signedAnswer(METHOD, { a: "é/" }, alipay.privateKey, "", (body) =>
      body.replace("{", "{ \n").replace("é", "\\u00e9"),
    );
    const members = rawMembers(text);
    assert.equal(members?.get(KEY), '{ \n"a":"\\u00e9\\/"}');
    const sign = JSON.parse(members.get("sign") ?? "") as string;
    assert.ok(verifyText(members.get(KEY) ?? "", sign, alipay.publicKey));
    assert.doesNotThrow(() => sdk().checkResponseSign(text, KEY, sign, ""));
  });

  it("what is no object, or names a member twice, has no members", () => {
    for (const text of ["", "[]", "null", '"x"', "{", '{"a":1}}', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}']) {
      assert.equal(rawMembers(text), null, text);
    }
  });

  it("any JSON object is cut into its members without loss", () => {
    const values = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(values, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const members = rawMembers(JSON.stringify(value, null, indent));
        assert.ok(members);
        const read = [...members].map(([name, raw]) => [name, JSON.parse(raw)]);
        assert.deepEqual(Object.fromEntries(read), JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });
});

describe("notifications", () => {
  const fields = {
    notify_type: "trade_status_sync",
    out_trade_no: "T1",
    total_amount: "12.34",
    subject: "100% 折扣+& =",
    fund_bill_list: '[{"amount":"12.34","fundChannel":"ALIPAYACCOUNT"}]',
  };
  const text = (parameters: Record<string, string>) =>
    Object.keys(parameters)
      .sort()
      .map((name) => `${name}=${parameters[name]}`)
      .join("&");
  const cases: Record<string, [covered: Record<string, string>, sent: Record<string, string>]> = {
    "signed without sign_type": [fields, { ...fields, sign_type: "RSA2" }],
    "signed with sign_type": [
      { ...fields, sign_type: "RSA2" },
      { ...fields, sign_type: "RSA2" },
    ],
    "sent without sign_type": [fields, fields],
    "with an empty value that was signed": [
      { ...fields, body: "" },
      { ...fields, body: "", sign_type: "RSA2" },
    ],
    "with an empty value that was not signed": [fields, { ...fields, body: "", sign_type: "RSA2" }],
    "with another amount": [fields, { ...fields, total_amount: "0.01", sign_type: "RSA2" }],
    "with an added field": [fields, { ...fields, refund_fee: "12.34", sign_type: "RSA2" }],
  };
  for (const [title, [covered, sent]] of Object.entries(cases)) {
    it(`${title}: the verdict is that of the SDK`, () => {
      const notification: Record<string, string> = { ...sent, sign: rsa2(text(covered), alipay.privateKey) };
      const expected = sdk().checkNotifySignV2(notification);
      assert.equal(verifyNotification(notification, alipay.publicKey), expected);
      assert.ok(!verifyNotification(notification, app.publicKey));
      assert.ok(!verifyNotification({ ...notification, sign: "" }, alipay.publicKey));
      assert.ok(!verifyNotification({ ...notification, sign: "AAAA" }, alipay.publicKey));
    });
  }

  it("SHA-1 is never accepted, whatever sign_type says", () => {
    const sign = rsa2(text(fields), alipay.privateKey);
    assert.ok(!verifyNotification({ ...fields, sign_type: "RSA", sign }, alipay.publicKey));
  });

  it("any single changed character is noticed, as the SDK notices it", () => {
    const sign = rsa2(text(fields), alipay.privateKey);
    const names = Object.keys(fields) as (keyof typeof fields)[];
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (name, position, character) => {
          const value = fields[name];
          const at = position % value.length;
          const changed = value.slice(0, at) + character + value.slice(at + 1);
          const notification = { ...fields, [name]: changed, sign_type: "RSA2", sign };
          const verdict = verifyNotification(notification, alipay.publicKey);
          assert.equal(verdict, changed === value);
          assert.equal(verdict, sdk().checkNotifySignV2(notification));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("content encryption", () => {
  it("is what the SDK reads and writes", () => {
    const key = Buffer.from(ENCRYPT_KEY, "base64");
    const clear = '{"out_trade_no":"T1","subject":"中文"}';
    assert.deepEqual(sdk().aesDecrypt(encryptContent(clear, key)), clear);
    assert.equal(decryptContent(encryptContent(clear, key), key), clear);
    assert.equal(decryptContent("bm90IGVuY3J5cHRlZA==", key), null);
  });
});
