/**
 * The amounts of breaks that are left to people, held against the channel's own bill and the ledger: what
 * went back by itself, and the fee that came back with a part of it. Pure.
 */
import type { DatedLine } from "./explain.ts";

/** A break as it stands. */
export type LeftBreak = {
  readonly kind: string;
  readonly channelDate: string;
  readonly matchKey: string;
  readonly theirsAmount: bigint | null;
  readonly settleDifference: bigint;
  readonly feeDifference: bigint;
  readonly channelOrderNo: string;
  readonly channelTradeNo: string | null;
  /** The channel's number of the line that it is about; null where it bears none. */
  readonly theirRefundNo: string | null;
  /** What the journal that it is compared with did to the channel's cost; 0: there is none. */
  readonly costBooked: bigint;
  /** Of money that never passes us: what its channel charges is no cost of ours, and not compared. */
  readonly memo: boolean;
};

/**
 * Of what went back by itself books may hold one sum and the bill its parts: such a break shows one of the
 * parts, and the difference of all.
 */
const OF_SUMS = /^by itself\/.+\/[A-Z]{3}$/;

/**
 * What is wrong with the amounts, a sentence each. `ours`: the numbers of refunds that are booked as ours.
 */
export function wrongAmounts(
  breaks: readonly LeftBreak[],
  lines: readonly DatedLine[],
  ours: ReadonlySet<string>,
): readonly string[] {
  return breaks.flatMap((one) => {
    const { kind, channelDate, matchKey, theirsAmount, settleDifference, feeDifference, costBooked, memo } =
      one;
    const own = lines.filter(
      (line) =>
        line.date === channelDate && line.kind === "refund" && line.amount < 0n && isOfOrder(line, one),
    );
    const shown = own.filter((line) => line.channelRefundNo === one.theirRefundNo);
    const byItself = own.filter((line) => !ours.has(line.channelRefundNo ?? ""));
    const told = OF_SUMS.test(matchKey) ? byItself : shown;
    const name = `the ${kind} of ${channelDate} (${matchKey})`;
    if (shown.length === 0) return [`${name} is about a line that the bill does not have`];
    const sum = (of: readonly DatedLine[], what: "amount" | "settleAmount" | "fee") =>
      of.reduce((total, line) => total + line[what], 0n);
    const wanted = [
      ["amount", theirsAmount, sum(shown, "amount")],
      // Of a fee both have the money; of all else nothing of ours stands beside it.
      ["settle_difference", settleDifference, kind === "fee" ? 0n : sum(told, "settleAmount")],
      ["fee_difference", feeDifference, memo ? 0n : sum(told, "fee") - costBooked],
    ] as const;
    return wanted.flatMap(([what, is, due]) =>
      is === due ? [] : [`${name} has the ${what} ${is}, by the bill and the ledger it is ${due}`],
    );
  });
}

function isOfOrder(line: DatedLine, { channelOrderNo, channelTradeNo }: LeftBreak): boolean {
  if (line.channelOrderNo !== "") return line.channelOrderNo === channelOrderNo;
  return channelTradeNo !== null && line.channelTradeNo === channelTradeNo;
}
