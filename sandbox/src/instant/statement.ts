/**
 * The instant channel's statement: `instant,{date},{lines}`, then a line for each payment,
 * `{order},{trade},{amount},{fee},{paid at}`; amounts in minor units, the instant in milliseconds.
 */

/** Throws for a file of another date, and for one that has more or fewer lines than it says. */
export function readInstantStatement(channelDate: string, original: Buffer) {
  const [heading = "", ...rows] = original.toString("latin1").split("\n").slice(0, -1);
  if (heading !== `instant,${channelDate},${rows.length}`) {
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
