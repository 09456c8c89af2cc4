import { divideHalfUp } from "../../kernel/money.ts";
import type { Statement, StatementLine } from "../port.ts";
import { fenOfYuan } from "./amount.ts";
import { beijingDate, parseBeijingTime } from "./time.ts";

// The trade bill (交易账单) of one day, type ALL: UTF-8 with or without a byte order mark.
//
//   交易时间,公众账号ID,商户号,…                header, without backticks
//   `2026-11-19 10:55:23,`wx24…,`1900000001,…   lines: every cell begins with a backtick, so that a
//                                               spreadsheet keeps it as it is, and a comma within one
//                                               separates nothing
//   总交易单数,应结订单总金额,…                   header of the summary
//   `2,`12.34,…                                 counts and sums that must be those of the lines

/** Why a statement is refused as a whole, and where. */
export class StatementFault extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.name = "StatementFault";
    this.line = line;
  }
}

/** Whose statement of which day it must be. */
export type Expected = {
  readonly mchid: string;
  readonly subMchid: string | null;
  readonly channelDate: string;
};

/** Columns by name: their order and number have changed over the years. */
const COLUMNS = {
  time: "交易时间",
  mchid: "商户号",
  subMchid: "特约商户号",
  tradeNo: "微信订单号",
  orderNo: "商户订单号",
  state: "交易状态",
  currency: "货币种类",
  settled: "应结订单金额",
  refundNo: "商户退款单号",
  settledRefund: "退款金额",
  refundState: "退款状态",
  subject: "商品名称",
  fee: "手续费",
  ordered: "订单金额",
  askedRefund: "申请退款金额",
} as const;
type Column = keyof typeof COLUMNS;

/** REVOKED is a payment code that was reversed after it had paid: given back, without a refund's number. */
const KINDS: Readonly<Record<string, StatementLine["kind"]>> = {
  SUCCESS: "payment",
  REFUND: "refund",
  REVOKED: "refund",
};

/** What may have become of a refund; a reversed payment code may have nothing there. */
const REFUND_STATES: ReadonlySet<string> = new Set(["SUCCESS", "PROCESSING", "CHANGE", "FAIL"]);

const COUNT_TITLE = "总交易单数";
const SUMS = {
  settled: "应结订单总金额",
  settledRefund: "退款总金额",
  feeUnits: "手续费总金额",
  ordered: "订单总金额",
  askedRefund: "申请退款总金额",
} as const;
type Sum = keyof typeof SUMS;

/** `feeUnits`: the fee in hundred-thousandths of a yuan, as the file writes it. */
type Row = {
  readonly entry: StatementLine;
  readonly figures: Readonly<Record<Sum, bigint>>;
  /** A refund that was not carried out: no money moved. */
  readonly failed: boolean;
};
type Table = { readonly index: Readonly<Record<string, number>>; readonly count: number };

const FEE_PLACES = 5;
const FEE_UNITS_PER_FEN = 1_000n;

/**
 * Reads a trade bill, all of it or nothing: bytes that are not UTF-8, a cell that is not what its column
 * holds, another merchant or day, a count or a sum that the lines do not make, each refuses the file.
 * @param original the file as it came
 * @throws StatementFault with the line and the reason
 */
export function parseStatement(content: Buffer, original: Buffer, expected: Expected): Statement {
  const lines = decodeLines(content);
  const table = tableOf(at(lines, 0), 1, Object.values(COLUMNS));
  const found = lines.findIndex((line, index) => index > 0 && !line.startsWith("`"));
  const end = found === -1 ? lines.length : found;
  const rows = lines.slice(1, end).map((line, index) => rowOf(line, index + 2, table, expected));
  checkSummary(lines, end, rows);
  if (lines.length > end + 2) throw new StatementFault(end + 3, "something follows the end of the statement");
  return {
    account: expected.subMchid ?? expected.mchid,
    channelDate: expected.channelDate,
    lines: rows.filter((row) => !row.failed).map((row) => row.entry),
    original,
  };
}

/**
 * No byte within a character of UTF-8 is a line feed, so lines can be cut first, and a bad byte has a line.
 */
function decodeLines(content: Buffer): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let start = 0; start < content.length; ) {
    const feed = content.indexOf(0x0a, start);
    const end = feed === -1 ? content.length : feed;
    try {
      lines.push(decoder.decode(content.subarray(start, end)).replace(/\r$/, ""));
    } catch {
      throw new StatementFault(lines.length + 1, "has bytes that are not UTF-8");
    }
    start = end + 1;
  }
  if (lines[0] !== undefined) lines[0] = lines[0].replace(/^\uFEFF/, "");
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function at(lines: readonly string[], index: number): string {
  const line = lines[index];
  if (line === undefined) throw new StatementFault(lines.length, "the file is cut off");
  return line;
}

function tableOf(header: string, line: number, wanted: readonly string[]): Table {
  const names = header.split(",").map((name) => name.trim());
  const positions = wanted.map((name) => {
    const position = names.indexOf(name);
    if (position === -1) throw new StatementFault(line, `the column ${name} is missing`);
    if (names.lastIndexOf(name) !== position) {
      throw new StatementFault(line, `the column ${name} is there twice`);
    }
    return [name, position] as const;
  });
  return { index: Object.fromEntries(positions), count: names.length };
}

/** The cells of a line by the names of their columns. */
function cellsOf(text: string, line: number, table: Table): (name: string) => string {
  if (!text.startsWith("`")) throw new StatementFault(line, "a cell begins without a backtick");
  const cells = text.slice(1).split(",`");
  if (cells.length !== table.count) {
    throw new StatementFault(line, `has ${cells.length} cells, the header ${table.count}`);
  }
  return (name) => (cells[table.index[name] as number] as string).trim();
}

function rowOf(text: string, line: number, table: Table, expected: Expected): Row {
  const cell = cellsOf(text, line, table);
  const read = (column: Column) => cell(COLUMNS[column]);
  const must = <T>(column: Column, value: T | null | undefined): T => {
    if (value !== null && value !== undefined && value !== "") return value;
    throw new StatementFault(line, `${COLUMNS[column]} is ${JSON.stringify(read(column))}`);
  };
  const money = (column: Column) => must(column, fenOfYuan(read(column)));

  const state = read("state");
  const kind = must("state", KINDS[state]);
  const time = must("time", parseBeijingTime(read("time")));
  if (beijingDate(time) !== expected.channelDate) must("time", null);
  if (read("currency") !== "CNY") must("currency", null);
  if (read("mchid") !== expected.mchid) must("mchid", null);
  // A merchant of its own has 0 there, or nothing.
  if ((read("subMchid") || "0") !== (expected.subMchid ?? "0")) must("subMchid", null);

  const figures = {
    settled: money("settled"),
    settledRefund: money("settledRefund"),
    feeUnits: must("fee", feeUnitsOf(read("fee"))),
    ordered: money("ordered"),
    askedRefund: money("askedRefund"),
  };
  const isPayment = kind === "payment";
  if ((isPayment ? figures.ordered : figures.askedRefund) <= 0n) {
    must(isPayment ? "ordered" : "askedRefund", null);
  }
  const settled = isPayment ? figures.settled : figures.settledRefund;
  if (settled < 0n || settled > (isPayment ? figures.ordered : figures.askedRefund)) {
    must(isPayment ? "settled" : "settledRefund", null);
  }
  if (state === "REFUND" && !REFUND_STATES.has(read("refundState"))) must("refundState", null);
  const refundNo = read("refundNo");
  const entry: StatementLine = {
    line,
    kind,
    channelTradeNo: must("tradeNo", read("tradeNo")),
    channelOrderNo: must("orderNo", read("orderNo")),
    channelRefundNo: state === "REFUND" ? must("refundNo", refundNo === "0" ? null : refundNo) : null,
    amount: isPayment ? figures.ordered : -figures.askedRefund,
    settleAmount: isPayment ? figures.settled : -figures.settledRefund,
    fee: divideHalfUp(figures.feeUnits, FEE_UNITS_PER_FEN),
    currency: "CNY",
    createdAt: time,
    finishedAt: time,
    subject: read("subject"),
  };
  return { entry, figures, failed: !isPayment && read("refundState") === "FAIL" };
}

/**
 * The count and the sums of the file. Whether a refund that failed is a part of them is not documented, so
 * either is right, for all figures alike.
 */
function checkSummary(lines: readonly string[], index: number, rows: readonly Row[]): void {
  const table = tableOf(at(lines, index), index + 1, [COUNT_TITLE, ...Object.values(SUMS)]);
  const line = index + 2;
  const cell = cellsOf(at(lines, index + 1), line, table);
  const differences = (counted: readonly Row[]): string[] => {
    const said = /^(\d+)(?:\.0+)?$/.exec(cell(COUNT_TITLE))?.[1];
    const count = said === String(counted.length) ? [] : [`${COUNT_TITLE} ${said}, lines ${counted.length}`];
    const sums = (Object.keys(SUMS) as Sum[]).flatMap((sum) => {
      const text = cell(SUMS[sum]);
      const told = sum === "feeUnits" ? feeUnitsOf(text) : fenOfYuan(text);
      const made = counted.reduce((total, row) => total + row.figures[sum], 0n);
      return told === made ? [] : [`${SUMS[sum]} ${text}, the lines make ${made}`];
    });
    return [...count, ...sums];
  };
  const [whole = [], withoutFailed = []] = [rows, rows.filter((row) => !row.failed)].map(differences);
  if (whole.length > 0 && withoutFailed.length > 0) {
    throw new StatementFault(line, `the summary says ${whole.join("; ")}`);
  }
}

/** Hundred-thousandths of a yuan, the file's precision of fees; null for no such number. */
function feeUnitsOf(text: string): bigint | null {
  const match = /^([+-]?)(\d{1,15})(?:\.(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  const units = BigInt(whole + fraction.padEnd(FEE_PLACES, "0"));
  return sign === "-" ? -units : units;
}
