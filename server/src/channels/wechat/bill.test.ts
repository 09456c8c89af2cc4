import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StatementFault } from "../statement-fault.ts";
import { parseStatement } from "./bill.ts";
import { MCHID, SUB_MCHID } from "./testing.ts";

const EXPECTED = { mchid: MCHID, subMchid: null, channelDate: "2026-11-19" };
const HEADER =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
  "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包," +
  "手续费,费率,订单金额,申请退款金额,费率备注";
const PAYMENT =
  "`2026-11-19 10:55:23,`wx2421b1c4370ec43b,`1900000001,`0,`,`4200000000202611190000000001,`T20261119001," +
  "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`12.34,`0.00,`0,`0,`0.00,`0.00,`,`,`测试商品,`," +
  "`0.07000,`0.60%,`12.34,`0.00,`";
const REFUND =
  "`2026-11-19 11:56:48,`wx2421b1c4370ec43b,`1900000001,`0,`,`4200000000202611190000000001,`T20261119001," +
  "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50300000002026111900000000001," +
  "`R20261119001,`2.34,`0.00,`ORIGINAL,`SUCCESS,`测试商品,`,`-0.01000,`0.60%,`0.00,`2.34,`";
const SUMMARY_HEADER =
  "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const SUMMARY = "`2,`12.34,`2.34,`0.00,`0.06000,`12.34,`2.34";
const FILE = [HEADER, PAYMENT, REFUND, SUMMARY_HEADER, SUMMARY];

const packed = Buffer.from("packed");
const file = (lines: readonly string[], name: string | null = null) => ({
  name,
  content: Buffer.from(`\uFEFF${lines.join("\r\n")}\n`),
});
function read(lines: readonly string[], expected: Parameters<typeof parseStatement>[2] = EXPECTED) {
  return parseStatement([file(lines)], packed, expected);
}
function faultOf(lines: readonly string[], expected?: Parameters<typeof parseStatement>[2]): StatementFault {
  return faultIn(() => read(lines, expected));
}
function faultIn(reading: () => unknown): StatementFault {
  try {
    reading();
  } catch (error) {
    if (error instanceof StatementFault) return error;
    throw error;
  }
  assert.fail("the statement was read");
}
const withCell = (line: string, from: string, to: string) => {
  assert.ok(line.includes(from), from);
  return line.replace(from, to);
};

describe("the documented statement", () => {
  it("is read, signs as the merchant sees them", () => {
    const statement = read(FILE);
    assert.equal(statement.account, MCHID);
    assert.equal(statement.channelDate, "2026-11-19");
    assert.equal(statement.original.toString(), "packed");
    const common = {
      channelTradeNo: "4200000000202611190000000001",
      channelOrderNo: "T20261119001",
      currency: "CNY",
      subject: "测试商品",
    };
    const [paidAt, refundedAt] = [new Date("2026-11-19T02:55:23Z"), new Date("2026-11-19T03:56:48Z")];
    assert.deepEqual(statement.lines, [
      {
        ...common,
        line: 2,
        kind: "payment",
        channelRefundNo: null,
        amount: 1_234n,
        settleAmount: 1_234n,
        fee: 7n,
        createdAt: paidAt,
        finishedAt: paidAt,
      },
      {
        ...common,
        line: 3,
        kind: "refund",
        channelRefundNo: "R20261119001",
        amount: -234n,
        settleAmount: -234n,
        fee: -1n,
        createdAt: refundedAt,
        finishedAt: refundedAt,
      },
    ]);
  });

  it("is read without a byte order mark, with line feeds alone, and without the last of them", () => {
    const content = Buffer.from(FILE.join("\n"));
    assert.equal(parseStatement([{ name: null, content }], content, EXPECTED).lines.length, 2);
  });

  it("of a day without lines has none", () => {
    const zero = "`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00";
    assert.deepEqual(read([HEADER, SUMMARY_HEADER, zero]).lines, []);
  });

  it("a comma in a product's name separates nothing", () => {
    const lines = [...FILE];
    lines[1] = withCell(PAYMENT, "`测试商品", "`茶,大杯, 热");
    assert.equal(read(lines).lines[0]?.subject, "茶,大杯, 热");
  });

  const names: readonly (readonly [title: string, name: string, read: string])[] = [
    ["a separator", "茶,`大杯", "茶,`大杯"],
    ["separators as many as a record has", `${"茶,`".repeat(40)}茶`, `${"茶,`".repeat(40)}茶`],
    ["a line feed", "茶\n大杯", "茶\n大杯"],
    ["a line feed and a carriage return", "茶\r\n大杯", "茶\n大杯"],
    ["a line feed and a backtick", "茶\n`大杯,`热", "茶\n`大杯,`热"],
    ["a line of its own that is empty", "茶\n\n大杯", "茶\n\n大杯"],
    ["a line like the summary's header", "茶\n`总交易单数,应结订单总金额", "茶\n`总交易单数,应结订单总金额"],
  ];
  for (const [title, name, said] of names) {
    it(`${title} in a foreign order's name makes nothing unreadable`, () => {
      const lines = [...FILE];
      lines[1] = withCell(PAYMENT, "`测试商品", `\`${name}`);
      const [first, second] = read(lines).lines;
      assert.deepEqual([first?.subject, first?.amount, first?.fee], [said, 1_234n, 7n]);
      assert.deepEqual([second?.kind, second?.amount], ["refund", -234n]);
    });
  }

  it("vouchers of the merchant settle less", () => {
    const lines = [HEADER, withCell(PAYMENT, "`CNY,`12.34", "`CNY,`10.84"), SUMMARY_HEADER];
    lines.push("`1,`10.84,`0.00,`0.00,`0.07000,`12.34,`0.00");
    const [line] = read(lines).lines;
    assert.deepEqual([line?.amount, line?.settleAmount], [1_234n, 1_084n]);
  });

  const fees: readonly (readonly [text: string, fen: bigint])[] = [
    ["0.07000", 7n],
    ["0.00499", 0n],
    ["0.00500", 1n],
    ["0.07404", 7n],
    ["0.07500", 8n],
    ["12", 1_200n],
    ["0.00000", 0n],
    ["-0.00500", -1n],
    ["-0.00499", 0n],
  ];
  for (const [text, fen] of fees) {
    it(`a fee of ${text} yuan is ${fen} fen`, () => {
      const lines = [HEADER, withCell(PAYMENT, "`0.07000", `\`${text}`), SUMMARY_HEADER];
      lines.push(`\`1,\`12.34,\`0.00,\`0.00,\`${text},\`12.34,\`0.00`);
      assert.equal(read(lines).lines[0]?.fee, fen);
    });
  }

  it("a refund still on its way is billed, one that failed moved nothing, whatever the sums count", () => {
    const onItsWay = [...FILE];
    onItsWay[2] = withCell(REFUND, "`ORIGINAL,`SUCCESS", "`ORIGINAL,`PROCESSING");
    assert.equal(read(onItsWay).lines.length, 2);
    const failed = [...FILE];
    failed[2] = withCell(REFUND, "`ORIGINAL,`SUCCESS", "`ORIGINAL,`FAIL");
    assert.deepEqual(
      read(failed).lines.map((line) => line.kind),
      ["payment"],
    );
    failed[4] = "`1,`12.34,`0.00,`0.00,`0.07000,`12.34,`0.00";
    assert.equal(read(failed).lines.length, 1);
  });

  it("a reversed payment code was given back without a refund's number", () => {
    const lines = [...FILE];
    lines[2] = withCell(REFUND, "`REFUND,", "`REVOKED,");
    const reversed = read(lines).lines[1];
    assert.deepEqual([reversed?.kind, reversed?.amount, reversed?.channelRefundNo], ["refund", -234n, null]);
  });

  it("of a merchant of its own names no other, by 0 or by nothing", () => {
    assert.equal(read(FILE.map((line) => line.replace("`1900000001,`0,", "`1900000001,`,"))).lines.length, 2);
  });

  it("of a service provider is one merchant's", () => {
    const lines = FILE.map((line) => line.replace("`1900000001,`0,", `\`1900000001,\`${SUB_MCHID},`));
    assert.equal(read(lines, { ...EXPECTED, subMchid: SUB_MCHID }).account, SUB_MCHID);
  });

  it("tells a line of another merchant apart from its own", () => {
    const own = [HEADER, PAYMENT.replace("`1900000001", "`1900000002"), ...FILE.slice(2)];
    assert.deepEqual(
      read(own).lines.map(({ isStrangers }) => isStrangers === true),
      [true, false],
    );
    const other = [HEADER, PAYMENT.replace("`1900000001,`0,", "`1900000001,`1900000109,"), ...FILE.slice(2)];
    assert.equal(read(other).lines[0]?.isStrangers, true, "one below it");
  });

  it("has lines in the currency that they name", () => {
    const lines = [HEADER, PAYMENT.replace("`CNY", "`HKD"), ...FILE.slice(2)];
    assert.deepEqual(
      read(lines).lines.map(({ currency }) => currency),
      ["HKD", "CNY"],
    );
  });
});

const SUCCESS_HEADER =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
  "应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注";
const SUCCESS_LINE = PAYMENT.replace("`0,`0,`0.00,`0.00,`,`,", "")
  .replace("`12.34,`0.00,`", "`12.34,`")
  .replace(/`CNY,.*$/, "`CNY,`12.34,`0.00,`测试商品,`,`0.07000,`0.60%,`12.34,`");
const SUCCESS_FILE = [
  SUCCESS_HEADER,
  SUCCESS_LINE,
  "总交易单数,应结订单总金额,手续费总金额,订单总金额",
  "`1,`12.34,`0.07000,`12.34",
];
const REFUND_HEADER = HEADER.replace("微信退款单号", "退款申请时间,退款成功时间,微信退款单号");
const REFUND_LINE = REFUND.replace(
  "`50300000002026111900000000001",
  "`2026-11-19 11:56:48,`2026-11-20 00:00:09,`50300000002026111900000000001",
).replace("`2026-11-19 11", "`2026-11-18 10");
const REFUND_FILE = [
  REFUND_HEADER,
  REFUND_LINE,
  SUMMARY_HEADER,
  "`1,`0.00,`2.34,`0.00,`-0.01000,`0.00,`2.34",
];
const NO_PAYMENTS = [SUCCESS_HEADER, SUCCESS_FILE[2] as string, "`0,`0.00,`0.00000,`0.00"];
const NO_REFUNDS = [REFUND_HEADER, SUMMARY_HEADER, "`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00"];
/** A day's two halves, payments first. */
const halves = (payments: readonly string[], refunds: readonly string[]) =>
  parseStatement([file(payments, "payments.csv"), file(refunds, "refunds.csv")], packed, EXPECTED);

describe("a day in two halves", () => {
  it("is payments without columns of refunds, and refunds", () => {
    const statement = halves(SUCCESS_FILE, REFUND_FILE);
    assert.deepEqual(
      statement.lines.map(({ kind, amount, fee, channelRefundNo }) => [kind, amount, fee, channelRefundNo]),
      [
        ["payment", 1_234n, 7n, null],
        ["refund", -234n, -1n, "R20261119001"],
      ],
    );
    assert.equal(statement.notes, undefined);
    const either = parseStatement([file(REFUND_FILE), file(SUCCESS_FILE)], packed, EXPECTED);
    assert.equal(either.lines.length, 2);
  });
  it("may sum up refunds beside payments, at nought", () => {
    const lines = [
      SUCCESS_HEADER,
      SUCCESS_LINE,
      SUMMARY_HEADER,
      "`1,`12.34,`0.00,`0.00,`0.07000,`12.34,`0.00",
    ];
    assert.equal(halves(lines, NO_REFUNDS).lines.length, 1);
  });
  it("has refunds of the day on which they were asked for, and tells when they arrived", () => {
    const { lines, notes } = halves(NO_PAYMENTS, REFUND_FILE);
    const [line] = lines;
    assert.deepEqual(line?.createdAt, new Date("2026-11-19T03:56:48Z"));
    assert.deepEqual(line?.finishedAt, new Date("2026-11-19T16:00:09Z"));
    assert.equal(notes, undefined, "the payment's time is none of the refund's");
  });
  it("has no time for a refund that has not arrived", () => {
    const lines = REFUND_FILE.map((line) => line.replace("`2026-11-20 00:00:09", "`"));
    const [line] = halves(NO_PAYMENTS, lines).lines;
    assert.deepEqual(line?.finishedAt, line?.createdAt);
  });

  const withLine = (lines: readonly string[], index: number, from: string, to: string) => {
    const changed = [...lines];
    changed[index] = withCell(changed[index] as string, from, to);
    return changed;
  };
  const faults: Record<string, readonly [number, RegExp, () => unknown]> = {
    "payments alone": [0, /holds payments alone: send the bill of all/, () => read(SUCCESS_FILE)],
    "refunds alone": [0, /holds refunds alone: send the bill of all/, () => read(REFUND_FILE)],
    "payments twice": [0, /has SUCCESS and SUCCESS: send/, () => halves(SUCCESS_FILE, SUCCESS_FILE)],
    "all movements and refunds": [0, /has ALL and REFUND: send/, () => halves(FILE, REFUND_FILE)],
    "no bill": [0, /has no bill: send/, () => parseStatement([], packed, EXPECTED)],
    "a refund among payments": [
      2,
      /payments\.csv, .*交易状态/,
      () => halves(withLine(SUCCESS_FILE, 1, "`SUCCESS", "`REFUND"), NO_REFUNDS),
    ],
    "a wrong sum of payments": [
      4,
      /payments/,
      () => halves(withLine(SUCCESS_FILE, 3, "12.34", "12.35"), NO_REFUNDS),
    ],
    "a payment that lacks a cell": [
      2,
      /payments/,
      () => halves(withLine(SUCCESS_FILE, 1, ",`0.60%", ""), NO_REFUNDS),
    ],
    "a payment among refunds": [
      2,
      /refunds/,
      () => halves(NO_PAYMENTS, withLine(REFUND_FILE, 1, "`REFUND", "`SUCCESS")),
    ],
    "a refund that arrived at no time": [
      2,
      /refunds/,
      () => halves(NO_PAYMENTS, withLine(REFUND_FILE, 1, "00:00:09", "00:00:99")),
    ],
    "one time of refunds, and not the other": [
      1,
      /退款成功时间 is missing/,
      () => halves(NO_PAYMENTS, withLine(REFUND_FILE, 0, "退款成功时间", "时间")),
    ],
  };
  for (const [title, [line, reason, reading]] of Object.entries(faults)) {
    it(`with ${title} is refused`, () => {
      const fault = faultIn(reading);
      assert.equal(fault.line, line, fault.message);
      assert.match(fault.reason, reason);
    });
  }
});

it("a bill without a line of the day is read, and noted", () => {
  const other = FILE.map((line) => line.replace("`2026-11-19 1", "`2026-11-18 1"));
  const { lines, notes } = read(other);
  assert.equal(lines.length, 2);
  assert.deepEqual(notes, ["no line is of 2026-11-19: line 2 is of 2026-11-18; is it the right day's file"]);
  const asked = [REFUND_HEADER, REFUND_LINE.replace("11-19 11:56", "11-17 11:56"), ...REFUND_FILE.slice(2)];
  assert.match(halves(NO_PAYMENTS, asked).notes?.join() ?? "", /line 2 is of 2026-11-17/);
});

describe("a statement is refused as a whole, with the line and the reason, when", () => {
  const change = (index: number, from: string, to: string): string[] => {
    const lines = [...FILE];
    lines[index] = withCell(FILE[index] as string, from, to);
    return lines;
  };
  const faults: Record<string, readonly [line: number, lines: readonly string[]]> = {
    "it is empty": [0, []],
    "a column is missing": [1, change(0, "商户退款单号", "退款号")],
    "a column is there twice": [1, change(0, "费率备注", "手续费")],
    "a cell is missing": [2, change(1, ",`测试商品", "")],
    "a cell has no backtick": [3, change(2, "`2026-11-19 11:56:48,`", "`2026-11-19 11:56:48,")],
    "a name goes on like a record": [2, change(1, "测试商品", "茶\n`2026-11-19 10:55:23,`wx")],
    "it is another merchant's": [2, FILE.map((line) => line.replace("`1900000001", "`1900000002"))],
    "it is a service provider's": [
      2,
      FILE.map((line) => line.replace("`1900000001,`0", "`1900000001,`1900000109")),
    ],
    "a time is none": [2, change(1, "10:55:23", "25:55:23")],
    "a state is not known": [2, change(1, "`SUCCESS", "`PAID")],
    "a currency is none": [2, change(1, "`CNY", "`CNX")],
    "a currency has no places for what is written": [2, change(1, "`CNY", "`JPY")],
    "an amount is none": [2, change(1, "`0.60%,`12.34", "`0.60%,`12,34")],
    "an amount has three places": [2, change(1, "`0.60%,`12.34", "`0.60%,`12.345")],
    "a payment is of nothing": [2, change(1, "`0.60%,`12.34", "`0.60%,`0.00")],
    "a refund is of nothing": [3, change(2, "`0.00,`2.34,`", "`0.00,`0.00,`")],
    "more settles than was paid": [2, change(1, "`CNY,`12.34", "`CNY,`12.35")],
    "more is taken back than was asked for": [3, change(2, "`R20261119001,`2.34", "`R20261119001,`2.35")],
    "what became of a refund is not known": [3, change(2, "`ORIGINAL,`SUCCESS", "`ORIGINAL,`MAYBE")],
    "a fee is none": [2, change(1, "`0.07000", "`free")],
    "a payment has no number": [2, change(1, "`T20261119001", "`")],
    "a refund has no number": [3, change(2, "`R20261119001", "`0")],
    "the summary is missing": [3, FILE.slice(0, 3)],
    "its figures are missing": [4, FILE.slice(0, 4)],
    "a line was lost": [4, [HEADER, PAYMENT, SUMMARY_HEADER, SUMMARY]],
    "the count is wrong": [5, change(4, "`2,", "`3,")],
    "the settled sum is wrong": [5, change(4, "`2,`12.34", "`2,`12.35")],
    "the refunded sum is wrong": [5, change(4, "`2.34,`0.00", "`2.35,`0.00")],
    "the sum of fees is wrong by less than a fen": [5, change(4, "0.06000", "0.06001")],
    "the ordered sum is wrong": [5, change(4, "`12.34,`2.34", "`12.33,`2.34")],
    "something follows": [6, [...FILE, PAYMENT]],
  };
  for (const [title, [line, lines]] of Object.entries(faults)) {
    it(title, () => {
      const fault = faultOf(lines);
      assert.equal(fault.line, line, fault.message);
      assert.ok(fault.message.length > 12);
    });
  }
  it("it is not UTF-8", () => {
    const content = Buffer.from(`${FILE.join("\n")}\n`);
    content[content.indexOf("测") + 1] = 0x20;
    assert.throws(
      () => parseStatement([{ name: null, content }], content, EXPECTED),
      (error) => error instanceof StatementFault && error.line === 2,
    );
  });
  it("a merchant of a service provider was asked for, and it is the provider's own", () => {
    assert.equal(faultOf(FILE, { ...EXPECTED, subMchid: SUB_MCHID }).line, 2);
  });
});
