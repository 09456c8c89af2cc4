import type { ChannelAccount, TradeFacts } from "../channels/index.ts";
import { partnersLeft, quoteFees, type RefundPolicy, returnedNow, type Schedule } from "../fees/index.ts";
import { divideHalfUp } from "../kernel/money.ts";
import type { Merchant } from "../merchants/index.ts";
import type { Attempt, Charged, Taken } from "./model.ts";

/** What one merchant and one channel account agree on, as it stands when money moves. */
export type FeeTerms = {
  readonly merchant: Merchant;
  readonly account: ChannelAccount;
  /** Of the merchant's fees and the account's costs; none: each has its one rate. */
  readonly schedules: readonly Schedule[];
};

type Amounts = Pick<Taken, "feeAmount" | "costAmount" | "costGross">;

/** Fee and cost of money taken, by the fund flow that the order was placed under. */
export function feesOf(
  attempt: Pick<Attempt, "fundFlow" | "method" | "currency">,
  facts: { readonly settleAmount: bigint } & Required<Pick<TradeFacts, "channelDate" | "cardType">>,
  { merchant, account, schedules }: FeeTerms,
): Amounts & Charged {
  const { fee, cost, partners } = quoteFees({
    merchant,
    account: { ...account, fundFlow: attempt.fundFlow },
    schedules,
    method: attempt.method,
    currency: attempt.currency,
    amount: facts.settleAmount,
    date: facts.channelDate,
    cardType: facts.cardType,
  });
  return {
    feeAmount: fee.amount,
    costAmount: cost.amount,
    costGross: account.costSettlement === "gross",
    feeRule: fee.rule,
    feeRuleVersion: BigInt(fee.ruleVersion),
    costRule: cost.rule,
    costRuleVersion: BigInt(cost.ruleVersion),
    feeRefund: fee.refund,
    costRefund: cost.refund,
    partnerAmount: partners,
  };
}

/** Money that earns nothing: a surplus. What it costs at the channel stays. */
export function withoutFee(taken: Taken): Taken {
  const nothing = { feeRule: null, feeRuleVersion: null, feeRefund: null };
  return { ...taken, feeAmount: 0n, partnerAmount: 0n, ...nothing };
}

/** The settled part of the first `amount` refunded: round(s · amount / n). */
export function settledPart(taken: Taken, amount: bigint): bigint {
  return divideHalfUp(taken.settleAmount * amount, taken.paidAmount);
}

/** By schedule where one charged it, else by the contract. */
function policyOf(kept: RefundPolicy | null, isReturned: boolean): RefundPolicy {
  return kept ?? (isReturned ? "cumulative" : "kept");
}

/**
 * What of the fee is given back once refunds that settle `parts`, none of which is accepted yet, are: the
 * money that a merchant may count on.
 * @param contract whether the account's contract gives the fee back, where no schedule says
 */
export function feeExpectedOf(
  attempt: Pick<Attempt, "feeReturned" | "settledRefunded" | "surplus">,
  taken: Taken,
  parts: readonly bigint[],
  contract: { readonly feeReturned: boolean },
): bigint {
  // A surplus never earned a fee.
  if (attempt.surplus !== null) return 0n;
  const policy = policyOf(taken.feeRefund, contract.feeReturned);
  let [refundedBefore, soFar] = [attempt.settledRefunded, attempt.feeReturned];
  for (const refunded of parts) {
    const step = { settled: taken.settleAmount, refundedBefore, refunded };
    soFar += returnedNow(policy, taken.feeAmount, step, soFar);
    refundedBefore += refunded;
  }
  return soFar - attempt.feeReturned;
}

/**
 * What a refund gives back of fee and cost, by schedule or contract.
 * @param refunded the settled part of this refund, which `attempt.settledRefunded` counts already
 */
export function returnsOf(
  attempt: Pick<Attempt, "feeReturned" | "costReturned" | "settledRefunded" | "surplus">,
  taken: Taken,
  refunded: bigint,
  { account }: Pick<FeeTerms, "account">,
): { fee: bigint; cost: bigint } {
  const refundedBefore = attempt.settledRefunded - refunded;
  const step = { settled: taken.settleAmount, refundedBefore, refunded };
  const ofFee = policyOf(taken.feeRefund, account.feeReturnedOnRefund);
  const ofCost = policyOf(taken.costRefund, account.costReturnedOnRefund);
  const hasFee = attempt.surplus === null;
  return {
    fee: hasFee ? returnedNow(ofFee, taken.feeAmount, step, attempt.feeReturned) : 0n,
    cost: returnedNow(ofCost, taken.costAmount, step, attempt.costReturned),
  };
}

/** Whether the channel gives its cost back where it gives the money back by itself. */
export function costComesBack(taken: Taken, { account }: Pick<FeeTerms, "account">): boolean {
  return policyOf(taken.costRefund, account.costReturnedOnRefund) !== "kept";
}

/**
 * What partners give back of their part of the fee with one refund's `fee`.
 * @param inAll what of the fee has gone back with that refund and those before it
 */
export function partnersReturned(
  { partnerAmount, feeAmount }: Pick<Taken, "partnerAmount" | "feeAmount">,
  inAll: bigint,
  fee: bigint,
): bigint {
  return partnersLeft(partnerAmount, feeAmount, inAll - fee) - partnersLeft(partnerAmount, feeAmount, inAll);
}
