/** What a channel gives back of an order without a refund of ours, however it was told. Pure. */
import type { Id } from "../../kernel/ids.ts";
import type { Attempt, Taken } from "../model.ts";
import { costComesBack, settledPart } from "../terms.ts";
import { isUnderWay } from "./claims.ts";
import type { Draft } from "./draft.ts";
import { type Decision, finish, type MutableAttempt, type TradeContext, takeBack } from "./steps.ts";

/** A part that went back; `sourceId` names what told of it, or the part itself. */
export type Back = {
  readonly amount: bigint;
  readonly channelDate: string;
  readonly sourceId: Id;
  /** For the person who looks at it. */
  readonly detail: string;
};

/** Books a part, and the whole as a reversal by the channel when it makes the whole. */
export function bookByItself(
  draft: Draft,
  attempt: MutableAttempt,
  taken: Taken,
  { amount, channelDate, sourceId, detail }: Back,
  context: Pick<TradeContext, "now" | "terms">,
): Decision {
  const wasWhole = attempt.foreignRefunds.some(({ isReturned }) => isReturned);
  if (attempt.surplus !== null && !wasWhole && attempt.takenBack + amount >= taken.paidAmount) {
    if (attempt.state === "reversing") finish(attempt, "reversed", context.now);
    takeBack(draft, attempt, channelDate, costGivenBack(taken, taken.costAmount, context));
    return attempt.state === "reversed" ? "reversed" : "reversed_by_channel";
  }
  const isWhole = wentByItself(draft, attempt) + amount >= taken.paidAmount;
  if (!isWhole || attempt.surplus !== null || attempt.state === "reversed_by_channel") {
    bookPart(draft, attempt, taken, { amount, channelDate, sourceId });
    draft.open({ kind: "refund_by_channel", subjectId: sourceId, amount, detail });
    return "refunded_by_channel";
  }
  const settleAmount = shiftTakenBack(attempt, taken, amount);
  finish(attempt, "reversed_by_channel", context.now);
  const costReturned = costGivenBack(taken, taken.costAmount - attempt.costReturned, context);
  draft.book({ booking: "reversed_by_channel", attempt, settleAmount, costReturned, channelDate });
  draft.open({
    kind: "reversed_by_channel",
    subjectId: attempt.id,
    amount,
    detail: "The channel took the whole payment back without a refund of ours. Ask the channel why.",
  });
  draft.tell("payment.reversed_by_channel");
  return "reversed_by_channel";
}

/** Books a part and nothing else; a negative `amount` came back. */
export function bookPart(
  draft: Draft,
  attempt: MutableAttempt,
  taken: Taken,
  { amount, channelDate, sourceId }: Omit<Back, "detail">,
): void {
  const settleAmount = shiftTakenBack(attempt, taken, amount);
  draft.book({ booking: "refund_by_channel", attempt, settleAmount, sourceId, channelDate });
}

/** The settled part of what is taken back now. */
function shiftTakenBack(attempt: MutableAttempt, taken: Taken, amount: bigint): bigint {
  const before = settledPart(taken, attempt.takenBack);
  attempt.takenBack += amount;
  return settledPart(taken, attempt.takenBack) - before;
}

/** A channel that keeps the cost of what is refunded keeps it too where it gives money back by itself. */
export function costGivenBack(taken: Taken, cost: bigint, { terms }: Pick<TradeContext, "terms">): bigint {
  return costComesBack(taken, terms) ? cost : 0n;
}

/** What of an attempt went back without a refund of ours, be it in parts. */
export function wentByItself(draft: Draft, attempt: Attempt): bigint {
  const late = draft
    .refundsOf(attempt.id)
    .filter((refund) => refund.afterFailure && refund.state !== "returned");
  return late.reduce((sum, refund) => sum - refund.amount, attempt.takenBack);
}

/** What refunds of ours gave back, by all that is known. */
export function carriedOut(draft: Draft, attempt: Attempt): bigint {
  const underWay = draft.refundsOf(attempt.id).filter(isUnderWay);
  return underWay.reduce((sum, refund) => sum - refund.amount, attempt.refundedAmount);
}
