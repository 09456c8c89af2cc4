import { channelNumber, type Id } from "../../kernel/ids.ts";
import type { Attempt, Refund, Taken } from "../model.ts";

/** The refund that gives all of a surplus back: unique per attempt, sent under this one number for ever. */
export function automaticRefund(attempt: Attempt, taken: Taken, id: Id, now: Date): Refund {
  return {
    id,
    paymentId: attempt.paymentId,
    attemptId: attempt.id,
    merchantId: attempt.merchantId,
    merchantRefundNo: null,
    automatic: true,
    amount: taken.paidAmount,
    currency: attempt.currency,
    reason: attempt.surplus,
    request: "{}",
    state: "created",
    channelRefundNo: channelNumber("rfd", id),
    channelOwnRefundNo: null,
    settleAmount: taken.settleAmount,
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
