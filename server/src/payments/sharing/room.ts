/** What of a locked payment may be shared, and what its receivers give back with a refund. Pure. */
import type { SharingTraits } from "../../channels/index.ts";
import { DAY, plus } from "../../kernel/clock.ts";
import { channelNumber, type Id } from "../../kernel/ids.ts";
import {
  done,
  isFinal,
  type Room,
  returnsFor,
  type Share,
  type ShareReturn,
  type SharingRow,
} from "../../sharing/index.ts";

import { type Attempt, type Dispute, disputedAmount, type Payment, type Refund } from "../model.ts";
import { settledPart } from "../terms.ts";

export type SharedBox = {
  readonly payment: Payment;
  readonly success: Attempt;
  readonly refunds: readonly Refund[];
  readonly disputes: readonly Dispute[];
};

/** Null: nothing was taken that could be shared. */
export function roomOfPayment(
  { success, refunds, disputes }: SharedBox,
  { maxMillionths }: Pick<SharingRow, "maxMillionths">,
): Room | null {
  const { taken } = success;
  if (taken === null || success.state === "reversed_by_channel") return null;
  const own = refunds.filter(({ attemptId }) => attemptId === success.id);
  // One that was carried out after it had failed stands among what was taken back.
  const standing = own.filter(
    ({ state, afterFailure }) => state !== "failed" && state !== "returned" && !afterFailure,
  );
  const refunded = standing.reduce((sum, refund) => sum + refund.settleAmount, 0n);
  return {
    settled: taken.settleAmount,
    fee: taken.feeAmount - success.feeReturned,
    refunded: refunded + settledPart(taken, success.takenBack),
    disputed: disputedAmount(disputes.filter(({ attemptId }) => attemptId === success.id)),
    paid: taken.paidAmount,
    maxMillionths,
  };
}

export type ReturnsWanted = {
  readonly sharing: SharingRow;
  readonly shares: readonly Share[];
  /** Null: our own books split, and nobody else is asked. */
  readonly traits: SharingTraits | null;
  readonly refund: Refund;
  readonly newId: () => Id;
  readonly now: Date;
  /** Where what waits for others looks again. */
  readonly lookAgainAt: Date;
};

export type ReturnsMade = {
  readonly returns: readonly ShareReturn[];
  /** The shares as they are after it. */
  readonly shares: readonly Share[];
};

/**
 * The returns that a refund brings, which counts among the box's refunds already. Each is born due, or done
 * at once in our own books.
 */
export function returnsOnRefund(box: SharedBox, wanted: ReturnsWanted): ReturnsMade {
  const { sharing, shares, traits, refund, now } = wanted;
  const room = roomOfPayment(box, sharing);
  if (room === null) return { returns: [], shares: [] };
  const found = returnsFor(shares, room, (share) => isReturnable(share, traits, now));
  return {
    returns: found.map(({ share, amount }) => newReturn(share, amount, wanted)),
    shares: found.map(({ share, amount }) => ({ ...share, returnedAmount: share.returnedAmount + amount })),
  };

  function newReturn(share: Share, amount: bigint, { newId, lookAgainAt }: ReturnsWanted): ShareReturn {
    const id = newId();
    const inBooks = share.mode === "books";
    const first = isFinal(share) && traits?.returnsWithRefund === false ? now : lookAgainAt;
    return {
      id,
      shareId: share.id,
      paymentId: share.paymentId,
      merchantId: share.merchantId,
      refundId: refund.id,
      amount,
      currency: share.currency,
      state: inBooks ? "succeeded" : "created",
      channelReturnNo: channelNumber("shb", id),
      channelOwnNo: null,
      channelDate: null,
      failureCode: null,
      failureMessage: null,
      tries: 0,
      dueAt: inBooks ? null : first,
      createdAt: now,
      finishedAt: inBooks ? now : null,
    };
  }
}

/** The code of a return that ended with its refund, which the channel refused. */
export const REFUND_FAILED = "refund_failed";

/**
 * What came back with a refund that the channel had refused and carried out all the same: its returns, held
 * for failed with it or not ended yet. One whose share has given as much back since by another refund stays
 * as it is: the channel takes no more from a receiver than he had.
 */
export function returnsCarriedOut(
  refund: Refund,
  { shares, returns }: { readonly shares: readonly Share[]; readonly returns: readonly ShareReturn[] },
  now: Date,
): readonly CameBack[] {
  return returns
    .filter((one) => one.refundId === refund.id && (!isFinal(one) || one.failureCode === REFUND_FAILED))
    .flatMap((given) => {
      const share = shares.find(({ id }) => id === given.shareId);
      const afterFailure = isFinal(given);
      const more = afterFailure ? given.amount : 0n;
      if (share === undefined || share.returnedAmount + more > share.amount) return [];
      const { channelOwnRefundNo: channelOwnNo, channelDate } = refund;
      return [
        {
          shareReturn: done(given, { channelOwnNo, channelDate }, now),
          share: { ...share, returnedAmount: share.returnedAmount + more },
          afterFailure,
        },
      ];
    });
}

/** A return that is done, and its share after it. */
export type CameBack = {
  readonly shareReturn: ShareReturn;
  readonly share: Share;
  /** It had been held for failed. */
  readonly afterFailure: boolean;
};

/** Whether the channel takes anything back from this receiver, and still from this share. */
function isReturnable(share: Share, traits: SharingTraits | null, now: Date): boolean {
  if (traits === null || share.mode === "books") return true;
  if (traits.typesWithoutReturn.includes(share.receiverType)) return false;
  return now < plus(share.finishedAt ?? now, traits.returnDays * DAY);
}

/**
 * Whether a refund waits: while a share of the payment is under way (the channel refuses it then, and what
 * comes back is not known), and until its returns have ended. Where they come with the refund itself it goes
 * with them; refused because of a receiver it waits until it may go without: sent with them once more, it
 * could bring back what is being written off.
 */
export function isHeldBack(
  shares: readonly Share[],
  returns: readonly ShareReturn[],
  refund: Pick<Refund, "id" | "state" | "failureCode">,
  traits: SharingTraits | null,
): boolean {
  if (shares.some((share) => !isFinal(share))) return true;
  if (traits?.returnsWithRefund === true && !isRefusedForReceiver(refund, traits)) return false;
  return returns.some((one) => one.refundId === refund.id && !isFinal(one));
}

/** Whether the channel did not take the refund because a receiver cannot give its part back. */
export function isRefusedForReceiver(
  { state, failureCode }: Pick<Refund, "state" | "failureCode">,
  { returnRefusals }: SharingTraits,
): boolean {
  return state === "created" && failureCode !== null && returnRefusals.includes(failureCode);
}
