import assert from "node:assert/strict";
import { verify, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { certIdOf } from "./keys.ts";
import { digestOf, type Fields, signedFields, signingText, strangerBy, type Trust } from "./signing.ts";
import { CERT_ID, issue, NOW, newKit, newPair, signedBy, UNIONPAY_CN } from "./testing.ts";

const kit = newKit();
const trust: Trust = {
  root: new X509Certificate(kit.rootCertificate),
  middle: new X509Certificate(kit.middleCertificate),
};

const PURCHASE = {
  version: "5.1.0",
  encoding: "UTF-8",
  signMethod: "01",
  certId: "68759529225",
  txnType: "01",
  txnSubType: "01",
  bizType: "000201",
  channelType: "07",
  accessType: "0",
  merId: "777290058110048",
  orderId: "20261120093000001",
  txnTime: "20261120093000",
  txnAmt: "1000",
  currencyCode: "156",
  frontUrl: "http://127.0.0.1:8080/return",
  backUrl: "http://127.0.0.1:8080/notify/unionpay",
};

describe("UnionPay's signature", () => {
  it("signs all fields by name, raw, and hashes them once before it signs", () => {
    assert.equal(
      signingText(PURCHASE),
      "accessType=0&backUrl=http://127.0.0.1:8080/notify/unionpay&bizType=000201&certId=68759529225&" +
        "channelType=07&currencyCode=156&encoding=UTF-8&frontUrl=http://127.0.0.1:8080/return&" +
        "merId=777290058110048&orderId=20261120093000001&signMethod=01&txnAmt=1000&txnSubType=01&" +
        "txnTime=20261120093000&txnType=01&version=5.1.0",
    );
    assert.equal(digestOf(PURCHASE), "1a7cc80c7c7bf2ad40317024cf1d18ec1f9bd35b55b2be62aed88ee395c1880b");
  });

  it("leaves out what is empty, and the signature itself", () => {
    assert.equal(signingText({ b: "", a: "1", signature: "x" }), "a=1");
  });

  it("is SHA256withRSA of that digest's hex", () => {
    const { signature = "" } = signedFields(PURCHASE, kit.merchant.privateKey);
    const digest = Buffer.from(digestOf(PURCHASE));
    const { publicKey } = kit.merchant;
    assert.ok(verify("RSA-SHA256", digest, publicKey, Buffer.from(signature, "base64")));
  });

  it("names the certificate by its serial number in decimal", () => {
    assert.equal(certIdOf(new X509Certificate(kit.merchantCertificate)), CERT_ID);
  });
});

describe("a message is UnionPay's", () => {
  const answer = { respCode: "00", respMsg: "成功[0000000]", orderId: "1" };
  const signed = signedBy(kit, answer);
  const of = (signPubKeyCert: string): Fields => signedBy(kit, answer, signPubKeyCert);
  const strange = (cn: string, issuer = "CFCA TEST OCA1", signer = kit.middle) =>
    of(issue(cn, kit.unionpay, issuer, signer));
  const old = ["200101000000Z", "260101000000Z"] as const;
  const expired = of(issue(UNIONPAY_CN, kit.unionpay, "CFCA TEST OCA1", kit.middle, 3n, old));

  it("when its certificate, its name and its signature say so", () => {
    assert.equal(strangerBy(signed, trust, NOW), null);
  });

  it("in its test also when its certificate has no name but its number", () => {
    const numbered = strange("041@Z12@00040000:SIGN");
    assert.match(strangerBy(numbered, trust, NOW) ?? "", /by name/);
    assert.equal(strangerBy(numbered, { ...trust, isTest: true }, NOW), null);
    const merchant = strange("041@777290058110048@测试商户");
    assert.match(strangerBy(merchant, { ...trust, isTest: true }, NOW) ?? "", /by name/);
  });

  const strangers: [title: string, fields: Fields, reason: RegExp][] = [
    ["a field changed", { ...signed, orderId: "2" }, /signature is not/],
    ["a field more", { ...signed, txnAmt: "1" }, /signature is not/],
    ["no signature", { ...signed, signature: "" }, /not signed/],
    ["no certificate", { ...signed, signPubKeyCert: "" }, /no certificate/],
    ["a certificate that is none", { ...signed, signPubKeyCert: "x" }, /cannot be read/],
    ["two certificates", of(kit.unionpayCertificate + kit.merchantCertificate), /cannot be read/],
    [
      "another's key in the certificate",
      of(issue(UNIONPAY_CN, newPair(), "CFCA TEST OCA1", kit.middle)),
      /signature/,
    ],
    ["another issuer with the same name", strange(UNIONPAY_CN, "CFCA TEST OCA1", newPair()), /not issued/],
    ["issued by the root", strange(UNIONPAY_CN, "CFCA TEST CS CA", kit.root), /not issued/],
    ["a merchant of the same authority", strange("041@777290058110048@测试商户"), /by name/],
    ["a name that UnionPay's begins", strange("041@Z12@中国银联股份有限公司分公司"), /by name/],
    ["a name without the @", strange("中国银联股份有限公司"), /by name/],
    ["an expired certificate", expired, /signed it is valid from/],
  ];
  for (const [title, fields, reason] of strangers) {
    it(`not with ${title}`, () => assert.match(strangerBy(fields, trust, NOW) ?? "", reason));
  }

  it("not when the middle or the root certificate is over, or not valid yet", () => {
    const over = (at: string) => strangerBy(signed, trust, new Date(at)) ?? "";
    assert.match(over("2024-12-31T23:59:59Z"), /valid from/);
    assert.match(over("2045-01-01T00:00:01Z"), /valid from/);
    const middle = new X509Certificate(
      issue("CFCA TEST OCA1", kit.middle, "CFCA TEST CS CA", kit.root, 2n, old),
    );
    assert.match(strangerBy(signed, { ...trust, middle }, NOW) ?? "", /middle certificate is valid/);
    const root = new X509Certificate(
      issue("CFCA TEST CS CA", kit.root, "CFCA TEST CS CA", kit.root, 1n, old),
    );
    assert.match(strangerBy(signed, { ...trust, root }, NOW) ?? "", /root certificate is valid/);
  });
});
