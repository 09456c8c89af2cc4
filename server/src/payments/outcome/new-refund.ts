import { channelNumber, type Id } from "../../kernel/ids.ts";
import type { Attempt, Refund } from "../model.ts";

/** What distinguishes one new refund from another. */
export type NewRefund = {
  readonly id: Id;
  /** Null: an automatic one, which gives a surplus back. */
  readonly merchantRefundNo: string | null;
  readonly amount: bigint;
  readonly settleAmount: bigint;
  readonly reason: string | null;
  readonly request: string;
  readonly dueAt: Date;
};

/** A refund before anything happened to it. Its number at the channel is fixed here, for ever. */
export function newRefund(attempt: Attempt, wanted: NewRefund, now: Date): Refund {
  return {
    ...wanted,
    paymentId: attempt.paymentId,
    attemptId: attempt.id,
    merchantId: attempt.merchantId,
    automatic: wanted.merchantRefundNo === null,
    currency: attempt.currency,
    state: "created",
    channelRefundNo: channelNumber("rfd", wanted.id),
    channelOwnRefundNo: null,
    fromPending: 0n,
    fromAvailable: 0n,
    fromReceivable: 0n,
    feeReturned: 0n,
    costReturned: 0n,
    afterFailure: false,
    failureCode: null,
    failureMessage: null,
    tries: 0,
    createdAt: now,
    acceptedAt: null,
    channelDate: null,
    arrivedAt: null,
    finishedAt: null,
  };
}

/** The refund that gives all that is left of a surplus back: unique per attempt. */
export function automaticRefund(
  attempt: Attempt,
  left: { readonly amount: bigint; readonly settleAmount: bigint },
  id: Id,
  now: Date,
): Refund {
  const wanted = { id, merchantRefundNo: null, reason: attempt.surplus, request: "{}", dueAt: now };
  return newRefund(attempt, { ...wanted, ...left }, now);
}
