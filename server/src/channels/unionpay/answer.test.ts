import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { channelCodeOf, parseAnswer, readAnswer } from "./answer.ts";
import { bodyOf, NOW, newKit, signedBy } from "./testing.ts";

const kit = newKit();
const trust = {
  root: new X509Certificate(kit.rootCertificate),
  middle: new X509Certificate(kit.middleCertificate),
};
const ASKED = { merId: "777290058110048", orderId: "att1", txnTime: "20261120093007" };

describe("UnionPay's answers as text", () => {
  const readable: [title: string, text: string, fields: Record<string, string> | null][] = [
    ["plain", "a=1&b=2", { a: "1", b: "2" }],
    ["with = in a value", "signature=ab+/c==&b=2", { signature: "ab+/c==", b: "2" }],
    [
      "with lines",
      "c=-----BEGIN X-----\nab==\r\n-----END X-----\n&b=2",
      { c: "-----BEGIN X-----\nab==\r\n-----END X-----\n", b: "2" },
    ],
    ["with & that no name follows", "respMsg=a & b&&c&b=2", { respMsg: "a & b&&c", b: "2" }],
    ["with braces", "t={a=1&b=2}&b=3", { t: "{a=1&b=2}", b: "3" }],
    [
      "with brackets",
      "respMsg=成功[0000000]&l=[{x=1&y=2}]&b=3",
      { respMsg: "成功[0000000]", l: "[{x=1&y=2}]", b: "3" },
    ],
    ["with a brace that never closes", "respMsg=a{b&b=3", { respMsg: "a{b", b: "3" }],
    ["with an empty value", "a=&b=2", { a: "", b: "2" }],
    [
      "a web address",
      "qrCode=https://qr.95516.com/00010000/6222?x=1&b=2",
      { qrCode: "https://qr.95516.com/00010000/6222?x=1", b: "2" },
    ],
    ["a name twice", "a=1&a=2", null],
    ["no name", "=1", null],
    ["a page", "<html>x</html>", null],
    ["nothing", "", null],
  ];
  for (const [title, text, fields] of readable) {
    it(title, () => assert.deepEqual(parseAnswer(Buffer.from(text)), fields));
  }
  it("not UTF-8", () => assert.equal(parseAnswer(Buffer.from([0x61, 0x3d, 0xff])), null));
});

describe("UnionPay's answers are classified:", () => {
  const read = (fields: Record<string, string>, status = 200) => {
    const body = Buffer.from(bodyOf(signedBy(kit, { ...ASKED, respMsg: "x", ...fields })));
    return readAnswer({ status, body }, ASKED, trust, NOW).result;
  };
  const ends: [codes: string[], end: string][] = [
    [
      [
        "00",
        "A6",
        "01",
        "03",
        "04",
        "05",
        "10",
        "11",
        "12",
        "13",
        "30",
        "34",
        "36",
        "39",
        "61",
        "68",
        "89",
        "98",
      ],
      "answer",
    ],
    [["37"], "not_sent"],
    [["06", "02", "07", "90", "97", "99", "A5", "000", ""], "unknown"],
  ];
  for (const [codes, end] of ends) {
    for (const respCode of codes)
      it(`${respCode || "none"}: ${end}`, () => assert.equal(read({ respCode }).end, end));
  }

  it("an HTTP error says nothing, whatever its body says; 429 says that nothing was looked at", () => {
    assert.equal(read({ respCode: "00" }, 500).end, "unknown");
    assert.equal(read({ respCode: "00" }, 302).end, "unknown");
    assert.equal(read({ respCode: "00" }, 429).end, "not_sent");
  });
  it("one about another order, time or merchant says nothing", () => {
    for (const other of [{ orderId: "att2" }, { txnTime: "20261120093008" }, { merId: "777290058110049" }]) {
      assert.equal(read({ respCode: "00", ...other }).end, "unknown");
      assert.equal(read({ respCode: "34", ...other }).end, "unknown");
    }
  });
  it("one that is not signed, or changed, says nothing", () => {
    const fields = { ...ASKED, respCode: "00" };
    const { respCode: _, ...changed } = signedBy(kit, fields);
    for (const body of [bodyOf(fields), bodyOf({ ...changed, respCode: "34" }), "{}"]) {
      const { result } = readAnswer({ status: 200, body: Buffer.from(body) }, ASKED, trust, NOW);
      assert.equal(result.end, "unknown");
    }
  });
  it("the record has both codes", () => {
    assert.equal(channelCodeOf({ respCode: "00", origRespCode: "05" }), "00/05");
    assert.equal(channelCodeOf({ respCode: "34" }), "34");
    assert.equal(channelCodeOf(null), null);
  });
});
