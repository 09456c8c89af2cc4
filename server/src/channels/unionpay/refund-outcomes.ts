import type { CallEnd, RefundOrder, RefundOutcome } from "../port.ts";
import { fenOf } from "./amount.ts";
import { type Answer, refused } from "./answer.ts";
import { meaningOf } from "./codes.ts";
import { settleDateOf, unknown } from "./outcomes.ts";
import type { Fields } from "./signing.ts";

// Pure: what a believed answer or notification says of a refund or a void, which is an order of its own.
// `at` is when it arrived.

/**
 * What may pass: the merchant's money does not cover it (64), or a signature of ours was not accepted (11),
 * before anything was looked at.
 */
const LATER: ReadonlySet<string> = new Set(["64", "11"]);

/** Of the call that asks for it; `ask` where it was asked for before. */
export function refundOf(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> | "ask" {
  const { code, fields } = answer;
  switch (meaningOf(code)) {
    case "success": {
      const other = otherAmount(fields, refund);
      if (other !== null) return { end: "unknown", reason: other };
      return { end: "answered", value: { outcome: "accepted", ...factsOf(fields, at) } };
    }
    case "open":
      return { end: "answered", value: { outcome: "pending" } };
    case "duplicate":
      return "ask";
    // The payment that it names, not the refund.
    case "not_found":
    case "refused":
      return { ...refused(answer), retryable: LATER.has(code) };
    default:
      return unknown(answer);
  }
}

/**
 * Of a refund sent again, asked about. Under its number another amount may be known: then this did nothing.
 */
export function refundOfDuplicate(
  first: Answer,
  asked: Answer,
  refund: RefundOrder,
  at: Date,
): CallEnd<RefundOutcome> {
  if (meaningOf(asked.code) === "success" && otherAmount(asked.fields, refund) !== null)
    return refused(first);
  const told = refundOfQuery(asked, refund, at);
  if (told.end === "refused") return unknown(asked);
  // A duplicate is there, whatever the query finds so far.
  const missing = told.end === "answered" && told.value.outcome === "not_found";
  return missing ? { end: "answered", value: { outcome: "pending" } } : told;
}

/** Of a query for one. */
export function refundOfQuery(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  const { code, fields } = answer;
  switch (meaningOf(code)) {
    case "success": {
      const other = otherAmount(fields, refund);
      if (other !== null) return { end: "unknown", reason: other };
      return refundWith(fields.origRespCode, fields.origRespMsg, fields, at);
    }
    case "not_found":
      return { end: "answered", value: { outcome: "not_found" } };
    case "refused":
      return refused(answer);
    default:
      return unknown(answer);
  }
}

/** What its own code says of a refund. */
export function refundWith(
  code: string | undefined,
  message: string | undefined,
  fields: Fields,
  at: Date,
): CallEnd<RefundOutcome> {
  switch (meaningOf(code)) {
    case "success":
      return { end: "answered", value: { outcome: "arrived", ...factsOf(fields, at) } };
    case "open":
      return { end: "answered", value: { outcome: "pending" } };
    case "not_found":
      return { end: "answered", value: { outcome: "not_found" } };
    case "refused":
    case "rate":
      return { end: "answered", value: { outcome: "failed", code: code ?? "", message: message ?? "" } };
    default:
      return { end: "unknown", reason: `the refund's code is ${code ?? "missing"} ${message ?? ""}` };
  }
}

function factsOf(fields: Fields, at: Date) {
  return {
    settleAmount: null,
    channelRefundNo: fields.queryId || null,
    channelDate: settleDateOf(fields, at),
  };
}

function otherAmount({ txnAmt }: Fields, { amount }: RefundOrder): string | null {
  if (txnAmt === undefined || fenOf(txnAmt) === amount) return null;
  return `the channel refunds ${txnAmt}, asked was ${amount}`;
}
