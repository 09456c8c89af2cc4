import { divideHalfUp, exponentOf, isCurrency } from "../../kernel/money.ts";
import type { Statement, StatementLine } from "../port.ts";
import { notesOfOtherDay, withNotes } from "../statement-days.ts";
import { StatementFault } from "../statement-fault.ts";
import { namingNumber } from "../statement-text.ts";
import { fenOfYuan } from "./amount.ts";
import { type BillLayout, type BillRecord, headerOf, readBill } from "./bill-table.ts";
import { beijingDate, parseBeijingTime } from "./time.ts";

// The trade bill (交易账单) of one day.
//
//   交易时间,公众账号ID,商户号,…                header, without backticks
//   `2026-11-19 10:55:23,`wx24…,`1900000001,…   records
//   总交易单数,应结订单总金额,…                   header of the summary
//   `2,`12.34,…                                 counts and sums that must be those of the records
//
// It comes in three layouts, told by the header: all movements of a day; payments alone, without columns of
// refunds; refunds alone, with the times of each. A day is one of the first, or one each of the others.

/** `ALL`: every movement; `SUCCESS`: payments alone, and no columns of refunds; `REFUND`: refunds alone. */
export type TradeBillType = "ALL" | "SUCCESS" | "REFUND";

/** Whose statement of which day it must be. */
export type Expected = {
  readonly mchid: string;
  readonly subMchid: string | null;
  readonly channelDate: string;
};

/** A bill as it was taken out of what came; `name`: of the file within it, where there are several. */
export type BillFile = { readonly name: string | null; readonly content: Buffer };

const COLUMNS = {
  time: "交易时间",
  mchid: "商户号",
  subMchid: "特约商户号",
  tradeNo: "微信订单号",
  orderNo: "商户订单号",
  state: "交易状态",
  currency: "货币种类",
  settled: "应结订单金额",
  subject: "商品名称",
  fee: "手续费",
  ordered: "订单金额",
} as const;
/** What the merchant attached to the order: not used, and written by people. */
const ATTACHED = "商户数据包";
const REFUND_COLUMNS = {
  refundNo: "商户退款单号",
  settledRefund: "退款金额",
  refundState: "退款状态",
  askedRefund: "申请退款金额",
} as const;
/** Of the type REFUND alone, whose day is that of the first. */
const REFUND_TIMES = { refundAskedAt: "退款申请时间", refundedAt: "退款成功时间" } as const;
const EVERY_COLUMN = { ...COLUMNS, ...REFUND_COLUMNS, ...REFUND_TIMES };
type Column = keyof typeof EVERY_COLUMN;

/** REVOKED is a payment code that was reversed after it had paid: given back, without a refund's number. */
const KINDS: Readonly<Record<string, StatementLine["kind"]>> = {
  SUCCESS: "payment",
  REFUND: "refund",
  REVOKED: "refund",
};
const KINDS_OF: Readonly<Record<TradeBillType, readonly StatementLine["kind"][]>> = {
  ALL: ["payment", "refund"],
  SUCCESS: ["payment"],
  REFUND: ["refund"],
};

/** What may have become of a refund; a reversed payment code may have nothing there. */
const REFUND_STATES: ReadonlySet<string> = new Set(["SUCCESS", "PROCESSING", "CHANGE", "FAIL"]);

const COUNT_TITLE = "总交易单数";
const PAYMENT_SUMS = { settled: "应结订单总金额", feeUnits: "手续费总金额", ordered: "订单总金额" } as const;
const SUMS = { ...PAYMENT_SUMS, settledRefund: "退款总金额", askedRefund: "申请退款总金额" } as const;
type Sum = keyof typeof SUMS;

/** `feeUnits`: the fee in hundred-thousandths of a yuan, as the file writes it. */
type Row = {
  readonly entry: StatementLine;
  readonly figures: Readonly<Record<Sum, bigint>>;
  /** A refund that was not carried out: no money moved. */
  readonly failed: boolean;
};

const FEE_PLACES = 5;
const FEE_UNITS_PER_FEN = 1_000n;

/**
 * Reads the trade bills that a day's statement is made of, all or nothing: half a day, bytes that are not
 * UTF-8, a cell that is not what its column holds, no line of the merchant, a count or a sum that the lines
 * do not make, each refuses them.
 * @param original what they came in
 * @throws StatementFault with the line and the reason
 */
export function parseStatement(files: readonly BillFile[], original: Buffer, expected: Expected): Statement {
  const bills = files.map(({ name, content }) => ({ name, content, type: typeOf(content) }));
  const rows = bills.flatMap(({ name, content, type }) =>
    inFile(name, () => rowsOf(content, type, expected)),
  );
  refuseHalves(bills.map(({ type }) => type));
  const dated = rows.map(({ entry: { line, createdAt } }) => ({ line, date: beijingDate(createdAt) }));
  return {
    account: expected.subMchid ?? expected.mchid,
    channelDate: expected.channelDate,
    lines: rows.filter((row) => !row.failed).map((row) => row.entry),
    original,
    ...withNotes(notesOfOtherDay(dated, expected.channelDate)),
  };
}

/** By its header: the others' columns of refunds, or their times. */
function typeOf(content: Buffer): TradeBillType {
  const titles = new Set(headerOf(content));
  const has = (columns: Readonly<Record<string, string>>) =>
    Object.values(columns).some((title) => titles.has(title));
  if (has(REFUND_TIMES)) return "REFUND";
  return has(REFUND_COLUMNS) ? "ALL" : "SUCCESS";
}

/** What one kind of bill leaves out would look missing at the channel. */
function refuseHalves(types: readonly TradeBillType[]): void {
  const said = types.toSorted().join(" and ");
  if (said === "ALL" || said === "REFUND and SUCCESS") return;
  const half = { SUCCESS: "payments alone", REFUND: "refunds alone" };
  const [type] = types;
  const what =
    types.length === 1 && type !== undefined && type !== "ALL"
      ? `holds ${half[type]}`
      : `has ${said || "no bill"}`;
  throw new StatementFault(
    0,
    `it ${what}: send the bill of all movements (ALL), or those of SUCCESS and REFUND in one ZIP`,
  );
}

function inFile<T>(file: string | null, read: () => T): T {
  if (file === null) return read();
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StatementFault)) throw error;
    throw new StatementFault(error.line, error.reason, { file });
  }
}

/** The records of one bill, of whatever layout. */
function rowsOf(content: Buffer, type: TradeBillType, expected: Expected): Row[] {
  const bill = readBill(content, layoutOf(type));
  refuseStrangersFile(bill.records, expected);
  const rows = bill.records.map((record) => rowOf(record, type, expected));
  checkSummary(bill.summary, type, rows);
  return rows;
}

function layoutOf(type: TradeBillType): BillLayout {
  return {
    columns: [
      ...Object.values(COLUMNS),
      ...(type === "SUCCESS" ? [] : Object.values(REFUND_COLUMNS)),
      ...(type === "REFUND" ? Object.values(REFUND_TIMES) : []),
    ],
    time: COLUMNS.time,
    free: [COLUMNS.subject, ATTACHED],
    summaryColumns: [COUNT_TITLE, ...Object.values(sumsOf(type))],
  };
}

/** Some files of payments alone sum up refunds too, at nought; what they say of them is not asked for. */
function sumsOf(type: TradeBillType): Readonly<Partial<Record<Sum, string>>> {
  return type === "SUCCESS" ? PAYMENT_SUMS : SUMS;
}

type Reader = {
  readonly text: (column: Column) => string;
  /** The value, or a fault that shows what the cell holds. */
  readonly must: <T>(column: Column, value: T | null | undefined) => T;
};

function readerOf({ line, cell }: BillRecord): Reader {
  const text = (column: Column) => cell(EVERY_COLUMN[column]);
  return {
    text,
    must: (column, value) => {
      if (value !== null && value !== undefined && value !== "") return value;
      throw new StatementFault(line, `${EVERY_COLUMN[column]} is ${JSON.stringify(text(column))}`);
    },
  };
}

function rowOf(record: BillRecord, type: TradeBillType, expected: Expected): Row {
  const reader = readerOf(record);
  const { text, must } = reader;
  const state = text("state");
  const kind = must("state", KINDS[state]);
  if (!KINDS_OF[type].includes(kind)) must("state", null);
  const times = timesOf(reader, type);
  const currency = text("currency");
  // Amounts have two places, whatever they are of.
  if (!isCurrency(currency) || exponentOf(currency) !== 2) must("currency", null);

  const figures = figuresOf(reader, type, kind);
  const isPayment = kind === "payment";
  const isRefund = state === "REFUND";
  if (isRefund && !REFUND_STATES.has(text("refundState"))) must("refundState", null);
  const entry: StatementLine = {
    line: record.line,
    kind,
    channelTradeNo: must("tradeNo", namingNumber(text("tradeNo"))),
    channelOrderNo: must("orderNo", namingNumber(text("orderNo"))),
    channelRefundNo: isRefund ? must("refundNo", namingNumber(text("refundNo")).replace(/^0$/, "")) : null,
    amount: isPayment ? figures.ordered : -figures.askedRefund,
    settleAmount: isPayment ? figures.settled : -figures.settledRefund,
    fee: divideHalfUp(figures.feeUnits, FEE_UNITS_PER_FEN),
    currency,
    ...times,
    subject: text("subject"),
    ...(strangerIn(reader, expected) === null ? {} : { isStrangers: true }),
  };
  return { entry, figures, failed: !isPayment && type !== "SUCCESS" && text("refundState") === "FAIL" };
}

/**
 * The column that names another merchant, or null. A merchant of its own has 0 for another below it, or
 * nothing.
 */
function strangerIn({ text }: Reader, { mchid, subMchid }: Expected): Column | null {
  if (text("mchid") !== mchid) return "mchid";
  return (text("subMchid") || "0") === (subMchid ?? "0") ? null : "subMchid";
}

/**
 * No line of the merchant that was asked for: it is another's file. A line of another's among ours is told
 * apart by reconciliation.
 */
function refuseStrangersFile(records: readonly BillRecord[], expected: Expected): void {
  const [first] = records;
  if (first === undefined) return;
  const readers = records.map(readerOf);
  if (readers.some((reader) => strangerIn(reader, expected) === null)) return;
  const reader = readerOf(first);
  reader.must(strangerIn(reader, expected) ?? "mchid", null);
}

/** A refund still on its way has no time of success, and is dated as it was asked for. */
function timesOf(
  { text, must }: Reader,
  type: TradeBillType,
): Pick<StatementLine, "createdAt" | "finishedAt"> {
  must("time", parseBeijingTime(text("time")));
  const column = type === "REFUND" ? "refundAskedAt" : "time";
  const createdAt = must(column, parseBeijingTime(text(column)));
  if (type !== "REFUND" || text("refundedAt").replace(/^0$/, "") === "") {
    return { createdAt, finishedAt: createdAt };
  }
  return { createdAt, finishedAt: must("refundedAt", parseBeijingTime(text("refundedAt"))) };
}

function figuresOf(
  { text, must }: Reader,
  type: TradeBillType,
  kind: StatementLine["kind"],
): Readonly<Record<Sum, bigint>> {
  const money = (column: Column) => must(column, fenOfYuan(text(column)));
  const figures = {
    settled: money("settled"),
    settledRefund: type === "SUCCESS" ? 0n : money("settledRefund"),
    feeUnits: must("fee", feeUnitsOf(text("fee"))),
    ordered: money("ordered"),
    askedRefund: type === "SUCCESS" ? 0n : money("askedRefund"),
  };
  const [whole, settled] =
    kind === "payment" ? (["ordered", "settled"] as const) : (["askedRefund", "settledRefund"] as const);
  if (figures[whole] <= 0n) must(whole, null);
  if (figures[settled] < 0n || figures[settled] > figures[whole]) must(settled, null);
  return figures;
}

/**
 * The count and the sums of the file. Whether a refund that failed is a part of them is not documented, so
 * either is right, for all figures alike.
 */
function checkSummary({ line, cell }: BillRecord, type: TradeBillType, rows: readonly Row[]): void {
  const differences = (counted: readonly Row[]): string[] => {
    const said = /^(\d+)(?:\.0+)?$/.exec(cell(COUNT_TITLE))?.[1];
    const count = said === String(counted.length) ? [] : [`${COUNT_TITLE} ${said}, lines ${counted.length}`];
    const sums = (Object.entries(sumsOf(type)) as [Sum, string][]).flatMap(([sum, title]) => {
      const text = cell(title);
      const told = sum === "feeUnits" ? feeUnitsOf(text) : fenOfYuan(text);
      const made = counted.reduce((total, row) => total + row.figures[sum], 0n);
      return told === made ? [] : [`${title} ${text}, the lines make ${made}`];
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
