/** What a payment costs the merchant and us. Pure and versioned. */
import type { ChannelAccount } from "../channels/index.ts";
import { formatId } from "../kernel/ids.ts";
import { applyRate, type Currency } from "../kernel/money.ts";
import type { Merchant } from "../merchants/index.ts";
import {
  type CardType,
  chargeOf,
  type RefundPolicy,
  ruleFor,
  type Schedule,
  type ScheduleKind,
  termsAt,
} from "./model.ts";
import { partnersPart } from "./shares.ts";

/** A fee or a cost, in minor units of the payment's currency, and what it was reckoned by. */
export type Charge = {
  /** 0 ≤ amount ≤ the payment's. */
  readonly amount: bigint;
  /**
   * `fsc_…`: the schedule, with `:debit` or `:credit` where its rule for that card type was used ·
   * `merchant_rate`, `account_rate`: the one rate where no schedule says · `not_through_us`: the money passes
   * us by, so nothing is charged here.
   */
  readonly rule: string;
  /** Of the schedule; else the revision of the merchant or the account that the rate was read from. */
  readonly ruleVersion: number;
  /** Null: what the account's contract says when it comes to a refund. */
  readonly refund: RefundPolicy | null;
};

/** What to book beside a success. */
export type FeeQuote = {
  /** Ours, from the merchant. */
  readonly fee: Charge;
  /** The channel's, from us. */
  readonly cost: Charge;
  /** The part of our fee that is owed to partners. */
  readonly partners: bigint;
};

export type FeeMerchant = Pick<Merchant, "feeRateMillionths" | "revision">;
export type CostAccount = Pick<ChannelAccount, "costRateMillionths" | "revision">;

/** What decides beside the rates. */
export type Transaction = {
  readonly method: string;
  readonly currency: Currency;
  /** What settles, in minor units, ≥ 0. */
  readonly amount: bigint;
  /** The channel's business date of the payment, `yyyy-mm-dd`: by it a version is in force. */
  readonly date: string;
  /** Null: the channel does not tell. */
  readonly cardType: CardType | null;
};

/**
 * The fee and cost of taking a transaction through an account, by the schedules of the merchant and the
 * account, else by the one rate that each has. Where the money does not pass us the channel charges the
 * merchant itself, and both are 0.
 */
export function quoteFees(
  taken: Transaction & {
    readonly merchant: FeeMerchant;
    readonly account: CostAccount & Pick<ChannelAccount, "fundFlow">;
    readonly schedules: readonly Schedule[];
  },
): FeeQuote {
  const { merchant, account, schedules } = taken;
  if (account.fundFlow !== "through_platform") {
    const nothing = { amount: 0n, rule: "not_through_us", ruleVersion: account.revision, refund: null };
    return { fee: nothing, cost: nothing, partners: 0n };
  }
  const fee = quoteFee(schedules, merchant, taken);
  return { ...fee, cost: quoteCost(schedules, account, taken) };
}

/** The merchant's fee alone, and the partners' part of it. */
export function quoteFee(
  schedules: readonly Schedule[],
  merchant: FeeMerchant,
  taken: Transaction,
): Pick<FeeQuote, "fee" | "partners"> {
  const scheduled = chargeBySchedule(schedules, "fee", taken);
  if (scheduled !== null) {
    const { charge, shares } = scheduled;
    return { fee: charge, partners: partnersPart(charge.amount, shares) };
  }
  const amount = feeOf(taken.amount, merchant.feeRateMillionths);
  const fee = { amount, rule: "merchant_rate", ruleVersion: merchant.revision, refund: null };
  return { fee, partners: 0n };
}

/** The channel's cost alone. */
export function quoteCost(schedules: readonly Schedule[], account: CostAccount, taken: Transaction): Charge {
  const scheduled = chargeBySchedule(schedules, "cost", taken);
  if (scheduled !== null) return scheduled.charge;
  const amount = feeOf(taken.amount, account.costRateMillionths);
  return { amount, rule: "account_rate", ruleVersion: account.revision, refund: null };
}

function chargeBySchedule(schedules: readonly Schedule[], kind: ScheduleKind, taken: Transaction) {
  const found = termsAt(schedules, { ...taken, kind });
  if (found === null) return null;
  const { schedule, version, terms } = found;
  const rule = ruleFor(terms, taken.cardType);
  const id = formatId("fsc", schedule.id);
  const charge: Charge = {
    amount: chargeOf(rule, taken.amount),
    rule: rule.cardType === null ? id : `${id}:${rule.cardType}`,
    ruleVersion: version,
    refund: terms.refund,
  };
  return { charge, shares: terms.shares };
}

/** `amount × rate` in minor units, half up, at most the amount. @param rateMillionths ≥ 0; 6000 is 0.6 %. */
export function feeOf(amount: bigint, rateMillionths: bigint): bigint {
  if (amount < 0n || rateMillionths < 0n) throw new RangeError("an amount and a rate are not negative");
  const fee = applyRate(amount, rateMillionths);
  return fee > amount ? amount : fee;
}
