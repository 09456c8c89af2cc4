import type { Statement, StatementLine } from "../port.ts";
import { faultOr, StatementFault } from "../statement-fault.ts";
import { namingNumber } from "../statement-text.ts";
import { fenOf } from "./amount.ts";
import {
  at,
  type Columns,
  type CutLine,
  cell,
  columnsOf,
  createLineCutter,
  dayOf,
  firstLine,
  headed,
} from "./bill-file.ts";
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
  const reader = createBillReader();
  const lines = reader.push(content);
  const last = reader.end();
  return { ...last.of, lines: [...lines, ...last.lines], original };
}

/** Whose statement it is, and of which day. */
export type BillHead = { readonly account: string; readonly channelDate: string };

export type BillReader = {
  /** The lines of the list that end in the next piece of the file. */
  push(piece: Buffer): StatementLine[];
  /**
   * After the last piece: what was left, and whose file it was. Throws the StatementFault of the whole file:
   * what was given before it is not to be used.
   */
  end(): { readonly of: BillHead; readonly lines: readonly StatementLine[] };
};

/** A reader that never holds more of a file than a piece and the beginning of a line. */
export function createBillReader(): BillReader {
  const cutter = createLineCutter();
  const tail = createTail();
  const sums = { payment: { ...NO_ROWS }, refund: { ...NO_ROWS } };
  // Told at the end, in an order of their own, whichever stands first in the file.
  const headLines: string[] = [];
  let head: ReturnType<typeof headOf> | StatementFault | null = null;
  let rowFault: StatementFault | null = null;

  const take = (text: string, index: number): StatementLine | null => {
    if (index < HEAD_LINES) {
      headLines.push(text);
      if (headLines.length === HEAD_LINES) head = faultOr(() => headOf(headLines));
      return null;
    }
    if (tail.take(text, index) || rowFault !== null) return null;
    if (head === null || head instanceof StatementFault) return null;
    const { columns } = head;
    const row = faultOr(() => rowOf(text, index + 1, columns));
    if (row instanceof StatementFault) {
      rowFault = row;
      return null;
    }
    const sum = sums[row.entry.kind as keyof typeof sums];
    sum.count += 1n;
    sum.settled += row.entry.settleAmount;
    sum.discount += row.discount;
    return row.entry;
  };
  const taken = (lines: readonly CutLine[]) => lines.flatMap(({ text, index }) => take(text, index) ?? []);

  return {
    push: (piece) => taken(cutter.push(piece)),
    end: () => {
      const lines = taken(cutter.end());
      const of = head ?? headOf(headLines);
      if (of instanceof StatementFault) throw of;
      if (tail.end() === null)
        throw new StatementFault(cutter.count(), "the list has no end: the file is cut off");
      if (rowFault !== null) throw rowFault;
      const { end, totals } = tail.totals();
      checkTotal(end + 2, sums.payment, "payment", totals);
      checkTotal(end + 3, sums.refund, "refund", totals);
      return { of: { account: of.account, channelDate: of.channelDate }, lines };
    },
  };
}

const NO_ROWS = { count: 0n, settled: 0n, discount: 0n };
/** The end of the list, the two totals, the time of export. */
const TAIL_LINES = 4;

/** What stands behind the list, from the first line that begins with # on. */
function createTail() {
  const lines: string[] = [];
  let first: number | null = null;
  let stray: number | null = null;
  return {
    /** Whether the line is a part of it. */
    take: (text: string, index: number): boolean => {
      if (first === null && !text.startsWith("#")) return false;
      first ??= index;
      if (lines.length < TAIL_LINES) lines.push(text);
      else if (text !== "") stray ??= index;
      return true;
    },
    /** Where the list ends; null: nowhere. */
    end: () => first,
    totals: () => {
      const end = first ?? 0;
      const totals = faultOr(() => totalsAfter(lines, 0));
      if (totals instanceof StatementFault) throw new StatementFault(totals.line + end, totals.reason);
      if (stray !== null) throw new StatementFault(stray + 1, FOLLOWS);
      return { end, totals };
    },
  };
}

const FOLLOWS = "something follows the end of the statement";

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
  if (rest !== -1) throw new StatementFault(rest + 1, FOLLOWS);
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

function checkTotal(line: number, made: AlipayTotal, kind: keyof Totals, totals: Totals): void {
  const said = totals[kind];
  const sums = [
    ["笔", said.count, made.count],
    ["商家实收", said.settled, made.settled],
    ["商家优惠", said.discount, made.discount],
  ] as const;
  for (const [what, told, counted] of sums) {
    if (told !== counted) {
      throw new StatementFault(line, `${TOTAL_TITLES[kind]} says ${what} ${told}, the lines make ${counted}`);
    }
  }
}
