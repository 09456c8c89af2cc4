import { beijingDate, dayMs } from "../../china/beijing.ts";
import { randomDigits, type SandboxRandom } from "../../clock.ts";
import type { BillTwists } from "../../faults/index.ts";
import type { BookEntry } from "../model.ts";

/** How a line of WeChat Pay's bill is made to differ from what happened. */
export function wechatTwists(random: SandboxRandom): BillTwists<BookEntry> {
  return {
    kindOf: ({ kind }) => (kind === "payment" ? "payment" : "refund"),
    contextOf: (entry) => ({
      outTradeNo: entry.outTradeNo,
      appId: entry.appid,
      mchid: entry.mchid,
      method: "bill",
    }),
    amountOff: (entry) => ({ ...entry, total: entry.total + 1n, settlement: entry.settlement + 1n }),
    feeOff: (entry) => ({ ...entry, fee: entry.fee + 1n }),
    otherCurrency: (entry) => ({ ...entry, currency: "USD" }),
    otherMerchant: (entry) => ({ ...entry, mchid: String(BigInt(entry.mchid) + 1n) }),
    nextDay: (entry) => {
      const at = new Date(Date.parse(`${entry.date}T00:00:00+08:00`) + dayMs);
      return { ...entry, at, date: beijingDate(at) };
    },
    movedAlready: (entry) => entry.at.getTime() === Date.parse(`${entry.date}T00:00:00+08:00`),
    unknown: (like) => {
      const transactionId = `${like.transactionId.slice(0, 18)}${randomDigits(random, 10)}`;
      const outRefundNo = like.outRefundNo === "" ? "" : `X${randomDigits(random, 20)}`;
      return { ...like, transactionId, outTradeNo: `X${randomDigits(random, 20)}`, outRefundNo };
    },
  };
}
