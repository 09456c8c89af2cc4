import { MINUTE, plus } from "../../kernel/clock.ts";
import { channelDateOf } from "../channel-day.ts";
import type { RefundOrder } from "../port.ts";
import { parseCompactTime } from "./time.ts";
import { UNIONPAY_TRAITS } from "./traits.ts";

// Within the clearing day of the payment only the whole is given back, by a void (撤销, 31); from the next
// day on a refund (退货, 04) gives back the whole or parts.

/** UnionPay's clock and ours differ: nothing that depends on the day is sent so close to its change. */
const NEAR_CHANGE_MS = 5 * MINUTE;

/** How a refund goes at `now`; `wait` until the day has changed for both clocks. */
export type RefundWay = { readonly way: "void" | "refund" } | { readonly way: "wait"; readonly until: Date };

export function refundWayOf(
  refund: Pick<RefundOrder, "amount" | "paidAmount" | "paidChannelDate">,
  now: Date,
): RefundWay {
  const { paidChannelDate } = refund;
  // A payment whose day is not known is older than the answer that would have told it.
  if (paidChannelDate === null) return { way: "refund" };
  const changed = endOf(paidChannelDate);
  const until = plus(changed, NEAR_CHANGE_MS);
  if (now >= until) return { way: "refund" };
  const isWhole = refund.amount === refund.paidAmount;
  return isWhole && now < plus(changed, -NEAR_CHANGE_MS) ? { way: "void" } : { way: "wait", until };
}

/** UnionPay's business date of an instant. */
export function clearingDateOf(at: Date): string {
  return channelDateOf(UNIONPAY_TRAITS, at);
}

/** 23:00 Beijing time of the date: the day that it names is over. */
function endOf(channelDate: string): Date {
  const end = parseCompactTime(`${channelDate.replaceAll("-", "")}230000`);
  if (end === null) throw new RangeError(`not a date: ${channelDate}`);
  return end;
}
