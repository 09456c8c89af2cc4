import { channelNumber, type Id } from "../../kernel/ids.ts";
import type { Attempt, Refund } from "../model.ts";

/**
 * The refund that gives what is left of a surplus back: unique per attempt, sent under this one number for
 * ever.
 */
export function automaticRefund(
  attempt: Attempt,
  left: { readonly amount: bigint; readonly settleAmount: bigint },
  id: Id,
  now: Date,
): Refund {
  return {
    id,
    paymentId: attempt.paymentId,
    attemptId: attempt.id,
    merchantId: attempt.merchantId,
    merchantRefundNo: null,
    automatic: true,
    amount: left.amount,
    currency: attempt.currency,
    reason: attempt.surplus,
    request: "{}",
    state: "created",
    channelRefundNo: channelNumber("rfd", id),
    channelOwnRefundNo: null,
    settleAmount: left.settleAmount,
    fromPending: 0n,
    fromAvailable: 0n,
    fromReceivable: 0n,
    feeReturned: 0n,
    costReturned: 0n,
    afterFailure: false,
    failureCode: null,
    failureMessage: null,
    tries: 0,
    dueAt: now,
    createdAt: now,
    acceptedAt: null,
    channelDate: null,
    arrivedAt: null,
    finishedAt: null,
  };
}
