import type { Statement, StatementLine } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { namingNumber } from "../statement-text.ts";
import { fenOf } from "./amount.ts";
import { at, type Columns, cell, columnsOf, dayOf, decodeLines, firstLine, headed } from "./bill-file.ts";
import { parseBeijingTime } from "./time.ts";

// The business statement (业务明细) of one day: GBK, comma-separated without quoting, cells padded with tabs.
//
//   #支付宝业务明细查询                                   title
//   #账号：[20880000000000010156]                         account: the seller's number and 0156
//   #起始日期：[…]   终止日期：[…]                          the day
//   #----业务明细列表----  header, lines  #----业务明细列表结束----
//   #交易合计：… #退款合计：…                              trailer: counts and sums that must be those of the lines

const TITLE = "#支付宝业务明细查询";

const COLUMNS = {
  tradeNo: "支付宝交易号",
  orderNo: "商户订单号",
  kind: "业务类型",
  subject: "商品名称",
  createdAt: "创建时间",
  finishedAt: "完成时间",
  amount: "订单金额(元)",
  settled: "商家实收(元)",
  discount: "商家优惠(元)",
  refundNo: "退款批次号/请求号",
  fee: "服务费(元)",
} as const;

const KINDS: Readonly<Record<string, StatementLine["kind"]>> = { 交易: "payment", 退款: "refund" };
const TOTAL_TITLES = { payment: "交易合计", refund: "退款合计" } as const;

export type AlipayColumn = keyof typeof COLUMNS;

/** What the trailer says the lines of a kind make, in fen. */
export type AlipayTotal = { readonly count: bigint; readonly settled: bigint; readonly discount: bigint };
type Totals = Readonly<Record<keyof typeof TOTAL_TITLES, AlipayTotal>>;

type Row = { readonly entry: StatementLine; readonly discount: bigint };

/** Whether a file of the archive is the business statement; the other one is its summary. */
export function isStatement(content: Buffer): boolean {
  return firstLine(content).startsWith(TITLE);
}

/**
 * Reads a business statement, all of it or nothing: bytes that are not GBK, a cell that is not what its
 * column holds, a count or a sum of the trailer that the lines do not make, each refuses the file.
 * @throws StatementFault with the line and the reason
 */
export function parseStatement(content: Buffer, original: Buffer): Statement {
  const lines = decodeLines(content);
  const { account, channelDate, columns } = headOf(lines);
  const end = lines.findIndex((line, index) => index >= HEAD_LINES && line.startsWith("#"));
  if (end === -1) throw new StatementFault(lines.length, "the list has no end: the file is cut off");
  const rows = lines
    .slice(HEAD_LINES, end)
    .map((line, index) => rowOf(line, index + HEAD_LINES + 1, columns));
  const totals = totalsAfter(lines, end);
  checkTotal(end + 2, rows, "payment", totals);
  checkTotal(end + 3, rows, "refund", totals);
  return {
    account,
    channelDate,
    lines: rows.map((row) => row.entry),
    original,
  };
}

/** Lines that stand before those of the list. */
export const HEAD_LINES = 5;

/** Whose statement it is, of which day, and where its columns are. @throws StatementFault */
export function headOf(lines: readonly string[]) {
  const account = headed(lines, 1, /^#账号[：:]\[(\d{20})\]$/, "the account");
  const channelDate = dayOf(lines);
  headed(lines, 3, /^#-+(业务明细列表)-+$/, "the beginning of the list");
  const columns = columnsOf(at(lines, HEAD_LINES - 1), HEAD_LINES, COLUMNS);
  return { account, channelDate, columns };
}

/**
 * What stands after the list, whose end is the line at `end`; nothing follows it. @throws StatementFault
 */
export function totalsAfter(lines: readonly string[], end: number): Totals {
  headed(lines, end, /^#-+(业务明细列表结束)-+$/, "the end of the list");
  const totals = { payment: totalOf(lines, end + 1, "payment"), refund: totalOf(lines, end + 2, "refund") };
  headed(lines, end + 3, /^#导出时间[：:]\[(.+)\]$/, "the time of export");
  const rest = lines.findIndex((line, index) => index > end + 3 && line !== "");
  if (rest !== -1) throw new StatementFault(rest + 1, "something follows the end of the statement");
  return totals;
}

/** `#交易合计：1笔，商家实收共12.34元，商家优惠共0.00元` and its twin for refunds. */
function totalOf(lines: readonly string[], index: number, kind: keyof Totals): AlipayTotal {
  const title = TOTAL_TITLES[kind];
  const part = "([+-]?\\d+(?:\\.\\d{1,2})?)元";
  const form = new RegExp(`^#${title}[：:](\\d+)笔，商家实收(?:退款)?共${part}，商家优惠(?:退款)?共${part}$`);
  const [, count, ...sums] = form.exec(at(lines, index).trim()) ?? [];
  const [settled, discount] = sums.map(fenOf);
  if (count === undefined || settled == null || discount == null) {
    throw new StatementFault(index + 1, `is not the total of ${title}`);
  }
  return { count: BigInt(count), settled, discount };
}

function rowOf(text: string, line: number, columns: Columns<AlipayColumn>): Row {
  const cells = text.split(",");
  if (cells.length !== columns.count) {
    throw new StatementFault(line, `has ${cells.length} cells, the header ${columns.count}`);
  }
  const read = (column: AlipayColumn) => cell(cells[columns.index[column]] as string);
  const must = <T>(column: AlipayColumn, value: T | null | undefined): T => {
    if (value !== null && value !== undefined && value !== "") return value;
    throw new StatementFault(line, `${COLUMNS[column]} is ${JSON.stringify(read(column))}`);
  };
  const money = (column: AlipayColumn) => must(column, fenOf(read(column)));
  const time = (column: AlipayColumn) => must(column, parseBeijingTime(read(column)));

  const kind = must("kind", KINDS[read("kind")]);
  const entry: StatementLine = {
    line,
    kind,
    channelTradeNo: must("tradeNo", namingNumber(read("tradeNo"))),
    channelOrderNo: must("orderNo", namingNumber(read("orderNo"))),
    channelRefundNo: kind === "refund" ? must("refundNo", namingNumber(read("refundNo"))) : null,
    amount: money("amount"),
    settleAmount: money("settled"),
    // The file shows what it does to the seller: a charge is negative there.
    fee: -money("fee"),
    currency: "CNY",
    createdAt: time("createdAt"),
    finishedAt: time("finishedAt"),
    subject: read("subject"),
  };
  const sign = kind === "payment" ? 1n : -1n;
  if (entry.amount * sign <= 0n) must("amount", null);
  if (entry.settleAmount * sign < 0n) must("settled", null);
  return { entry, discount: money("discount") };
}

function checkTotal(line: number, rows: readonly Row[], kind: keyof Totals, totals: Totals): void {
  const { count, settled, discount } = totals[kind];
  const own = rows.filter((row) => row.entry.kind === kind);
  const sums = [
    ["笔", count, BigInt(own.length)],
    ["商家实收", settled, own.reduce((sum, row) => sum + row.entry.settleAmount, 0n)],
    ["商家优惠", discount, own.reduce((sum, row) => sum + row.discount, 0n)],
  ] as const;
  for (const [what, said, counted] of sums) {
    if (said !== counted) {
      throw new StatementFault(line, `${TOTAL_TITLES[kind]} says ${what} ${said}, the lines make ${counted}`);
    }
  }
}
