import { dayMs } from "../../china/beijing.ts";
import { randomDigits, type SandboxRandom } from "../../clock.ts";
import type { BillTwists } from "../../faults/index.ts";
import type { BookEntry } from "../model.ts";

/** How a line of Alipay's bill is made to differ from what happened. */
export function alipayTwists(random: SandboxRandom): BillTwists<BookEntry> {
  return {
    kindOf: ({ kind }) => (kind === "payment" ? "payment" : "refund"),
    contextOf: (entry) => ({ outTradeNo: entry.outTradeNo, appId: entry.appId, method: "bill" }),
    amountOff: (entry) => ({ ...entry, total: entry.total + 1n, receipt: entry.receipt + 1n }),
    feeOff: (entry) => ({ ...entry, fee: entry.fee + 1n }),
    nextDay,
    movedAlready: (entry) => entry.finishedAt.getTime() === Date.parse(`${entry.date}T00:00:00+08:00`),
    unknown: (like) => {
      const tradeNo = `${like.tradeNo.slice(0, 13)}${randomDigits(random, 15)}`;
      const outRequestNo = like.outRequestNo === "" ? "" : `X${randomDigits(random, 20)}`;
      return { ...like, tradeNo, outTradeNo: `X${randomDigits(random, 20)}`, outRequestNo };
    },
  };
}

/** Begun at the end of one day and finished at the beginning of the next. */
function nextDay(entry: BookEntry): BookEntry {
  const dayStart = Date.parse(`${entry.date}T00:00:00+08:00`);
  const finishedAt = new Date(dayStart + dayMs);
  const date = new Date(dayStart + dayMs + dayMs / 3).toISOString().slice(0, 10);
  return { ...entry, date, createdAt: new Date(finishedAt.getTime() - 1_000), finishedAt };
}
