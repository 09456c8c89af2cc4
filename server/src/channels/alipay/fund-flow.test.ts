import assert from "node:assert/strict";
import { describe, it } from "node:test";
import iconv from "iconv-lite";
import { StatementFault } from "../statement-fault.ts";
import { isFundFlow, parseFundFlow } from "./fund-flow.ts";

const TRADE = "2026111922001400000000000001";
const FILE = [
  "#支付宝账务明细查询",
  "#账号：[20880000000000010156]",
  "#起始日期：[2026年11月19日 00:00:00]   终止日期：[2026年11月20日 00:00:00]",
  "#-----------------------------------------账务明细列表----------------------------------------",
  "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注",
  `100001\t,${TRADE}\t,T1\t,测试商品,2026-11-19 10:55:23,*三(138****0000)\t,12.34,,112.34,支付宝,在线支付\t,`,
  `100002\t,${TRADE}\t,T1\t,测试商品,2026-11-19 10:55:23,\t,,-0.07,112.27,支付宝,收费\t,`,
  `100003\t,${TRADE}\t,T1\t,测试商品,2026-11-19 11:56:48,\t,0.00,-2.34,109.93,支付宝,退款（交易退款）\t,退款`,
  "#-----------------------------------------账务明细列表结束------------------------------------",
  "#支出合计：2笔，共-2.41元",
  "#收入合计：1笔，共12.34元",
  "#导出时间：[2026年11月20日 05:46:49]",
  "",
];

const read = (lines: readonly string[]) =>
  parseFundFlow(iconv.encode(lines.join("\r\n"), "gbk"), Buffer.from("packed"));
function change(index: number, from: string, to: string): string[] {
  const lines = [...FILE];
  assert.ok(lines[index]?.includes(from), from);
  lines[index] = (lines[index] as string).replace(from, to);
  return lines;
}

describe("Alipay's account statement", () => {
  it("is told from its summary, and read with the balances before and after", () => {
    assert.equal(isFundFlow(iconv.encode(FILE.join("\r\n"), "gbk")), true);
    assert.equal(isFundFlow(iconv.encode("#支付宝账务汇总查询\r\n", "gbk")), false);
    const { lines, original, ...whole } = read(FILE);
    assert.equal(original.toString(), "packed");
    assert.deepEqual(whole, {
      account: "20880000000000010156",
      accountType: "",
      channelDate: "2026-11-19",
      currency: "CNY",
      balanceBeforeMillionths: 100_000_000n,
      balanceAfterMillionths: 109_930_000n,
    });
    assert.deepEqual(lines[1], {
      line: 7,
      at: new Date("2026-11-19T02:55:23Z"),
      flowNo: "100002",
      businessNo: TRADE,
      voucherNo: "T1",
      kind: "收费",
      name: "测试商品",
      direction: "out",
      amountMillionths: -70_000n,
      balanceMillionths: 112_270_000n,
      remark: "",
    });
    assert.deepEqual(
      lines.map(({ amountMillionths }) => amountMillionths),
      [12_340_000n, -70_000n, -2_340_000n],
    );
  });

  it("keeps a movement that is dated on another day", () => {
    assert.equal(read(change(5, "2026-11-19", "2026-11-18")).lines.length, 3);
  });

  it("may tell no totals", () => {
    assert.equal(read(FILE.filter((line) => !line.includes("合计"))).lines.length, 3);
  });

  const faults: Record<string, readonly [line: number, lines: readonly string[]]> = {
    "it is cut off in the list": [8, FILE.slice(0, 8)],
    "it is cut off before the list": [3, FILE.slice(0, 3)],
    "its list ends as another's": [9, change(8, "账务明细", "业务明细")],
    "a column is missing": [5, change(4, "账户余额（元）", "余额")],
    "a cell is missing": [6, change(5, ",支付宝", "")],
    "a time is none": [6, change(5, "10:55:23", "10:55:73")],
    "an amount is none": [6, change(5, "12.34,", "12.3x,")],
    "money comes and goes at once": [6, change(5, "12.34,,", "12.34,-1.00,")],
    "what came is negative": [6, change(5, "12.34,,", "-12.34,,")],
    "what went is positive": [7, change(6, "-0.07", "0.07")],
    "a movement has no number": [6, change(5, "100001", "")],
    "a movement has no kind": [7, change(6, "收费", "")],
    "a balance is missing": [7, change(6, "112.27", "")],
    "a balance does not follow": [8, change(7, "109.93", "109.94")],
    "a line was lost": [7, FILE.filter((_, index) => index !== 6)],
    "the count of what went is wrong": [10, change(9, "2笔", "3笔")],
    "the sum of what came is wrong": [11, change(10, "12.34", "12.35")],
    "something follows": [13, [...FILE.slice(0, 12), "more", ""]],
  };
  for (const [title, [line, lines]] of Object.entries(faults)) {
    it(`is refused as a whole, with line ${line}, when ${title}`, () => {
      assert.throws(
        () => read(lines),
        (error) => {
          assert.ok(error instanceof StatementFault, String(error));
          assert.equal(error.line, line, error.message);
          return true;
        },
      );
    });
  }

  it("is refused when it is not GBK", () => {
    const content = iconv.encode(FILE.join("\r\n"), "gbk");
    content[content.indexOf(iconv.encode("测", "gbk")) + 1] = 0x20;
    assert.throws(() => parseFundFlow(content, content), StatementFault);
  });
});
