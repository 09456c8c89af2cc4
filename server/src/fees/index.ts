/**
 * What a payment costs the merchant and us: pure and versioned. One rate for each, until schedules replace
 * the rule.
 */
import type { ChannelAccount } from "../channels/index.ts";
import { applyRate, divideHalfUp } from "../kernel/money.ts";
import type { Merchant } from "../merchants/index.ts";

/** What to book beside a success, in minor units of the payment's currency. */
export type FeeQuote = {
  /** Ours, from the merchant: 0 ≤ fee ≤ amount. */
  readonly fee: bigint;
  /** The channel's, from us: 0 ≤ cost ≤ amount. */
  readonly cost: bigint;
  /** `merchant_rate`: one rate each; `not_through_us`: the money passes us by, so nothing is charged here. */
  readonly rule: "merchant_rate" | "not_through_us";
  /** Names the very rates that were used: the revisions of merchant and account. */
  readonly ruleVersion: string;
};

/**
 * The fee and cost of taking `amount` (what settles, in minor units, ≥ 0) through an account. Where the money
 * does not pass us the channel charges the merchant itself, and both are 0.
 */
export function quoteFees(taken: {
  readonly merchant: Pick<Merchant, "feeRateMillionths" | "revision">;
  readonly account: Pick<ChannelAccount, "costRateMillionths" | "fundFlow" | "revision">;
  readonly amount: bigint;
}): FeeQuote {
  const { merchant, account, amount } = taken;
  const ruleVersion = `${merchant.revision}.${account.revision}`;
  if (account.fundFlow !== "through_platform") {
    return { fee: 0n, cost: 0n, rule: "not_through_us", ruleVersion };
  }
  return {
    fee: feeOf(amount, merchant.feeRateMillionths),
    cost: feeOf(amount, account.costRateMillionths),
    rule: "merchant_rate",
    ruleVersion,
  };
}

/** `amount × rate` in minor units, half up, at most the amount. @param rateMillionths ≥ 0; 6000 is 0.6 %. */
export function feeOf(amount: bigint, rateMillionths: bigint): bigint {
  if (amount < 0n || rateMillionths < 0n) throw new RangeError("an amount and a rate are not negative");
  const fee = applyRate(amount, rateMillionths);
  return fee > amount ? amount : fee;
}

/**
 * How much of `total` (a fee or a cost) is to be given back once `refundedSettled` of the `settled` amount
 * has been refunded: round(total · Σr / s). It is cumulative, so that parts never add up to more or less than
 * the whole; what the next refund returns is this less what was returned before.
 */
export function returnedSoFar(total: bigint, refundedSettled: bigint, settled: bigint): bigint {
  if (total < 0n || refundedSettled < 0n || refundedSettled > settled) {
    throw new RangeError("what is refunded lies between nothing and what settled");
  }
  // Nothing settled (vouchers paid it all): there is nothing to be proportional to, and nothing to return.
  return settled === 0n ? 0n : divideHalfUp(total * refundedSettled, settled);
}
