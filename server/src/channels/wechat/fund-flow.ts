import { balancesOf } from "../fund-flow.ts";
import type { FundFlowLine, FundFlowStatement } from "../port.ts";
import { notesOfOtherDay, withNotes } from "../statement-days.ts";
import { StatementFault } from "../statement-fault.ts";
import { namingNumber } from "../statement-text.ts";
import { type BillLayout, type BillRecord, readBill } from "./bill-table.ts";
import { beijingDate, parseBeijingTime } from "./time.ts";

// The fund bill (资金账单) of one day and one of the merchant's accounts at WeChat Pay: what came in and went
// out, and what was left after each.
//
//   记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),…
//   `2026-11-19 10:55:23,`4200…,`1900…,`交易,`交易,`收入,`12.34,`112.34,…
//   资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
//   `2.0,`1.0,`12.34,`1.0,`0.07

/** `BASIC`: the account that trades settle on; `OPERATION` and `FEES`: those of some merchants. */
export const FUND_ACCOUNT_TYPES = ["BASIC", "OPERATION", "FEES"] as const;
export type FundAccountType = (typeof FUND_ACCOUNT_TYPES)[number];

export type ExpectedFunds = {
  /** Whose account it is. */
  readonly account: string;
  readonly accountType: FundAccountType;
  readonly channelDate: string;
};

const COLUMNS = {
  time: "记账时间",
  businessNo: "微信支付业务单号",
  flowNo: "资金流水单号",
  name: "业务名称",
  kind: "业务类型",
  direction: "收支类型",
  amount: "收支金额(元)",
  balance: "账户结余(元)",
  remark: "备注",
  voucherNo: "业务凭证号",
} as const;
type Column = keyof typeof COLUMNS;

const LAYOUT: BillLayout = {
  columns: Object.values(COLUMNS),
  time: COLUMNS.time,
  free: [COLUMNS.remark],
  summaryColumns: ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"],
};

const DIRECTIONS: Readonly<Record<string, FundFlowLine["direction"]>> = { 收入: "in", 支出: "out" };
const MILLIONTHS_PLACES = 6;

/**
 * Reads a fund bill, all of it or nothing: a cell that is not what its column holds, a count or
 * a sum that the lines do not make, balances that no order of the lines makes, each refuses the file.
 * @param original the file as it came
 * @throws StatementFault with the line and the reason
 */
export function parseFundFlow(content: Buffer, original: Buffer, expected: ExpectedFunds): FundFlowStatement {
  const bill = readBill(content, LAYOUT);
  const lines = bill.records.map(lineOf);
  const balances = balancesOf(lines);
  if ("brokenAt" in balances) {
    throw new StatementFault(balances.brokenAt, `${COLUMNS.balance} does not follow from the line before`);
  }
  checkSummary(bill.summary, lines);
  const dated = lines.map(({ line, at }) => ({ line, date: beijingDate(at) }));
  const notes = withNotes(notesOfOtherDay(dated, expected.channelDate));
  return { ...expected, currency: "CNY", ...balances, lines, original, ...notes };
}

function lineOf({ line, cell }: BillRecord): FundFlowLine {
  const text = (column: Column) => cell(COLUMNS[column]);
  const must = <T>(column: Column, value: T | null | undefined): T => {
    if (value !== null && value !== undefined && value !== "") return value;
    throw new StatementFault(line, `${COLUMNS[column]} is ${JSON.stringify(text(column))}`);
  };
  const at = must("time", parseBeijingTime(text("time")));
  const direction = must("direction", DIRECTIONS[text("direction")]);
  const amount = must("amount", millionthsOf(text("amount")));
  return {
    line,
    at,
    flowNo: must("flowNo", namingNumber(text("flowNo"))),
    businessNo: text("businessNo") || null,
    voucherNo: text("voucherNo") || null,
    kind: must("kind", text("kind")),
    name: text("name"),
    direction,
    amountMillionths: direction === "in" ? amount : -amount,
    balanceMillionths: must("balance", millionthsOf(text("balance"))),
    remark: text("remark"),
  };
}

function checkSummary({ line, cell }: BillRecord, lines: readonly FundFlowLine[]): void {
  const sum = (some: readonly FundFlowLine[]) =>
    some.reduce((total, each) => total + each.amountMillionths, 0n);
  const came = lines.filter((each) => each.direction === "in");
  const went = lines.filter((each) => each.direction === "out");
  const counts = { 资金流水总笔数: lines.length, 收入笔数: came.length, 支出笔数: went.length };
  const sums = { 收入金额: sum(came), 支出金额: -sum(went) };
  const differences = [
    ...Object.entries(counts).flatMap(([title, count]) =>
      /^(\d+)(?:\.0+)?$/.exec(cell(title))?.[1] === String(count)
        ? []
        : [`${title} ${cell(title)}, the lines make ${count}`],
    ),
    ...Object.entries(sums).flatMap(([title, made]) =>
      millionthsOf(cell(title)) === made
        ? []
        : [`${title} ${cell(title)}, the lines make ${made} millionths`],
    ),
  ];
  if (differences.length > 0) throw new StatementFault(line, `the summary says ${differences.join("; ")}`);
}

/** Millionths of a yuan; null for no such number. */
function millionthsOf(text: string): bigint | null {
  const match = /^([+-]?)(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  const millionths = BigInt(whole + fraction.padEnd(MILLIONTHS_PLACES, "0"));
  return sign === "-" ? -millionths : millionths;
}
