import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newKeys } from "../../testing/merchant.ts";
import { parseAnswer, signForm } from "../../testing/unionpay.ts";
import { answer, answerParams, rawBody, signedBy } from "./message.ts";
import { digestOf, isSignedBy, signed, signedText } from "./signing.ts";
import { clearingDate, compactTime, isNearCut, parseCompactTime, settleDate } from "./time.ts";

/** The purchase of the reference, with the text that is signed and its digest. */
const purchase = {
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
const text =
  "accessType=0&backUrl=http://127.0.0.1:8080/notify/unionpay&bizType=000201&certId=68759529225" +
  "&channelType=07&currencyCode=156&encoding=UTF-8&frontUrl=http://127.0.0.1:8080/return" +
  "&merId=777290058110048&orderId=20261120093000001&signMethod=01&txnAmt=1000&txnSubType=01" +
  "&txnTime=20261120093000&txnType=01&version=5.1.0";
const digest = "1a7cc80c7c7bf2ad40317024cf1d18ec1f9bd35b55b2be62aed88ee395c1880b";

const at = (time: string): Date => new Date(`2026-11-${time}+08:00`);

void describe("a signature", () => {
  const keys = newKeys();

  void test("covers the reference's text and digest", () => {
    assert.equal(signedText(purchase), text);
    assert.equal(digestOf(text), digest);
  });

  void test("leaves out the signature and what is empty", () => {
    assert.equal(signedText({ ...purchase, reqReserved: "", signature: "c2ln" }), text);
  });

  void test("is verified by another implementation, and the other way round", () => {
    assert.deepEqual(signed(purchase, keys.privateKey), signForm(purchase, keys.privateKey));
    assert.ok(isSignedBy(signForm(purchase, keys.privateKey), keys.publicKey));
  });

  const form = signed(purchase, keys.privateKey);
  const flipped = `${form.signature![0] === "A" ? "B" : "A"}${form.signature!.slice(1)}`;
  for (const [title, bent] of Object.entries({
    "one letter of it is another": { ...form, signature: flipped },
    "a field says something else": { ...form, txnAmt: "1001" },
    "a field was added": { ...form, termId: "1" },
    "a field was taken away": { ...form, backUrl: "" },
    "it is missing": { ...form, signature: "" },
    "it is no base64": { ...form, signature: "not base64" },
    "somebody else made it": signed(purchase, newKeys().privateKey),
  })) {
    void test(`is refused where ${title}`, () => assert.equal(isSignedBy(bent, keys.publicKey), false));
  }
});

void describe("an answer", () => {
  const keys = newKeys();
  const certificate = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n";
  const carried = "-----BEGIN CERTIFICATE-----\r\nMIIB+/==\r\n-----END CERTIFICATE-----";
  const params = answerParams(
    { ...purchase, reqReserved: "a=b+{c}" },
    answer("00", { queryId: "1", empty: null }),
  );
  const body = rawBody(signedBy(params, { privateKey: keys.privateKey, certificate }));

  void test("is not URL-encoded and keeps the lines of its certificate", () => {
    assert.ok(body.includes(`signPubKeyCert=${carried}&signature=`));
    assert.ok(body.includes("reqReserved=a=b+{c}&"));
    assert.ok(!body.includes("empty="));
  });

  void test("is read back as it was written, and believed", () => {
    const read = parseAnswer(body);
    assert.deepEqual([read.merId, read.orderId, read.respCode], [purchase.merId, purchase.orderId, "00"]);
    assert.equal(read.signPubKeyCert, carried);
    assert.ok(isSignedBy(read, keys.publicKey));
  });
});

void describe("time at UnionPay", () => {
  void test("is written without signs, in Beijing", () => {
    assert.equal(compactTime(new Date("2026-11-20T01:30:07Z")), "20261120093007");
    assert.equal(parseCompactTime("20261120093007")?.toISOString(), "2026-11-20T01:30:07.000Z");
  });
  for (const odd of ["2026112009300", "20261320093000", "20260230093000", "2026112009300x", ""]) {
    void test(`does not take ${odd || "nothing"} for a time`, () => {
      assert.equal(parseCompactTime(odd), undefined);
    });
  }
  for (const [instant, day] of [
    ["19T23:00:00", "2026-11-20"],
    ["20T00:00:00", "2026-11-20"],
    ["20T22:59:59", "2026-11-20"],
    ["20T23:00:00", "2026-11-21"],
  ] as const) {
    void test(`clears ${instant} on ${day}`, () => assert.equal(clearingDate(at(instant)), day));
  }
  void test("writes a clearing day as MMDD", () => assert.equal(settleDate("2026-11-20"), "1120"));
  for (const [instant, near] of [
    ["20T22:54:59", false],
    ["20T22:55:00", true],
    ["20T23:00:00", true],
    ["20T23:04:59", true],
    ["20T23:05:00", false],
  ] as const) {
    void test(`${near ? "is" : "is not"} near the cut at ${instant}`, () => {
      assert.equal(isNearCut(at(instant), 5), near);
    });
  }
});
