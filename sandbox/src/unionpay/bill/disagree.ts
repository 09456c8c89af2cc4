import { dayMs } from "../../china/beijing.ts";
import { randomDigits, type SandboxRandom } from "../../clock.ts";
import type { BillTwists } from "../../faults/index.ts";
import type { BookEntry } from "../model.ts";
import { clearingDate, clearingDayEnd } from "../wire/time.ts";

/** How a line of UnionPay's statement is made to differ from what happened. */
export function unionpayTwists(random: SandboxRandom): BillTwists<BookEntry> {
  return {
    kindOf: ({ kind }) => (kind === "payment" ? "payment" : "refund"),
    contextOf: (entry) => ({
      outTradeNo: entry.outTradeNo,
      appId: entry.merId,
      mchid: entry.merId,
      method: "bill",
    }),
    amountOff: (entry) => ({ ...entry, amount: entry.amount + 1n }),
    feeOff: (entry) => ({ ...entry, fee: entry.fee + 1n }),
    nextDay: (entry) => {
      const at = clearingDayEnd(entry.date);
      return { ...entry, marks: { ...entry.marks, at }, date: clearingDate(at) };
    },
    movedAlready: (entry) => entry.marks.at.getTime() === clearingDayEnd(entry.date).getTime() - dayMs,
    unknown: (like) => {
      const queryId = `${like.marks.queryId.slice(0, 14)}${randomDigits(random, 7)}`;
      return { ...like, marks: { ...like.marks, queryId }, orderId: `X${randomDigits(random, 20)}` };
    },
  };
}
