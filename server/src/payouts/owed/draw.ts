/** From which merchants' books a payee is paid. Pure. */
import type { Id } from "../../kernel/ids.ts";
import { SOURCES_MAX } from "../model.ts";

/** What one merchant's book owes a payee, less what its payouts have of it; below zero: it had too much. */
export type Owed = { readonly merchantId: Id; readonly amount: bigint };

export type Drawn =
  | { readonly sources: readonly Owed[]; readonly amount: bigint }
  /** `payable`: what could be paid at once, as much as is owed in all and lies in that many books. */
  | { readonly short: true; readonly payable: bigint };

/**
 * What is owed in all books together is paid at most: what one book has paid too much, another one keeps
 * back. The largest come first, so that the fewest books are needed.
 * @param wanted null: as much as may be
 */
export function drawFrom(owed: readonly Owed[], wanted: bigint | null): Drawn {
  const net = owed.reduce((sum, { amount }) => sum + amount, 0n);
  const largest = owed
    .filter(({ amount }) => amount > 0n)
    .toSorted((a, b) =>
      a.amount === b.amount ? (a.merchantId < b.merchantId ? -1 : 1) : a.amount > b.amount ? -1 : 1,
    )
    .slice(0, SOURCES_MAX);
  const there = largest.reduce((sum, { amount }) => sum + amount, 0n);
  const payable = net < 0n ? 0n : smaller(net, there);
  const amount = wanted ?? payable;
  if (amount <= 0n || amount > payable) return { short: true, payable };
  let left = amount;
  const sources = largest.flatMap(({ merchantId, amount: most }) => {
    const part = smaller(most, left);
    left -= part;
    return part > 0n ? [{ merchantId, amount: part }] : [];
  });
  return { sources, amount };
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
