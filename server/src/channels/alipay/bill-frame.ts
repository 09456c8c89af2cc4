import { StatementFault } from "../statement-fault.ts";
import { fenOf } from "./amount.ts";
import { columnsOf, dayOf, decodeLines, headed } from "./bill-file.ts";

// A business statement too long to be read line by line here: what stands before and after its lines is read
// as strictly as in `bill.ts`, and whoever reads the lines by other means holds them against it.

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

export type AlipayColumn = keyof typeof COLUMNS;

/** What the trailer says the lines of a kind make, in fen. */
export type AlipayTotal = { readonly count: bigint; readonly settled: bigint; readonly discount: bigint };

export type AlipayFrame = {
  readonly account: string;
  readonly channelDate: string;
  /** Where each column is, from 0, and how many there are. */
  readonly columns: Readonly<Record<AlipayColumn, number>>;
  readonly columnCount: number;
  /** Bytes from which the lines begin, and at which they have ended. */
  readonly linesFrom: number;
  readonly linesTo: number;
  readonly totals: Readonly<Record<"payment" | "refund", AlipayTotal>>;
};

const HEAD_LINES = 5;

/**
 * The frame of a business statement of `size` bytes, from its first and its last bytes, some thousands each.
 * @throws StatementFault where it is not as it must be; the line of what stands after the lines is not known,
 * and counted from the end of the list
 */
export function readAlipayFrame(head: Buffer, tail: Buffer, size: number): AlipayFrame {
  let linesFrom = 0;
  for (let line = 1; line <= HEAD_LINES; line += 1) {
    const feed = head.indexOf(0x0a, linesFrom);
    if (feed === -1) throw new StatementFault(line, "the file is cut off");
    linesFrom = feed + 1;
  }
  const lines = decodeLines(head.subarray(0, linesFrom));
  const account = headed(lines, 1, /^#账号[：:]\[(\d{20})\]$/, "the account");
  const channelDate = dayOf(lines);
  headed(lines, 3, /^#-+(业务明细列表)-+$/, "the beginning of the list");
  const { index, count } = columnsOf(lines[4] ?? "", HEAD_LINES, COLUMNS);
  // Of a short file the tail begins before the lines do; the line feed before them is theirs.
  const end = endOf(tail, Math.max(0, linesFrom - 1 - (size - tail.length)));
  const after = decodeLines(tail.subarray(end));
  headed(after, 0, /^#-+(业务明细列表结束)-+$/, "the end of the list");
  headed(after, 3, /^#导出时间[：:]\[(.+)\]$/, "the time of export");
  const rest = after.findIndex((line, place) => place > 3 && line !== "");
  if (rest !== -1) throw new StatementFault(rest + 1, "something follows the end of the statement");
  return {
    account,
    channelDate,
    columns: index,
    columnCount: count,
    linesFrom,
    linesTo: size - tail.length + end,
    totals: { payment: totalOf(after, 1, "交易合计"), refund: totalOf(after, 2, "退款合计") },
  };
}

/** Where the first line that begins with # is: no line of the list does. */
function endOf(tail: Buffer, from: number): number {
  const at = tail.indexOf("\n#", from);
  if (at === -1) throw new StatementFault(1, "the list has no end: the file is cut off");
  return at + 1;
}

function totalOf(lines: readonly string[], index: number, title: string): AlipayTotal {
  const part = "([+-]?\\d+(?:\\.\\d{1,2})?)元";
  const form = new RegExp(`^#${title}[：:](\\d+)笔，商家实收(?:退款)?共${part}，商家优惠(?:退款)?共${part}$`);
  const [, count, ...sums] = form.exec((lines[index] ?? "").trim()) ?? [];
  const [settled, discount] = sums.map(fenOf);
  if (count === undefined || settled == null || discount == null) {
    throw new StatementFault(index + 1, `is not the total of ${title}`);
  }
  return { count: BigInt(count), settled, discount };
}
