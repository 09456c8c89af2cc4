/** Which announced channel payouts an entry of a bank's statement is: pure. */
import type { Id } from "../../kernel/ids.ts";
import { normalisedName } from "../names.ts";

export type Announced = {
  readonly id: Id;
  readonly payoutNo: string;
  readonly amount: bigint;
  readonly announcedDate: string;
  readonly payer: string;
};

export type Received = {
  readonly amount: bigint;
  readonly valueDate: string;
  readonly counterpartyName: string | null;
  readonly endToEndId: string | null;
  readonly info: string | null;
};

/** Banks round each payout for itself: so much may be missing or too much for each. */
export const ROUNDING_MAX = 1n;

/**
 * The payouts that explain the entry, or null where none or more than one way does: that is for people. An
 * entry that names a number is that payout; else the paying bank's announced payouts up to its value date:
 * one of that very amount, all of one date, or all of them.
 */
export function matchEntry(entry: Received, open: readonly Announced[]): readonly Announced[] | null {
  const named = open.filter((one) => isNamed(entry, one.payoutNo));
  if (named.length > 0) return fits(entry, named) ? named : null;
  if (entry.counterpartyName === null) return null;
  const payer = normalisedName(entry.counterpartyName);
  const candidates = open.filter(
    (one) => normalisedName(one.payer) === payer && one.announcedDate <= entry.valueDate,
  );
  const ways = new Map<string, readonly Announced[]>();
  const dates = [...new Set(candidates.map(({ announcedDate }) => announcedDate))].sort();
  const ofDates = dates.map((date) => candidates.filter((one) => one.announcedDate === date));
  for (const way of [...candidates.map((one) => [one]), ...ofDates, candidates]) {
    if (way.length > 0 && fits(entry, way))
      ways.set(
        way
          .map(({ id }) => id)
          .sort()
          .join(),
        way,
      );
  }
  const [only, ...others] = ways.values();
  return only !== undefined && others.length === 0 ? only : null;
}

/** Whether they come to the entry's amount, but for the rounding of each. */
export function fits(
  entry: Pick<Received, "amount">,
  payouts: readonly Pick<Announced, "amount">[],
): boolean {
  const difference = payouts.reduce((sum, { amount }) => sum + amount, 0n) - entry.amount;
  const allowed = payouts.length > 1 ? ROUNDING_MAX * BigInt(payouts.length) : 0n;
  return difference <= allowed && -difference <= allowed;
}

/** As a word of its own: a number inside a longer one is another. */
function isNamed({ endToEndId, info }: Received, payoutNo: string): boolean {
  if (endToEndId === payoutNo) return true;
  return info?.split(/[^0-9A-Za-z_-]+/).includes(payoutNo) ?? false;
}
