import type { CallEnd, RefundOrder, RefundOutcome } from "../port.ts";
import { fenOf } from "./amount.ts";
import { type Answer, refused } from "./answer.ts";
import { type Fields, objectOf, textOr } from "./outcomes.ts";
import { beijingDate, parseRfc3339 } from "./time.ts";

// Pure: what a believed answer or notification says of a refund. `at` is when it arrived.
//
// PROCESSING   taken from the merchant's balance, on its way
// SUCCESS      arrived
// CLOSED       not carried out, and never will be
// ABNORMAL     taken from the balance, and the buyer's bank did not take it (card cancelled or frozen).
//              WeChat Pay keeps the money until a person decides in the merchant platform where it
//              goes, and says SUCCESS then. So it stays `accepted`, and calls a person: to credit the
//              merchant meanwhile would pay both.

/** What the merchant's balance, or a rule of the moment, does not allow: it may, later. */
const LATER: ReadonlySet<string> = new Set(["NOT_ENOUGH", "NOTENOUGH", "RULE_LIMIT"]);

const ABNORMAL_TEXT =
  "The buyer's bank did not take the refund. WeChat Pay keeps the money: in its merchant platform, " +
  "handle the abnormal refund.";

/** Of the call that asks for a refund. */
export function refundOf(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  if (answer.code !== null) return { ...refused(answer), retryable: LATER.has(answer.code) };
  return understood(answer.body, refund, at);
}

/** Of a query for one. */
export function refundOfQuery(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  if (answer.code === "RESOURCE_NOT_EXISTS") return { end: "answered", value: { outcome: "not_found" } };
  if (answer.code !== null) return refused(answer);
  return understood(answer.body, refund, at);
}

/**
 * Of a notification. It tells when the refund arrived, not the day on which it was asked for, under which it
 * is billed: where the answer to the call was lost, a query tells.
 */
export function refundOfNotification(fields: Fields): RefundOutcome | { readonly broken: string } {
  return refundWith(fields.refund_status, fields, null);
}

function understood(body: Fields, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  if (body.out_refund_no !== refund.channelRefundNo || body.out_trade_no !== refund.order.channelOrderNo) {
    return { end: "unknown", reason: "the answer is about another refund" };
  }
  const amount = fenOf(objectOf(body.amount).refund);
  if (amount !== refund.amount) {
    return { end: "unknown", reason: `the channel refunds ${amount}, asked was ${refund.amount}` };
  }
  const outcome = refundWith(body.status, body, parseRfc3339(body.create_time) ?? at);
  return "broken" in outcome
    ? { end: "unknown", reason: outcome.broken }
    : { end: "answered", value: outcome };
}

/** @param billed an instant of the day on which the refund is billed; null: not told */
function refundWith(
  status: unknown,
  fields: Fields,
  billed: Date | null,
): RefundOutcome | { readonly broken: string } {
  const facts = {
    settleAmount: fenOf(objectOf(fields.amount).settlement_refund),
    channelRefundNo: textOr(fields.refund_id, null),
    channelDate: billed === null ? null : beijingDate(billed),
  };
  switch (status) {
    case "PROCESSING":
      return { outcome: "accepted", ...facts };
    case "SUCCESS":
      return { outcome: "arrived", ...facts };
    case "CLOSED":
      return { outcome: "failed", code: "CLOSED", message: "WeChat Pay closed the refund." };
    case "ABNORMAL":
      // The money has left the merchant and not reached the buyer. Whoever redirects it makes it SUCCESS; to
      // credit the merchant meanwhile would pay twice.
      return { outcome: "accepted", ...facts, trouble: ABNORMAL_TEXT };
    default:
      return { broken: `the refund status ${JSON.stringify(status)} is not known` };
  }
}
