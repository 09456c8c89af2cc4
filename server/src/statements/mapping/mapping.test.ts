import assert from "node:assert/strict";
import { test } from "node:test";
import { writeXlsx } from "hucre/xlsx";
import iconv from "iconv-lite";
import { orFault, StatementFault } from "../../channels/index.ts";
import { chanceOf } from "../testing/chance.ts";
import { BANK, SALES, salesSample } from "../testing/own-formats.ts";
import { SHEET } from "../testing/sheet-format.ts";
import { readMappedBank } from "./bank.ts";
import { compileDateFormat } from "./dates.ts";
import { type Mapping, mappingFault } from "./model.ts";
import { readMapped } from "./read.ts";

const of = { account: "31050161000000000001", statementDate: "2026-11-19" };

async function faultOf(mapping: Mapping, content: Buffer | string): Promise<string> {
  const fault = await orFault(() => readMapped(mapping, of, Buffer.from(content as string)));
  assert.ok(fault instanceof StatementFault, `it was read: ${JSON.stringify(fault, (_, v) => String(v))}`);
  return fault.message;
}

test("a platform's sales are read by a few lines of data: quotes, thousands, signs, trailer", async () => {
  const text = [
    "商户：31050161000000000001，账单",
    "账单日期：2026-11-19",
    "订单号,下单时间,类型,金额,佣金,结算金额,门店,备注",
    'M1,2026/11/19 23:59:59,外卖,"1,234.50",61.73,"1,172.77",一店,"少冰, ""多糖"""',
    "",
    "M2,2026/11/18 08:00:00,退款,34.50,1.73,32.77,一店,",
    "合计,2,,1200.00,60.00,,,",
    "",
  ].join("\n");
  const { rows } = await readMapped(SALES, of, Buffer.from(text));
  assert.deepEqual(
    rows.map(({ line, number, kind, amount, fee, settleAmount }) => [
      line,
      number,
      kind,
      amount,
      fee,
      settleAmount,
    ]),
    [
      [4, "M1", "sale", 123_450n, 6_173n, 117_277n],
      [6, "M2", "refund", -3_450n, -173n, -3_277n],
    ],
  );
  assert.deepEqual([rows[0]?.text, rows[0]?.store], ['少冰, "多糖"', "一店"]);
  assert.equal(rows[0]?.at.toISOString(), "2026-11-19T15:59:59.000Z");

  const faults: [from: string, to: string, reason: RegExp][] = [
    ["一店,\n", "一店\n", /line 6: has 7 cells, the header 8/],
    ["退款,34", "退货,34", /line 6: 类型 is "退货"/],
    ["34.50,1", "34.505,1", /line 6: 金额 is "34.505"/],
    ["1,234.50", "12,34.50", /line 4: 金额 is "12,34.50"/],
    ["M2,", ",", /line 6: 订单号 is ""/],
    ["2026/11/18 08", "2026/02/30 08", /line 6: 下单时间 is/],
    ["合计,2", "合计,3", /line 7: the trailer counts 3, there are 2 lines/],
    ["1200.00", "1200.01", /line 7: the trailer's amount is 1200.01/],
    ["合计", "总计", /line 7: the trailer is missing|line 7: /],
    ["账单日期：2026-11-19", "账单日期：2026-11-20", /line 2: is of 2026-11-20/],
    ["商户：3", "商户：4", /line 1: is of 41050161/],
    ["佣金", "服务费", /line 3: the column 佣金 is missing/],
    ["备注", "门店", /line 3: the column 门店 is there twice/],
    ['"少冰', 'x"少冰', /line 4: is no CSV/],
    ["M2", "M\u00002", /line 6: has a NUL/],
  ];
  for (const [from, to, reason] of faults) {
    assert.ok(text.includes(from), from);
    assert.match(await faultOf(SALES, text.replace(from, to)), reason);
  }
  assert.match(await faultOf(SALES, iconv.encode(text, "gbk")), /line 1: has bytes that are not UTF-8/);
  assert.match(await faultOf(SALES, `${text}M9,,,,,,,\n`), /line 8: something follows the trailer/);
  assert.match(await faultOf(SALES, text.slice(0, text.indexOf("合计"))), /the file is cut off/);
});

test("a bank's CSV ties by its balances, in either order, and another day's is noted", async () => {
  const head = "流水号,交易日期,贷方发生额,借方发生额,余额,对方户名,对方账号,摘要";
  const rows = ["1,20261119,100.00,,1100.00,张三,6222,款", "2,20261119,,50.00,1050.00,李四,6223,款"];
  const read = async (lines: readonly string[]) =>
    orFault(() => readMappedBank(BANK, of, iconv.encode([head, ...lines].join("\r\n"), "gbk")));
  for (const lines of [rows, rows.toReversed()]) {
    const statement = await read(lines);
    assert.ok(!(statement instanceof StatementFault));
    assert.deepEqual([statement.opening, statement.closing], [100_000n, 105_000n]);
    assert.deepEqual(new Set(statement.entries.map(({ amount }) => amount)), new Set([-5_000n, 10_000n]));
    assert.deepEqual(statement.entries[0]?.bookedOn, "2026-11-19");
  }
  const other = await read(rows.map((row) => row.replace("20261119", "20261118")));
  assert.ok(!(other instanceof StatementFault));
  assert.match(other.notes?.join() ?? "", /^no line is of 2026-11-19: line 2 is of 2026-11-18;/);
  const dated = { ...BANK, header_line: 2, preamble: [{ line: 1, before: "日期 ", after: "", is: "date" }] };
  const late = iconv.encode(
    ["日期 2026-11-19", head, ...rows.map((row) => row.replace("20261119", "20261118"))].join("\r\n"),
    "gbk",
  );
  const told = await orFault(() => readMappedBank(dated as Mapping, of, late));
  assert.ok(!(told instanceof StatementFault), "its preamble tells the day, and its lines do not");
  assert.equal(told.notes, undefined);
  const broken: [lines: string[], reason: RegExp][] = [
    [[rows[0] as string, (rows[1] as string).replace("1050", "1051")], /line 3: the balance does not follow/],
    [[(rows[0] as string).replace("100.00,", ",")], /line 2: 贷方发生额 is ""/],
    [[(rows[0] as string).replace("100.00,,", "100.00,1.00,")], /line 2: 借方发生额/],
  ];
  for (const [lines, reason] of broken) {
    const fault = await read(lines);
    assert.ok(fault instanceof StatementFault);
    assert.match(fault.message, reason);
  }
});

test("a workbook's dates and figures are read as they are shown; formulas are refused", async () => {
  const row = ["M1", new Date("2026-11-19T09:30:00Z"), 12.34, 0.5, "茶"];
  const book = async (rows: unknown[][], cells?: Map<string, object>) =>
    Buffer.from(
      await writeXlsx({
        sheets: [{ name: "S", rows: rows as never, ...(cells === undefined ? {} : { cells }) }],
      }),
    );
  const head = ["Order", "Time", "Amount", "Commission", "Note"];
  const total = ["Total", 1, 12.34];
  const {
    rows: [read],
  } = await readMapped(SHEET, of, await book([head, row, total]));
  assert.deepEqual(
    [read?.line, read?.number, read?.amount, read?.fee, read?.settleAmount],
    [2, "M1", 1_234n, 50n, 1_184n],
  );
  assert.equal(
    read?.at.toISOString(),
    "2026-11-19T01:30:00.000Z",
    "the workbook's clock is the mapping's zone's",
  );

  const formula = new Map([["1,2", { formula: "1+1", formulaResult: 2, value: 2, type: "formula" }]]);
  assert.match(
    await faultOf(SHEET, await book([head, row, total], formula)),
    /line 2: Amount holds a formula/,
  );
  const inexact = row.with(2, 0.1 + 0.2);
  assert.match(
    await faultOf(SHEET, await book([head, inexact, total])),
    /line 2: Amount is "0.30000000000000004"/,
  );
  const dated = row.with(0, new Date("2026-11-19T09:30:00Z"));
  assert.match(await faultOf(SHEET, await book([head, dated, total])), /line 2: Order holds a date/);
  assert.match(await faultOf(SHEET, "no workbook"), /^the workbook cannot be read/);
  assert.match(await faultOf({ ...SHEET, sheet: "T" }, await book([head, row, total])), /has no sheet T/);
});

test("a definition that cannot work is refused before a file meets it", () => {
  assert.equal(mappingFault(SALES) ?? mappingFault(BANK) ?? mappingFault(SHEET), null);
  const wrong: [change: Partial<Mapping>, field: string][] = [
    [{ columns: { number: "a", at: "b" } }, "columns.amount"],
    [{ columns: { ...SALES.columns, credit: "c" } }, "columns.amount"],
    [{ columns: { ...SALES.columns, direction: "d" } }, "directions"],
    [{ columns: { ...SALES.columns, currency: "e" } }, "currency"],
    [{ thousands: "." }, "thousands"],
    [{ date_format: "dd/MM" }, "date_format"],
    [{ date_format: "yyyy-MM-dd yyyy" }, "date_format"],
    [{ time_zone: "Mars" }, "time_zone"],
    [{ sheet: "S" }, "format"],
  ];
  for (const [change, field] of wrong) assert.equal(mappingFault({ ...SALES, ...change })?.field, field);
});

test("dates are read in the one form that was said, and only real ones", () => {
  const read = (format: string, text: string) => compileDateFormat(format)?.(text)?.toISOString() ?? null;
  assert.equal(read("yyyy年M月d日", "2026年2月3日"), "2026-02-03T00:00:00.000Z");
  assert.equal(read("dd.MM.yyyy HH:mm", "03.02.2026 07:08"), "2026-02-03T07:08:00.000Z");
  assert.equal(read("yyyyMMddHHmmss", "20260203070809"), "2026-02-03T07:08:09.000Z");
  for (const text of ["2026-02-30", "2026-2-3", " 2026-02-03", "2026-02-03 ", "2026-13-01"]) {
    assert.equal(read("yyyy-MM-dd", text), null, text);
  }
  assert.equal(read("yyyy-MM-dd HH:mm", "2026-02-03 24:00"), null);
});

test("the sample of the fuzz is read", async () => {
  assert.ok((await readMapped(SALES, of, Buffer.from(salesSample(chanceOf(7))))).rows.length >= 2);
});
