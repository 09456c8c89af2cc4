/** Whose a fee is: the parts of it that are owed to service providers and agents. Pure. */
import { applyRate, RATE_ONE } from "../kernel/money.ts";
import type { Share } from "./model.ts";
import { returnedSoFar } from "./returns.ts";

export type PartyShare = { readonly party: string; readonly amount: bigint };

/** What of a fee (minor units, ≥ 0) is owed to all partners together: half up, at most the fee. */
export function partnersPart(fee: bigint, shares: readonly Share[]): bigint {
  const rate = shares.reduce((sum, { rateMillionths }) => sum + rateMillionths, 0n);
  if (fee < 0n || rate > RATE_ONE) throw new RangeError("shares are parts of one fee");
  return applyRate(fee, rate);
}

/**
 * `amount` divided among the parties in proportion to their rates, by the largest remainder: each gets its
 * part rounded down, and the units that are left go to the largest remainders, of equal ones to the party
 * that comes first in order of code points. They add up to the amount exactly, and come in that order.
 */
export function divideAmong(amount: bigint, shares: readonly Share[]): readonly PartyShare[] {
  const whole = shares.reduce((sum, { rateMillionths }) => sum + rateMillionths, 0n);
  if (amount < 0n || (amount > 0n && whole <= 0n)) {
    throw new RangeError("an amount is divided among parties with a share in it");
  }
  const byParty = [...shares].sort(byName);
  if (whole === 0n) return byParty.map(({ party }) => ({ party, amount: 0n }));
  const parts = byParty.map(({ party, rateMillionths }) => ({
    party,
    amount: (amount * rateMillionths) / whole,
    remainder: (amount * rateMillionths) % whole,
  }));
  const left = amount - parts.reduce((sum, part) => sum + part.amount, 0n);
  // The sort is stable: equal remainders stay in the order of the parties.
  const first = [...parts].sort((a, b) =>
    a.remainder === b.remainder ? 0 : a.remainder > b.remainder ? -1 : 1,
  );
  const favoured = new Set(first.slice(0, Number(left)));
  return parts.map((part) => ({
    party: part.party,
    amount: favoured.has(part) ? part.amount + 1n : part.amount,
  }));
}

function byName(a: Share, b: Share): number {
  return a.party < b.party ? -1 : a.party > b.party ? 1 : 0;
}

/**
 * What is still owed to partners of their part of a fee once `feeReturned` of it went back with refunds: it
 * goes back in the same proportion, so all of it with all of the fee.
 */
export function partnersLeft(partners: bigint, fee: bigint, feeReturned: bigint): bigint {
  return partners === 0n ? 0n : partners - returnedSoFar(partners, feeReturned, fee);
}
