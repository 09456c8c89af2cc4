/**
 * What money costs those for whom it is taken.
 *
 * - Fee: ours, from the merchant. Cost: the channel's, from us.
 * - Schedule: how one of them is reckoned for one merchant or one channel account, one currency, and one
 *   method or all. It has versions, which never change; each is in force from a date on.
 * - Terms: what a version says: rules by card type, what a refund gives back, partners' shares.
 * - Rule: tiers, a minimum and a cap. The tier is the one that the transaction's own amount lies in, and it
 *   prices the whole amount.
 * - Share: the part of the fee, in millionths, that is owed to a service provider or an agent (a *party*).
 */
import type { Id } from "../kernel/ids.ts";
import { applyRate, type Currency } from "../kernel/money.ts";

export const CARD_TYPES = ["debit", "credit"] as const;
export type CardType = (typeof CARD_TYPES)[number];

/**
 * What comes back with a refund: `kept`: nothing · `returned`: all of it, once everything is refunded ·
 * `pro_rata`: with each refund its part, rounded by itself · `cumulative`: with each refund as much as makes
 * the sum so far the rounded part of all refunded so far.
 */
export const REFUND_POLICIES = ["returned", "kept", "pro_rata", "cumulative"] as const;
export type RefundPolicy = (typeof REFUND_POLICIES)[number];

/** From a transaction's amount on (inclusive, minor units) up to the next tier's. */
export type Tier = {
  readonly from: bigint;
  readonly rateMillionths: bigint;
  /** Added to the rate's part, minor units. */
  readonly fixed: bigint;
};

export type Rule = {
  /** Null: for every card type that has no rule of its own, and where the channel does not tell. */
  readonly cardType: CardType | null;
  /** Ascending; the first is from 0. */
  readonly tiers: readonly Tier[];
  readonly minimum: bigint;
  readonly cap: bigint | null;
};

export type Share = { readonly party: string; readonly rateMillionths: bigint };

export type Terms = {
  /** At most one for each card type, and one for the others. */
  readonly rules: readonly Rule[];
  readonly refund: RefundPolicy;
  /** Of a fee; none of a cost. */
  readonly shares: readonly Share[];
  /** What a channel bills for a month at least, minor units; null: no such clause, and none of a fee. */
  readonly monthlyMinimum: bigint | null;
};

export type ScheduleVersion = {
  readonly version: number;
  /** `yyyy-mm-dd`. */
  readonly effectiveFrom: string;
  /** Null: the schedule ends. */
  readonly terms: Terms | null;
};

export type ScheduleKind = "fee" | "cost";

export type Schedule<V extends ScheduleVersion = ScheduleVersion> = {
  readonly id: Id;
  readonly kind: ScheduleKind;
  /** Of a fee. */
  readonly merchantId: Id | null;
  /** Of a cost. */
  readonly channelAccountId: Id | null;
  readonly method: string | null;
  readonly currency: Currency;
  /** By number, ascending. */
  readonly versions: readonly V[];
};

/**
 * The version in force on a date: the newest that has begun by then, so that a later one may take back what
 * an earlier one has planned. Null: none has.
 */
export function versionAt<V extends ScheduleVersion>(versions: readonly V[], date: string): V | null {
  return versions.findLast(({ effectiveFrom }) => effectiveFrom <= date) ?? null;
}

/** The terms in force on a date, the method's own before those of all methods; null: no schedule says. */
export function termsAt(
  schedules: readonly Schedule[],
  of: {
    readonly kind: ScheduleKind;
    readonly method: string;
    readonly currency: Currency;
    readonly date: string;
  },
): { readonly schedule: Schedule; readonly version: number; readonly terms: Terms } | null {
  for (const method of [of.method, null]) {
    for (const schedule of schedules) {
      const { kind, currency, versions } = schedule;
      if (kind !== of.kind || currency !== of.currency || schedule.method !== method) continue;
      const found = versionAt(versions, of.date);
      if (found !== null && found.terms !== null) {
        return { schedule, version: found.version, terms: found.terms };
      }
    }
  }
  return null;
}

/** The rule for a card type, or for all others where it has none or the channel did not tell (null). */
export function ruleFor({ rules }: Pick<Terms, "rules">, cardType: CardType | null): Rule {
  const rule = rules.find((one) => one.cardType === cardType) ?? rules.find((one) => one.cardType === null);
  if (rule === undefined) throw new Error("the terms of a schedule have no rule for cards of any type");
  return rule;
}

/**
 * What a rule charges for an amount (what settles, minor units, ≥ 0): the tier's rate half up to the minor
 * unit and its fixed part, then at least the minimum, then at most the cap, then at most the amount.
 */
export function chargeOf({ tiers, minimum, cap }: Rule, amount: bigint): bigint {
  if (amount < 0n) throw new RangeError("an amount is not negative");
  const tier = tiers.findLast(({ from }) => from <= amount);
  if (tier === undefined) throw new Error("the first tier of a rule is not from 0");
  let charge = applyRate(amount, tier.rateMillionths) + tier.fixed;
  if (charge < minimum) charge = minimum;
  if (cap !== null && charge > cap) charge = cap;
  return charge > amount ? amount : charge;
}
