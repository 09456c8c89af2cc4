import type { Notification } from "../../channels/index.ts";
import type { Id } from "../../kernel/ids.ts";
import { foreignRefundId } from "../foreign-refunds.ts";
import type { Attempt, WorkItem } from "../model.ts";

type Authentic = Extract<Notification, { verdict: "authentic" }>;

/**
 * The work item of a refund that the channel carried out and nobody here asked for, such as one made in its
 * console; null where the notification tells of none, or of one that moved nothing. The channel repeats a
 * notification and tells of one refund more than once, so its subject is made of the refund's number.
 */
export function foreignRefundItem(id: Id, attempt: Attempt, { about }: Authentic): WorkItem | null {
  if (about.kind !== "refund") return null;
  const { refund, channelRefundNo } = about;
  if (refund.outcome !== "accepted" && refund.outcome !== "arrived") return null;
  const amount = about.amount ?? refund.settleAmount;
  const sum = amount === null ? "a refund of an amount that it does not tell" : "this refund";
  return {
    id,
    kind: "refund_not_ours",
    subjectId: foreignRefundId(attempt.id, channelRefundNo),
    paymentId: attempt.paymentId,
    merchantId: attempt.merchantId,
    amount: amount ?? 0n,
    currency: attempt.currency,
    detail:
      `The channel tells of ${sum} under the number ${channelRefundNo}, which nobody here asked for. ` +
      "Nothing is booked: ask who made it in the channel's console.",
  };
}
