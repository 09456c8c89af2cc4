import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";
import iconv from "iconv-lite";
import { StatementFault } from "../statement-fault.ts";
import { parseDetail } from "./bill.ts";
import type { Fields } from "./signing.ts";
import {
  answered,
  contextOf,
  formOf,
  inputOf,
  MER_ID,
  newKit,
  packed,
  QUERY_ID,
  scripted,
} from "./testing.ts";

const EXPECTED = { merId: MER_ID, channelDate: "2026-11-20" };
const LENGTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];
const ORDER_NO = "att01k0000000000000000000000";
const REFUND_NO = "rfd01k0000000000000000000000";

/** A record of these fields by number; the others are blank. */
function zm(fields: Readonly<Record<number, string>>): Buffer {
  const parts = LENGTHS.map((length, index) => {
    const bytes = iconv.encode(fields[index + 1] ?? "", "gbk");
    return Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length), " ")]);
  });
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(" "), part])));
}
const file = (...records: Buffer[]) =>
  Buffer.concat(records.flatMap((record) => [record, Buffer.from("\r\n")]));

const PAYMENT = {
  1: "S22",
  4: "000001",
  5: "1120093007",
  6: "6216***********0018",
  7: "000000001000",
  10: QUERY_ID,
  12: ORDER_NO,
  16: "D000000000006",
  17: "C000000000994",
  20: "01",
  21: "07",
  28: MER_ID,
  31: "测试商户",
  35: "备注",
};
const REFUND = {
  ...PAYMENT,
  1: "S30",
  7: "000000000300",
  10: "202611200940000000028",
  12: REFUND_NO,
  16: "C000000000002",
  17: "D000000000298",
  20: "04",
  27: QUERY_ID,
  41: ORDER_NO,
};
const at = new Date("2026-11-20T09:30:07+08:00");
const PAYMENT_LINE = {
  line: 1,
  kind: "payment",
  channelTradeNo: QUERY_ID,
  channelOrderNo: ORDER_NO,
  channelRefundNo: null,
  amount: 1_000n,
  settleAmount: 1_000n,
  fee: 6n,
  currency: "CNY",
  createdAt: at,
  finishedAt: at,
  subject: "备注",
};
const REFUND_LINE = {
  ...PAYMENT_LINE,
  kind: "refund",
  channelRefundNo: REFUND_NO,
  amount: -300n,
  settleAmount: -300n,
  fee: -2n,
};

describe("UnionPay's transaction detail", () => {
  it("has records of 607 bytes", () => assert.equal(zm(PAYMENT).length, 607));

  const lines: [title: string, fields: object, line: object][] = [
    ["a payment", PAYMENT, PAYMENT_LINE],
    ["a refund", REFUND, REFUND_LINE],
    ["a void", { ...REFUND, 1: "S31", 20: "31" }, REFUND_LINE],
    [
      "a reversal, which has no number of its own",
      { ...REFUND, 12: ORDER_NO, 20: "99", 41: "" },
      { ...REFUND_LINE, channelRefundNo: null },
    ],
    [
      "a payment without a fee",
      { ...PAYMENT, 16: "C000000000000", 17: "C000000001000" },
      { ...PAYMENT_LINE, fee: 0n },
    ],
    [
      "a payment that settles less",
      { ...PAYMENT, 17: "C000000000844", 36: "D000000000150" },
      { ...PAYMENT_LINE, settleAmount: 850n },
    ],
    [
      "a payment late on the evening before, which is of this clearing day",
      { ...PAYMENT, 5: "1119233000" },
      {
        ...PAYMENT_LINE,
        createdAt: new Date("2026-11-19T23:30:00+08:00"),
        finishedAt: new Date("2026-11-19T23:30:00+08:00"),
      },
    ],
  ];
  for (const [title, fields, line] of lines) {
    it(`of ${title}`, () => assert.deepEqual(parseDetail(file(zm(fields as Fields)), EXPECTED), [line]));
  }

  it("of several, of none, and without the last line's end", () => {
    assert.deepEqual(parseDetail(file(zm(PAYMENT), zm(REFUND)), EXPECTED), [
      PAYMENT_LINE,
      { ...REFUND_LINE, line: 2 },
    ]);
    assert.deepEqual(parseDetail(Buffer.alloc(0), EXPECTED), []);
    assert.equal(parseDetail(zm(PAYMENT), EXPECTED).length, 1);
  });

  const shifted = Buffer.from(zm(PAYMENT));
  shifted[3] = 0x31;
  const notGbk = Buffer.from(zm(PAYMENT));
  notGbk.fill(0xff, 4, 6);
  const faults: [title: string, content: Buffer, line: number, reason: RegExp][] = [
    ["a record too short", file(zm(PAYMENT), zm(PAYMENT).subarray(1)), 2, /has 606 bytes, not 607/],
    ["a record too long", file(Buffer.concat([zm(PAYMENT), Buffer.from(" ")])), 1, /has 608 bytes/],
    [
      "lines ended by a line feed alone",
      Buffer.concat([zm(PAYMENT), Buffer.from("\n"), zm(PAYMENT)]),
      1,
      /1215 bytes/,
    ],
    ["an empty line between", file(zm(PAYMENT), Buffer.alloc(0), zm(PAYMENT)), 2, /has 0 bytes/],
    ["fields out of place", file(shifted), 1, /no space before field 2/],
    ["bytes that are not GBK", file(notGbk), 1, /not GBK/],
    ["another merchant's record", file(zm({ ...PAYMENT, 28: "777290058110049" })), 1, /商户代码/],
    ["a type of no meaning", file(zm({ ...PAYMENT, 20: "12" })), 1, /交易类型 is "12"/],
    ["an amount that is no number", file(zm({ ...PAYMENT, 7: "00000000100x" })), 1, /交易金额/],
    ["an amount of fewer digits", file(zm({ ...PAYMENT, 7: "1000" })), 1, /交易金额/],
    ["an amount of nothing", file(zm({ ...PAYMENT, 7: "000000000000" })), 1, /交易金额/],
    ["a fee that is neither C nor D", file(zm({ ...PAYMENT, 16: "X000000000006" })), 1, /商户手续费/],
    ["a fee that is no number", file(zm({ ...PAYMENT, 16: "D00000000000x" })), 1, /商户手续费/],
    ["a settlement that is none", file(zm({ ...PAYMENT, 17: "" })), 1, /结算金额/],
    [
      "a settlement beyond the amount",
      file(zm({ ...PAYMENT, 17: "C000000000995" })),
      1,
      /not of an amount of 1000/,
    ],
    ["a payment that debits", file(zm({ ...PAYMENT, 17: "D000000000994" })), 1, /not of an amount/],
    ["a refund that credits", file(zm({ ...REFUND, 17: "C000000000298" })), 1, /not of an amount/],
    ["a time that is none", file(zm({ ...PAYMENT, 5: "1120256007" })), 1, /交易传输时间/],
    ["a payment without its queryId", file(zm({ ...PAYMENT, 10: "" })), 1, /查询流水号/],
    ["a payment without a number", file(zm({ ...PAYMENT, 12: "" })), 1, /商户订单号/],
    ["a refund without its payment", file(zm({ ...REFUND, 27: "" })), 1, /原交易查询流水号/],
    ["a refund without the order's number", file(zm({ ...REFUND, 41: "" })), 1, /原始交易订单号/],
  ];
  for (const [title, content, line, reason] of faults) {
    it(`with ${title} is refused whole, with line and reason`, () => {
      assert.throws(
        () => parseDetail(content, EXPECTED),
        (error) => error instanceof StatementFault && error.line === line && reason.test(error.message),
      );
    });
  }
});

/** The archive's list is at its end; a bit of the name has flipped there. */
function misnamed(files: Readonly<Record<string, Buffer>>, name: string): string {
  const archive = inflateSync(Buffer.from(packed(files), "base64"));
  const at = archive.lastIndexOf(name);
  archive[at] = (archive[at] ?? 0) ^ 1;
  return deflateSync(archive).toString("base64");
}

describe("UnionPay's statement", () => {
  const kit = newKit();
  const ZM = `INN26112088ZM_${MER_ID}`;
  const ZME = `INN26112088ZME_${MER_ID}`;
  const adjustment = (fields: Readonly<Record<number, string>> = {}) =>
    Buffer.from(
      [3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135]
        .map((length, index) => (fields[index + 1] ?? "").padEnd(length))
        .join(" "),
    );
  const CLAIM = {
    1: "E74",
    2: "01020000",
    3: "00010000",
    4: "123456",
    5: "1120093007",
    6: "6226090000000048",
    7: "000000001234",
    15: "C000000000007",
    16: "D000000001227",
    18: MER_ID,
  };
  async function download(fields: Fields) {
    const { channel, sent } = scripted([answered(kit, fields)]);
    const call = await channel.downloadStatement(contextOf(channel, inputOf(kit)), "2026-11-20");
    return { call, sent };
  }
  const filed = (files: Record<string, Buffer>) => ({
    respCode: "00",
    fileName: `${MER_ID}_20261120.zip`,
    fileContent: packed(files),
  });

  it("is asked for by the day, and comes within the answer", async () => {
    const { call, sent } = await download(
      filed({ [ZM]: file(zm(PAYMENT), zm(REFUND)), [ZME]: Buffer.alloc(0) }),
    );
    assert.ok(call.end === "answered", JSON.stringify(call.exchange));
    assert.equal(call.value.account, MER_ID);
    assert.equal(call.value.channelDate, "2026-11-20");
    assert.deepEqual(call.value.lines, [PAYMENT_LINE, { ...REFUND_LINE, line: 2 }]);
    assert.ok(call.value.original.subarray(0, 2).equals(Buffer.from("PK")));
    assert.equal(sent[0]?.url, "https://gateway.example/unionpay/file/");
    const { settleDate, orderId, fileType } = formOf(sent[0]);
    assert.deepEqual([settleDate, orderId, fileType], ["1120", undefined, "00"]);
    assert.ok(!(call.exchange.response ?? "").includes("fileContent"));
  });

  it("of a day without trades has no lines", async () => {
    const { call } = await download(filed({ [ZM]: Buffer.alloc(0) }));
    assert.ok(call.end === "answered" && call.value.lines.length === 0);
  });

  it("has a line of no order for each adjustment, which its fields show", async () => {
    const back = { ...CLAIM, 4: "123457", 15: "D000000000007", 16: "C000000001227" };
    const files = { [ZM]: file(zm(PAYMENT)), [ZME]: file(adjustment(CLAIM), adjustment(back)) };
    const { call } = await download(filed(files));
    assert.ok(call.end === "answered");
    const [trade, claim, other] = call.value.lines;
    assert.deepEqual(trade, PAYMENT_LINE);
    assert.deepEqual(claim, {
      line: 1,
      kind: "refund",
      channelTradeNo: "ZME/01020000/00010000/123456/1120093007",
      channelOrderNo: "",
      channelRefundNo: null,
      amount: -1_234n,
      settleAmount: -1_234n,
      fee: -7n,
      currency: "CNY",
      createdAt: new Date("2026-11-20T01:30:07Z"),
      finishedAt: new Date("2026-11-20T01:30:07Z"),
      subject:
        "ZME 1=E74 2=01020000 3=00010000 4=123456 5=1120093007 6=622609***0048 7=000000001234 " +
        `15=C000000000007 16=D000000001227 18=${MER_ID}`,
    });
    assert.deepEqual([other?.kind, other?.amount, other?.fee], ["payment", 1_234n, 7n]);
    assert.deepEqual(call.value.notes, ["2 adjustments (ZME) are of no order here"]);
  });

  it("tells of files that it does not read", async () => {
    const none = Buffer.alloc(0);
    const { call } = await download(
      filed({ [ZM]: none, [ZM.replace("ZM", "PED")]: none, "other.txt": none }),
    );
    assert.ok(call.end === "answered");
    assert.deepEqual(call.value.notes, ["the archive has files that are not read: other.txt"]);
  });

  const odd: [title: string, fields: Readonly<Record<number, string>>][] = [
    ["of another merchant", { ...CLAIM, 18: "777290058110049" }],
    ["without a settled amount", { ...CLAIM, 16: "" }],
    ["without a fee", { ...CLAIM, 15: "0000000000007" }],
    ["without a time", { ...CLAIM, 5: "", 16: "" }],
  ];
  for (const [title, fields] of odd) {
    it(`has a line without an amount for an adjustment ${title}`, async () => {
      const { call } = await download(filed({ [ZM]: Buffer.alloc(0), [ZME]: file(adjustment(fields)) }));
      assert.ok(call.end === "answered");
      assert.deepEqual(
        call.value.lines.map(({ kind, amount, fee }) => [kind, amount, fee]),
        [["refund", 0n, 0n]],
      );
      assert.match(call.value.lines[0]?.subject ?? "", /^ZME 1=E74 2=01020000/);
      assert.match(call.value.notes?.join() ?? "", /^1 adjustments .*; 1 of them tell no amount/);
    });
  }

  const ends: [title: string, fields: Fields, end: string, reason: RegExp][] = [
    [
      "that is not there yet",
      { respCode: "98", respMsg: "文件不存在" },
      "refused no_statement true",
      /不存在/,
    ],
    ["for which our signature is wrong", { respCode: "11" }, "refused 11 false", /./],
    ["of which nobody knows", { respCode: "99" }, "unknown", /99/],
    ["of a duplicate", { respCode: "12" }, "unknown", /12/],
    ["without a file", { respCode: "00" }, "unknown", /no file/],
    ["that is not deflated", { respCode: "00", fileContent: "AAAA" }, "unknown", /unpacked/],
    ["that is no archive", { respCode: "00", fileContent: "eJxLSk5JTUvPAAAJjgKb" }, "unknown", /./],
    ["without its ZM", filed({ [ZME]: Buffer.alloc(0) }), "refused statement_invalid false", /no ZM/],
    [
      "of another day",
      filed({ [ZM.replace("1120", "1119")]: Buffer.alloc(0) }),
      "refused statement_invalid false",
      /no ZM/,
    ],
    [
      "of another merchant",
      filed({ [ZM.replace("048", "049")]: Buffer.alloc(0) }),
      "refused statement_invalid false",
      /no ZM/,
    ],
    [
      "whose ZME has another name in the archive's list",
      { respCode: "00", fileContent: misnamed({ [ZM]: Buffer.alloc(0), [ZME]: Buffer.alloc(0) }, ZME) },
      "unknown",
      /one name in the list and another/,
    ],
    [
      "with a broken ZM",
      filed({ [ZM]: zm(PAYMENT).subarray(2) }),
      "refused statement_invalid false",
      /ZM, line 1/,
    ],
    [
      "with a broken ZME",
      filed({ [ZM]: Buffer.alloc(0), [ZME]: Buffer.from("x") }),
      "refused statement_invalid false",
      /ZME, line 1/,
    ],
  ];
  for (const [title, fields, end, reason] of ends) {
    it(`${title}: ${end}`, async () => {
      const { call } = await download(fields);
      const said = call.end === "refused" ? `refused ${call.code} ${call.retryable}` : call.end;
      assert.equal(said, end);
      assert.match("reason" in call ? call.reason : "message" in call ? call.message : "", reason);
    });
  }
});
