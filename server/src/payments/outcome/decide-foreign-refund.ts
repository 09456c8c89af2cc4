/**
 * What it means that the channel tells, by its own number, of a refund that nobody here asked for. Pure and
 * monotone: given back < returned; told twice, late, or the end before the beginning, each is booked once.
 *
 * The sum that the channel calls refunded may tell of it too, before or after, and says no number. What a sum
 * told is in `takenBack` beside what the numbers make: the next numbers are taken for it, as far as it goes,
 * and a sum counts what the numbers made as known. Both are decided under the payment's lock.
 */
import type { ForeignRefund } from "../../channels/index.ts";
import { foreignRefundId, toldByNumber } from "../foreign-refunds.ts";
import type { Taken } from "../model.ts";
import { bookByItself, bookPart, carriedOut, wentByItself } from "./by-itself.ts";
import type { Draft } from "./draft.ts";
import type { Decision, MutableAttempt, TradeContext } from "./steps.ts";

type Context = Pick<TradeContext, "now" | "terms" | "channelDay">;

export function decideForeignRefund(
  draft: Draft,
  attempt: MutableAttempt,
  told: ForeignRefund,
  context: Context,
): Decision {
  const { taken, foreignRefunds } = attempt;
  // The payment itself has not been told yet. Whoever brings this brings it again.
  if (taken === null) return "waiting";
  const { channelRefundNo, amount, channelDate } = told;
  const known = foreignRefunds.find((one) => one.channelRefundNo === channelRefundNo);
  if (told.currency !== attempt.currency || amount <= 0n) return "contradiction";
  if (known !== undefined && known.amount !== amount) return "contradiction";
  const isReturned = told.outcome === "returned";
  if (known !== undefined && (known.isReturned || !isReturned)) return "already_known";

  let decision: Decision = "already_known";
  const beyond = known === undefined ? amount - toldOnlyBySum(draft, attempt, amount) : 0n;
  if (beyond > 0n) {
    const back = { amount: beyond, channelDate, sourceId: foreignRefundId(attempt.id, channelRefundNo) };
    if (isReturned) {
      // Both movements are in the channel's statement, so both are booked.
      bookPart(draft, attempt, taken, back);
    } else {
      // There is no room for it before a refund that came back is told: that is told too.
      if (carriedOut(draft, attempt) + attempt.takenBack + beyond > taken.paidAmount) return "waiting";
      const detail =
        `The channel tells of a refund of this part under the number ${channelRefundNo}, which nobody ` +
        "here asked for. Ask who made it at the channel's dashboard.";
      decision = bookByItself(draft, attempt, taken, { ...back, detail }, context);
    }
  }
  const others = foreignRefunds.filter((one) => one !== known);
  attempt.foreignRefunds = [...others, { channelRefundNo, amount, isReturned }];
  if (!isReturned) return decision;
  bookReturn(draft, attempt, taken, told, context);
  return "refund_by_channel_returned";
}

/** How much of an amount a sum has told of and no number yet. */
function toldOnlyBySum(draft: Draft, attempt: MutableAttempt, amount: bigint): bigint {
  const told = wentByItself(draft, attempt) - toldByNumber(attempt);
  return told < amount ? told : amount;
}

/** Those that a question found: whatever of them is new; null: nothing is. */
export function bookForeignRefunds(
  draft: Draft,
  attempt: MutableAttempt,
  told: readonly ForeignRefund[],
  context: Context,
): Decision | null {
  let decision: Decision | null = null;
  // What came back makes room for what was given back since.
  const rank = ({ outcome }: ForeignRefund) => (outcome === "returned" ? 0 : 1);
  const inOrder = told.toSorted((one, other) => rank(one) - rank(other));
  for (const one of inOrder) {
    const decided = decideForeignRefund(draft, attempt, one, context);
    if (decided !== "already_known" && decided !== "waiting") decision = decided;
  }
  return decision;
}

function bookReturn(
  draft: Draft,
  attempt: MutableAttempt,
  taken: Taken,
  { channelRefundNo, amount, returnedDate }: ForeignRefund,
  context: Context,
): void {
  const sourceId = foreignRefundId(attempt.id, channelRefundNo, "returned");
  const channelDate = returnedDate ?? context.channelDay(attempt);
  bookPart(draft, attempt, taken, { amount: -amount, channelDate, sourceId });
  draft.open({
    kind: attempt.surplus === null ? "refund_by_channel" : "surplus_refund_failed",
    subjectId: attempt.surplus === null ? sourceId : attempt.id,
    amount,
    detail:
      `The refund ${channelRefundNo}, which nobody here asked for, came back from the buyer's bank: the ` +
      "channel owes this part again. Decide who gets it.",
  });
}
