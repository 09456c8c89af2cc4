import { balancesOf } from "../fund-flow.ts";
import type { FundFlowLine, FundFlowStatement } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { namingNumber } from "../statement-text.ts";
import { fenOf } from "./amount.ts";
import { at, type Columns, cell, columnsOf, dayOf, decodeLines, firstLine, headed } from "./bill-file.ts";
import { parseBeijingTime } from "./time.ts";

// The account statement (账务明细) of one day: what came to the seller's account and went from it.
//
//   #支付宝账务明细查询, #账号：[…], #起始日期：[…]   终止日期：[…]
//   #----账务明细列表----  header, lines  #----账务明细列表结束----
//   #支出合计：2笔，共-0.14元 and #收入合计：… may follow; where they do, they must be those of the lines

const TITLE = "#支付宝账务明细查询";

const COLUMNS = {
  flowNo: "账务流水号",
  businessNo: "业务流水号",
  orderNo: "商户订单号",
  subject: "商品名称",
  time: "发生时间",
  came: "收入金额(+元)",
  went: "支出金额(-元)",
  balance: "账户余额(元)",
  kind: "业务类型",
  remark: "备注",
} as const;
type Column = keyof typeof COLUMNS;

const TOTAL = /^#(支出|收入)合计[：:](\d+)笔，共([+-]?\d+(?:\.\d{1,2})?)元$/;
const MILLIONTHS_PER_FEN = 10_000n;

/** Whether a file of the archive is the account statement; the other one is its summary. */
export function isFundFlow(content: Buffer): boolean {
  return firstLine(content).startsWith(TITLE);
}

/**
 * Reads an account statement, all of it or nothing: bytes that are not GBK, a cell that is not what its
 * column holds, another day, a total or balances that the lines do not make, each refuses the file.
 * @throws StatementFault with the line and the reason
 */
export function parseFundFlow(content: Buffer, original: Buffer): FundFlowStatement {
  const lines = decodeLines(content);
  const account = headed(lines, 1, /^#账号[：:]\[(\d{20})\]$/, "the account");
  const channelDate = dayOf(lines);
  headed(lines, 3, /^#-+(账务明细列表)-+$/, "the beginning of the list");
  const columns = columnsOf(at(lines, 4), 5, COLUMNS);
  const end = lines.findIndex((line, index) => index > 4 && line.startsWith("#"));
  if (end === -1) throw new StatementFault(lines.length, "the list has no end: the file is cut off");
  headed(lines, end, /^#-+(账务明细列表结束)-+$/, "the end of the list");
  const rows = lines.slice(5, end).map((line, index) => lineOf(line, index + 6, columns));
  const balances = balancesOf(rows);
  if ("brokenAt" in balances) {
    throw new StatementFault(balances.brokenAt, `${COLUMNS.balance} does not follow from the line before`);
  }
  for (const [index, line] of lines.entries()) {
    if (index > end) checkTrailer(line.trim(), index + 1, rows);
  }
  return { account, accountType: "", channelDate, currency: "CNY", ...balances, lines: rows, original };
}

function lineOf(text: string, line: number, columns: Columns<Column>): FundFlowLine {
  const cells = text.split(",");
  if (cells.length !== columns.count) {
    throw new StatementFault(line, `has ${cells.length} cells, the header ${columns.count}`);
  }
  const read = (column: Column) => cell(cells[columns.index[column]] as string);
  const must = <T>(column: Column, value: T | null | undefined): T => {
    if (value !== null && value !== undefined && value !== "") return value;
    throw new StatementFault(line, `${COLUMNS[column]} is ${JSON.stringify(read(column))}`);
  };
  // The column that a movement has no part in is empty or nought.
  const money = (column: Column) => must(column, read(column) === "" ? 0n : fenOf(read(column)));
  const at = must("time", parseBeijingTime(read("time")));
  const [came, went] = [money("came"), money("went")];
  if (came < 0n || (came > 0n && went !== 0n)) must("came", null);
  if (went > 0n) must("went", null);
  return {
    line,
    at,
    flowNo: must("flowNo", namingNumber(read("flowNo"))),
    businessNo: read("businessNo") || null,
    voucherNo: read("orderNo") || null,
    kind: must("kind", read("kind")),
    name: read("subject"),
    direction: went < 0n ? "out" : "in",
    amountMillionths: (came + went) * MILLIONTHS_PER_FEN,
    balanceMillionths: must("balance", fenOf(read("balance"))) * MILLIONTHS_PER_FEN,
    remark: read("remark"),
  };
}

/** What follows the list is told about the lines, or when it was exported; nothing else may stand there. */
function checkTrailer(text: string, line: number, rows: readonly FundFlowLine[]): void {
  if (text !== "" && !text.startsWith("#")) {
    throw new StatementFault(line, "something follows the end of the statement");
  }
  const [, title, count, said] = TOTAL.exec(text) ?? [];
  if (title === undefined) return;
  const own = rows.filter((row) => row.direction === (title === "支出" ? "out" : "in"));
  const made = own.reduce((sum, row) => sum + row.amountMillionths, 0n);
  if (Number(count) !== own.length || (fenOf(said) ?? 0n) * MILLIONTHS_PER_FEN !== made) {
    throw new StatementFault(
      line,
      `says ${title} ${count}笔, ${said}元; the lines make ${own.length}, ${made}`,
    );
  }
}
