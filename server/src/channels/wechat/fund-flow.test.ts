import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StatementFault } from "../statement-fault.ts";
import { parseFundFlow } from "./fund-flow.ts";
import { MCHID } from "./testing.ts";

const EXPECTED = { account: MCHID, accountType: "BASIC", channelDate: "2026-11-19" } as const;
const HEADER =
  "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元)," +
  "资金变更提交申请人,备注,业务凭证号";
const PAID =
  "`2026-11-19 10:55:23,`4200000000202611190000000001,`1900001,`交易,`交易,`收入,`12.34,`112.34," +
  "`system,`测试商品,`T20261119001";
const FEE =
  "`2026-11-19 10:55:23,`4200000000202611190000000001,`1900002,`扣除交易手续费,`扣除交易手续费,`支出," +
  "`0.07404,`112.26596,`system,`结算总金额 12.34,`T20261119001";
const REFUND =
  "`2026-11-19 11:56:48,`50300000002026111900000000001,`1900003,`退款,`退款,`支出,`2.34,`109.92596," +
  "`operator@1900000001,`,`R20261119001";
const SUMMARY_HEADER = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";
const SUMMARY = "`3.0,`1.0,`12.34,`2.0,`2.41404";
const FILE = [HEADER, PAID, FEE, REFUND, SUMMARY_HEADER, SUMMARY];

function read(lines: readonly string[]) {
  return parseFundFlow(Buffer.from(`\uFEFF${lines.join("\r\n")}\r\n`), Buffer.from("packed"), EXPECTED);
}
function change(index: number, from: string, to: string): string[] {
  const lines = [...FILE];
  assert.ok(lines[index]?.includes(from), from);
  lines[index] = (lines[index] as string).replace(from, to);
  return lines;
}

describe("a fund bill", () => {
  it("is read to a hundred-thousandth of a yuan, with the balances before and after", () => {
    const { original, lines, ...whole } = read(FILE);
    assert.equal(original.toString(), "packed");
    assert.deepEqual(whole, {
      ...EXPECTED,
      currency: "CNY",
      balanceBeforeMillionths: 100_000_000n,
      balanceAfterMillionths: 109_925_960n,
    });
    assert.deepEqual(lines[0], {
      line: 2,
      at: new Date("2026-11-19T02:55:23Z"),
      flowNo: "1900001",
      businessNo: "4200000000202611190000000001",
      voucherNo: "T20261119001",
      kind: "交易",
      name: "交易",
      direction: "in",
      amountMillionths: 12_340_000n,
      balanceMillionths: 112_340_000n,
      remark: "测试商品",
    });
    assert.deepEqual(
      lines.map((line) => [line.direction, line.amountMillionths]),
      [
        ["in", 12_340_000n],
        ["out", -74_040n],
        ["out", -2_340_000n],
      ],
    );
  });

  it("whose lines of one second are told in another order is the same bill", () => {
    const { balanceBeforeMillionths, balanceAfterMillionths } = read([
      HEADER,
      FEE,
      PAID,
      REFUND,
      SUMMARY_HEADER,
      SUMMARY,
    ]);
    assert.deepEqual([balanceBeforeMillionths, balanceAfterMillionths], [100_000_000n, 109_925_960n]);
  });

  it("may give a fee back as a negative expense, and end where it began", () => {
    const back = FEE.replace("`0.07404,`112.26596", "`-0.07404,`100.07404").replace("1900002", "1900004");
    const taken = FEE.replace("`0.07404,`112.26596", "`0.07404,`100.00000");
    const { lines, ...whole } = read([HEADER, back, taken, SUMMARY_HEADER, "`2,`0,`0.00,`2,`0.00000"]);
    assert.deepEqual(
      lines.map((line) => line.amountMillionths),
      [74_040n, -74_040n],
    );
    assert.equal(whole.balanceBeforeMillionths, 100_000_000n);
    assert.equal(whole.balanceAfterMillionths, 100_000_000n);
  });

  it("of a day without lines knows no balance", () => {
    const { lines, ...whole } = read([HEADER, SUMMARY_HEADER, "`0,`0,`0.00,`0,`0.00"]);
    assert.deepEqual([lines, whole.balanceBeforeMillionths], [[], null]);
  });

  it("keeps a line feed and a separator in a remark", () => {
    const { lines } = read(change(1, "`测试商品", "`茶,`大杯\n`热"));
    assert.deepEqual([lines[0]?.remark, lines[0]?.voucherNo], ["茶,`大杯\n`热", "T20261119001"]);
  });
});

it("a fund bill without a line of the day is read, and noted", () => {
  const { lines, notes } = read(FILE.map((line) => line.replace("`2026-11-19 ", "`2026-11-18 ")));
  assert.equal(lines.length, 3);
  assert.match(notes?.join() ?? "", /^no line is of 2026-11-19: line 2 is of 2026-11-18;/);
});

describe("a fund bill is refused as a whole, with the line and the reason, when", () => {
  const faults: Record<string, readonly [line: number, lines: readonly string[]]> = {
    "it is empty": [0, []],
    "a column is missing": [1, change(0, "账户结余(元)", "结余")],
    "a cell is missing": [3, change(2, ",`112.26596", "")],
    "a time is none": [2, change(1, "10:55:23", "10:65:23")],
    "money neither comes nor goes": [2, change(1, "`收入", "`冻结")],
    "an amount is none": [2, change(1, "`12.34,", "`12.3x,")],
    "an amount is finer than a millionth": [3, change(2, "0.07404", "0.0740400")],
    "a balance is missing": [2, change(1, "`112.34", "`")],
    "a movement has no number": [2, change(1, "`1900001", "`")],
    "a balance does not follow": [4, change(3, "109.92596", "109.92597")],
    "a line was lost": [3, FILE.filter((line) => line !== FEE)],
    "the count is wrong": [6, change(5, "`3.0", "`4.0")],
    "the sum of what came is wrong": [6, change(5, "12.34", "12.35")],
    "the sum of what went is wrong": [6, change(5, "2.41404", "2.41403")],
    "the summary is missing": [4, FILE.slice(0, 4)],
    "its figures are missing": [5, FILE.slice(0, 5)],
    "something follows": [7, [...FILE, PAID]],
  };
  for (const [title, [line, lines]] of Object.entries(faults)) {
    it(title, () => {
      assert.throws(
        () => read(lines),
        (error) => {
          assert.ok(error instanceof StatementFault);
          assert.equal(error.line, line, error.message);
          return true;
        },
      );
    });
  }
});
