import type { CallEnd, ForeignRefund, RefundOrder, RefundOutcome } from "../port.ts";
import { currencyOf, minorUnitsOf } from "./amount.ts";
import { type Answer, type Fields, IDEMPOTENCY, objectOf, refused, textOr } from "./answer.ts";
import { REFUND_NO } from "./requests.ts";
import { instantOf, utcDate } from "./time.ts";

// Pure: what an answer or an event says of a refund. `at` is when it was said.
//
// pending           taken from the balance, on its way; `pending` to us while it waits for money or for the
//                   charge, for nothing has moved then
// requires_action   it waits for the buyer's bank details, which Stripe asks him for
// succeeded         arrived
// failed, canceled  taken and put back into the balance; failed where it was never taken
//
// The statement lists a refund on the day on which Stripe made it.

/** What the account's balance does not allow: it may, later. */
const LATER: ReadonlySet<string> = new Set(["balance_insufficient", "insufficient_funds"]);

const WAITING_REASONS: ReadonlySet<unknown> = new Set(["insufficient_funds", "charge_pending"]);

const ACTION_TEXT =
  "Stripe waits for the buyer's bank details, which it has asked him for by e-mail. If he does not answer, " +
  "the refund ends and the money comes back.";

/** Whether a refusal is remembered by its idempotency key although what it lacked may be there by now. */
export function isRememberedLack(answer: Answer): boolean {
  return answer.isReplay && answer.code !== null && LATER.has(answer.code);
}

/** Of the call that asks for a refund; `ask` where its key came with other fields before. */
export function refundOf(answer: Answer, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> | "ask" {
  const { code } = answer;
  if (code === IDEMPOTENCY) return "ask";
  if (code !== null) return { ...refused(answer), retryable: LATER.has(code) };
  return refundFound(answer.body, refund, at);
}

/**
 * Of a refund whose key came with other fields before, looked for. With this amount it is the one that was
 * made then; with another this call did nothing. Where it is not listed, it may be yet.
 */
export function refundOfUsedKey(
  first: Answer,
  found: Fields | null,
  refund: RefundOrder,
  at: Date,
): CallEnd<RefundOutcome> {
  if (found === null) {
    return { end: "unknown", reason: `${first.message} The number was used before, and is not listed.` };
  }
  return minorUnitsOf(found.amount) === refund.amount ? refundFound(found, refund, at) : refused(first);
}

/** Of a refund that a list found by its number. */
export function refundFound(found: Fields, refund: RefundOrder, at: Date): CallEnd<RefundOutcome> {
  if (refundNoOf(found) !== refund.channelRefundNo) {
    return { end: "unknown", reason: "the answer is about another refund" };
  }
  const amount = minorUnitsOf(found.amount);
  if (amount !== refund.amount) {
    return { end: "unknown", reason: `the channel refunds ${amount}, asked was ${refund.amount}` };
  }
  const outcome = refundToldBy(found, at);
  return "broken" in outcome
    ? { end: "unknown", reason: outcome.broken }
    : { end: "answered", value: outcome };
}

/** What a refund object says. */
export function refundToldBy(refund: Fields, at: Date): RefundOutcome | { readonly broken: string } {
  const wasTaken = refund.balance_transaction !== null && refund.balance_transaction !== undefined;
  const facts = {
    settleAmount: null,
    channelRefundNo: textOr(refund.id, null),
    channelDate: utcDate(instantOf(refund.created) ?? at),
  };
  const message = textOr(refund.failure_reason, "The refund failed at the buyer's bank.");
  switch (refund.status) {
    case "pending":
      return WAITING_REASONS.has(refund.pending_reason)
        ? { outcome: "pending" }
        : { outcome: "accepted", ...facts };
    case "requires_action":
      return wasTaken ? { outcome: "accepted", ...facts, trouble: ACTION_TEXT } : { outcome: "pending" };
    case "succeeded":
      return { outcome: "arrived", ...facts };
    case "failed":
    case "canceled": {
      if (!wasTaken) return { outcome: "failed", code: textOr(refund.status, ""), message };
      const back = instantOf(objectOf(refund.failure_balance_transaction).created) ?? at;
      return { outcome: "returned", channelDate: utcDate(back), message };
    }
    default:
      return { broken: `the refund status ${JSON.stringify(refund.status)} is not known` };
  }
}

/** What a refund that is not ours says: made at the dashboard, or by Stripe. Null: it moved nothing. */
export function foreignRefundToldBy(
  refund: Fields,
  at: Date,
): ForeignRefund | null | { readonly broken: string } {
  const told = refundToldBy(refund, at);
  if ("broken" in told) return told;
  if (told.outcome !== "accepted" && told.outcome !== "arrived" && told.outcome !== "returned") return null;
  const [channelRefundNo, amount] = [textOr(refund.id, null), minorUnitsOf(refund.amount)];
  const currency = currencyOf(refund.currency);
  if (channelRefundNo === null || amount === null || amount <= 0n || currency === null) {
    return { broken: "a refund without a readable number, amount or currency" };
  }
  return {
    outcome: told.outcome === "returned" ? "returned" : "given_back",
    channelRefundNo,
    amount,
    currency,
    channelDate: utcDate(instantOf(refund.created) ?? at),
    returnedDate: told.outcome === "returned" ? told.channelDate : null,
  };
}

/** Those of others among the refunds of one payment. */
export function foreignRefundsIn(refunds: readonly Fields[], at: Date): CallEnd<readonly ForeignRefund[]> {
  const told = refunds.filter((one) => refundNoOf(one) === null).map((one) => foreignRefundToldBy(one, at));
  const found: ForeignRefund[] = [];
  for (const one of told) {
    if (one === null) continue;
    if ("broken" in one) return { end: "unknown", reason: one.broken };
    found.push(one);
  }
  return { end: "answered", value: found };
}

/** Our number of a refund; null where it is not ours. */
export function refundNoOf(refund: Fields): string | null {
  return textOr(objectOf(refund.metadata)[REFUND_NO], null);
}
