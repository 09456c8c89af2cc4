import type { ChannelAccount } from "../channels/index.ts";
import { quoteFees, returnedSoFar } from "../fees/index.ts";
import { divideHalfUp } from "../kernel/money.ts";
import type { Merchant } from "../merchants/index.ts";
import type { Attempt, Taken } from "./model.ts";

/** What one merchant and one channel account agree on, as it stands when money moves. */
export type FeeTerms = {
  readonly merchant: Merchant;
  readonly account: ChannelAccount;
};

/** Fee and cost of money taken, by the fund flow that the order was placed under. */
export function feesOf(
  attempt: Pick<Attempt, "fundFlow">,
  settleAmount: bigint,
  { merchant, account }: FeeTerms,
): Pick<Taken, "feeAmount" | "costAmount" | "costGross"> {
  const quoted = quoteFees({
    merchant,
    account: { ...account, fundFlow: attempt.fundFlow },
    amount: settleAmount,
  });
  return { feeAmount: quoted.fee, costAmount: quoted.cost, costGross: account.costSettlement === "gross" };
}

/** The settled part of the first `amount` refunded: round(s · amount / n). */
export function settledPart(taken: Taken, amount: bigint): bigint {
  return divideHalfUp(taken.settleAmount * amount, taken.paidAmount);
}

/** What is given back of the fee once `settledRefunded` has been refunded in all, less what was before. */
export function feeReturnOf(
  attempt: Pick<Attempt, "feeReturned" | "surplus">,
  taken: Taken,
  settledRefunded: bigint,
): bigint {
  // A surplus never earned a fee.
  return attempt.surplus === null ? partOf(taken, taken.feeAmount, settledRefunded, attempt.feeReturned) : 0n;
}

/**
 * What a refund gives back of fee and cost, by contract, once `settledRefunded` has been refunded in all:
 * round(total · Σr / s) less what was given back before.
 */
export function returnsOf(
  attempt: Pick<Attempt, "feeReturned" | "costReturned" | "surplus">,
  taken: Taken,
  settledRefunded: bigint,
  { account }: FeeTerms,
): { fee: bigint; cost: bigint } {
  return {
    fee: account.feeReturnedOnRefund ? feeReturnOf(attempt, taken, settledRefunded) : 0n,
    cost: account.costReturnedOnRefund
      ? partOf(taken, taken.costAmount, settledRefunded, attempt.costReturned)
      : 0n,
  };
}

function partOf(taken: Taken, total: bigint, settledRefunded: bigint, soFar: bigint): bigint {
  const refunded = settledRefunded > taken.settleAmount ? taken.settleAmount : settledRefunded;
  const due = returnedSoFar(total, refunded, taken.settleAmount) - soFar;
  return due > 0n ? due : 0n;
}
