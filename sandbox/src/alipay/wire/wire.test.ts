import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatBeijing, parseBeijing } from "../../china/beijing.ts";
import { formatYuan, proportion } from "../../china/yuan.ts";
import { newKeys } from "../../testing/merchant.ts";
import { envelope, success } from "./answer.ts";
import { parseYuan } from "./money.ts";
import { requestText, signedNotification } from "./signing.ts";
import { parseTimeoutExpress } from "./time.ts";

void describe("amounts in yuan", () => {
  const good: [unknown, bigint][] = [
    ["0.01", 1n],
    ["1", 100n],
    ["1.2", 120n],
    ["12.34", 1234n],
    [0.01, 1n],
    [88.88, 8888n],
    ["100000000.00", 10_000_000_000n],
  ];
  for (const [text, fen] of good) {
    void test(`${JSON.stringify(text)} is ${fen} fen`, () => assert.equal(parseYuan(text), fen));
  }
  const bad = ["", "0", "0.00", "-1", "+1", "1.", ".5", "1.234", "01", "1e2", "1,00", " 1", "100000000.01"];
  for (const text of [...bad, null, undefined, Number.NaN, 1e21, 0.001, {}, [1]]) {
    void test(`${JSON.stringify(text)} is no amount`, () => assert.equal(parseYuan(text), undefined));
  }
  void test("come back as they were written", () => {
    fc.assert(fc.property(fc.bigInt(1n, 10_000_000_000n), (fen) => parseYuan(formatYuan(fen)) === fen));
  });
  void test("are rounded half up", () => {
    assert.equal(proportion(12_34n, 6_000n, 1_000_000n), 7n);
    assert.equal(proportion(2_50n, 6_000n, 1_000_000n), 2n);
    assert.equal(proportion(2_49n, 6_000n, 1_000_000n), 1n);
    assert.equal(formatYuan(-7n), "-0.07");
  });
});

void describe("times in Beijing", () => {
  const start = new Date("2026-11-20T15:59:30Z");
  void test("are eight hours ahead", () => {
    assert.equal(formatBeijing(start), "2026-11-20 23:59:30");
    assert.deepEqual(parseBeijing("2026-11-20 23:59:30"), start);
    assert.deepEqual(parseBeijing("2026-11-20 23:59"), new Date("2026-11-20T15:59:00Z"));
  });
  for (const text of ["2026-02-30 10:00:00", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20 24:00:00", 7]) {
    void test(`${JSON.stringify(text)} is no time`, () => assert.equal(parseBeijing(text), undefined));
  }
  const spans: [string, string | undefined][] = [
    ["1m", "2026-11-21 00:00:30"],
    ["90m", "2026-11-21 01:29:30"],
    ["2h", "2026-11-21 01:59:30"],
    ["15d", "2026-12-05 23:59:30"],
    ["1c", "2026-11-21 00:00:00"],
    ["0m", undefined],
    ["16d", undefined],
    ["361h", undefined],
    ["1.5h", undefined],
    ["5", undefined],
  ];
  for (const [text, end] of spans) {
    void test(`timeout_express ${text} ends ${end ?? "nowhere"}`, () => {
      const instant = parseTimeoutExpress(text, start);
      assert.equal(instant && formatBeijing(instant), end);
    });
  }
});

void describe("what is signed", () => {
  const { privateKey } = newKeys();

  void test("is every parameter of a request but sign and the empty ones, raw and in order", () => {
    const params = { version: "1.0", sign: "x", b: "2&c=3", a: "", sign_type: "RSA2" };
    assert.equal(requestText(params), "b=2&c=3&sign_type=RSA2&version=1.0");
  });

  void test("is the answer's bytes, its slashes escaped, with sign at the very end", () => {
    const text = envelope("x_response", success({ qr_code: "https://a/b", gone: null }), {
      privateKey,
      certSn: "abc",
    });
    const start = '{"x_response":{"code":"10000","msg":"Success","qr_code":"https:\\/\\/a\\/b"},';
    assert.ok(text.startsWith(`${start}"alipay_cert_sn":"abc","sign":"`), text);
    assert.match(text, /"sign":"[A-Za-z0-9+/=]+"\}$/);
  });

  void test("never includes an empty parameter in a notification, nor sends one", () => {
    const sent = signedNotification({ a: "1", b: "" }, privateKey);
    assert.deepEqual(Object.keys(sent), ["a", "sign_type", "sign"]);
  });
});
