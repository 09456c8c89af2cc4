import type { Currency } from "../kernel/money.ts";

/**
 * One movement on the merchant's own account at the channel. A fee may be finer than a minor unit, so sums
 * are in millionths of the currency's major unit: a fen is 10,000.
 */
export type FundFlowLine = {
  /** Line number in the file, from 1, for people. */
  readonly line: number;
  readonly at: Date;
  /** The channel's number of the movement. */
  readonly flowNo: string;
  /** The channel's number of what caused it, such as a trade or a refund; null: none. */
  readonly businessNo: string | null;
  /** The number that we or the channel's console gave to what caused it; null: none. */
  readonly voucherNo: string | null;
  /** In the channel's own words: 交易, 退款, 提现, … */
  readonly kind: string;
  readonly name: string;
  readonly direction: "in" | "out";
  /** Positive in, negative out. */
  readonly amountMillionths: bigint;
  /** What was left after it. */
  readonly balanceMillionths: bigint;
  readonly remark: string;
};

/** One day of one of the merchant's accounts at the channel: what came, what went, what was left. */
export type FundFlowStatement = {
  readonly account: string;
  /** In the channel's own words, such as `BASIC`. */
  readonly accountType: string;
  /** The channel's business date, `yyyy-mm-dd`. */
  readonly channelDate: string;
  readonly currency: Currency;
  /** Null on a day without a line. */
  readonly balanceBeforeMillionths: bigint | null;
  readonly balanceAfterMillionths: bigint | null;
  /** What a person should look at; absent: nothing. */
  readonly notes?: readonly string[];
  readonly lines: readonly FundFlowLine[];
  /** The file as it came, to be kept with its hash. */
  readonly original: Buffer;
};

/**
 * The balances before and after the lines. Those of one second come in no promised order, so no order is
 * asked for: every balance that a line leaves is one that another begins with, but for that of the beginning
 * and that of the end. `brokenAt`: the number of the first line that does not follow from the one before it.
 */
export function balancesOf(
  lines: readonly FundFlowLine[],
):
  | Pick<FundFlowStatement, "balanceBeforeMillionths" | "balanceAfterMillionths">
  | { readonly brokenAt: number } {
  const [first] = lines;
  if (first === undefined) return { balanceBeforeMillionths: null, balanceAfterMillionths: null };
  const open = new Map<bigint, number>();
  const count = (balance: bigint, by: number) => open.set(balance, (open.get(balance) ?? 0) + by);
  for (const line of lines) {
    count(beforeOf(line), 1);
    count(line.balanceMillionths, -1);
  }
  const ends = [...open].filter(([, times]) => times !== 0);
  if (ends.length === 0) {
    return { balanceBeforeMillionths: beforeOf(first), balanceAfterMillionths: beforeOf(first) };
  }
  const before = ends.find(([, times]) => times === 1)?.[0];
  const after = ends.find(([, times]) => times === -1)?.[0];
  if (ends.length === 2 && before !== undefined && after !== undefined) {
    return { balanceBeforeMillionths: before, balanceAfterMillionths: after };
  }
  const broken = lines.find((line, index) => {
    const earlier = lines[index - 1];
    return earlier !== undefined && earlier.balanceMillionths !== beforeOf(line);
  });
  return { brokenAt: broken?.line ?? first.line };
}

function beforeOf({ balanceMillionths, amountMillionths }: FundFlowLine): bigint {
  return balanceMillionths - amountMillionths;
}
