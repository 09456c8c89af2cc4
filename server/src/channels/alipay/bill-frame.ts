import { StatementFault } from "../statement-fault.ts";
import { type AlipayColumn, type AlipayTotal, HEAD_LINES, headOf, totalsAfter } from "./bill.ts";
import { decodeLines } from "./bill-file.ts";

// A business statement too long to be read line by line here: what stands before and after its lines is read
// as strictly as in `bill.ts`, and whoever reads the lines by other means holds them against it.

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
  const { account, channelDate, columns } = headOf(decodeLines(head.subarray(0, linesFrom)));
  // Of a short file the tail begins before the lines do; the line feed before them is theirs.
  const end = endOf(tail, Math.max(0, linesFrom - 1 - (size - tail.length)));
  return {
    account,
    channelDate,
    columns: columns.index,
    columnCount: columns.count,
    linesFrom,
    linesTo: size - tail.length + end,
    totals: totalsAfter(decodeLines(tail.subarray(end)), 0),
  };
}

/** Where the first line that begins with # is: no line of the list does. */
function endOf(tail: Buffer, from: number): number {
  const at = tail.indexOf("\n#", from);
  if (at === -1) throw new StatementFault(1, "the list has no end: the file is cut off");
  return at + 1;
}
