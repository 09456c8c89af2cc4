/**
 * What each partner has of a merchant's `partner_payable`: its entries, divided by the shares of the fees
 * that they come from. Pure.
 */
import { divideAmong, type PartyShare, type Share } from "../../fees/index.ts";
import type { Id } from "../../kernel/ids.ts";

/** An entry of the account, in the order of `seq`. */
export type PartnerEntry = {
  readonly seq: bigint;
  /** Of natural side: what partners earned is positive, what a refund took back negative. */
  readonly amount: bigint;
  readonly isPayouts: boolean;
  /** The success that it is of; null: no payment's, such as a correction. */
  readonly attemptId: Id | null;
  /** What partners got of the success when it was booked. */
  readonly partnerAmount: bigint | null;
  readonly isSuccess: boolean;
};

/** What no share explains: it is listed, and nobody is paid it. */
export const NOBODY = "";

export type Division = {
  /** By party; what it earned less what went back. */
  readonly dues: ReadonlyMap<string, bigint>;
  /** What partners still have of the payments of which a part went back. */
  readonly left: ReadonlyMap<Id, bigint>;
};

/**
 * Of a payment each party has, at any time, its part of what is left to all of them: so a refund takes back
 * the difference, and all of it with all of the fee. The parties' amounts add up to the entries.
 * @param left of earlier entries; of a payment that is not named everything is left
 */
export function divideEntries(
  entries: readonly PartnerEntry[],
  sharesOf: (attemptId: Id) => readonly Share[],
  left: ReadonlyMap<Id, bigint>,
): Division {
  const dues = new Map<string, bigint>();
  const leftNow = new Map<Id, bigint>();
  const give = (party: string, amount: bigint) => dues.set(party, (dues.get(party) ?? 0n) + amount);
  for (const { amount, isPayouts, attemptId, partnerAmount, isSuccess } of entries) {
    if (isPayouts) continue;
    const shares = attemptId === null ? [] : sharesOf(attemptId);
    if (attemptId === null || partnerAmount === null || shares.length === 0) {
      give(NOBODY, amount);
      continue;
    }
    const before = isSuccess ? 0n : (leftNow.get(attemptId) ?? left.get(attemptId) ?? partnerAmount);
    const after = before + amount;
    if (!isSuccess) leftNow.set(attemptId, after);
    for (const { party, amount: had } of parts(before, shares)) give(party, -had);
    for (const { party, amount: has } of parts(after, shares)) give(party, has);
  }
  return { dues, left: leftNow };
}

/** What is left is below zero only where somebody has corrected the books by hand. */
function parts(left: bigint, shares: readonly Share[]): readonly PartyShare[] {
  if (left >= 0n) return divideAmong(left, shares);
  return divideAmong(-left, shares).map(({ party, amount }) => ({ party, amount: -amount }));
}
