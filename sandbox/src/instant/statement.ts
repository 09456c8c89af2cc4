/** The instant channel's statement: a heading with its date, then a line for each payment. */

/** Of a payment, as a line tells it; amounts in minor units, `paidAt` in milliseconds. */
export type InstantLine = {
  readonly order: string;
  readonly trade: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly paidAt: number;
};

/** The first line of a date's statement, which counts the others. */
export function instantHeading(date: string, lines: number): string {
  return `instant,${date},${lines}\n`;
}

export function instantLine({ order, trade, amount, fee, paidAt }: InstantLine): string {
  return `${order},${trade},${amount},${fee},${paidAt}\n`;
}

/** Throws for a file of another date, and for one that has more or fewer lines than it says. */
export function readInstantStatement(channelDate: string, original: Buffer) {
  const [heading = "", ...rows] = original.toString("latin1").split("\n").slice(0, -1);
  if (`${heading}\n` !== instantHeading(channelDate, rows.length)) {
    throw new Error(`not the statement of ${channelDate} with ${rows.length} lines: ${heading}`);
  }
  return { account: "", channelDate, lines: rows.map(lineOf), original };
}

function lineOf(row: string, index: number) {
  const [channelOrderNo = "", channelTradeNo = "", amount = "", fee = "", paidAt = ""] = row.split(",");
  const at = new Date(Number(paidAt));
  return {
    line: index + 2,
    kind: "payment" as const,
    channelTradeNo,
    channelOrderNo,
    channelRefundNo: null,
    amount: BigInt(amount),
    settleAmount: BigInt(amount),
    fee: BigInt(fee),
    currency: "CNY",
    createdAt: at,
    finishedAt: at,
    subject: "",
  };
}
