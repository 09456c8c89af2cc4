/**
 * How much each receiver gets, and how much each gives back. Pure; integers; every division is by the largest
 * remainder, ties by the receiver's id, so that parts always sum to the whole.
 */
import type { Id } from "../kernel/ids.ts";
import { keptOf, type Share, type ShareRule } from "./model.ts";

export const MILLION = 1_000_000n;

export type Part = { readonly party: Id; readonly amount: bigint };

/**
 * `total` in the proportion of the weights. Weights are ≥ 0 and not all 0; throws a RangeError otherwise.
 */
export function divide(
  total: bigint,
  weights: readonly { readonly party: Id; readonly weight: bigint }[],
): readonly Part[] {
  const whole = weights.reduce((sum, { weight }) => sum + weight, 0n);
  if (total < 0n || whole <= 0n || weights.some(({ weight }) => weight < 0n)) {
    throw new RangeError("a total of 0 or more is divided by weights of 0 or more, not all 0");
  }
  const parts = weights.map(({ party, weight }) => {
    const product = total * weight;
    return { party, amount: product / whole, remainder: product % whole };
  });
  let left = total - parts.reduce((sum, { amount }) => sum + amount, 0n);
  const order = [...parts].sort((a, b) =>
    a.remainder === b.remainder ? (a.party < b.party ? -1 : 1) : a.remainder > b.remainder ? -1 : 1,
  );
  const more = new Set<(typeof parts)[number]>();
  for (const part of order) {
    if (left === 0n) break;
    more.add(part);
    left -= 1n;
  }
  return parts.map((part) => ({ party: part.party, amount: part.amount + (more.has(part) ? 1n : 0n) }));
}

/**
 * What the rules give of `base`: amounts as they stand, millionths together rounded down and divided by the
 * largest remainder. A receiver whose part comes to nothing is left out; of a base below zero (more went back
 * than had come) millionths give nothing.
 */
export function partsOf(rules: readonly ShareRule[], base: bigint): readonly Part[] {
  const fixed = rules.flatMap((rule) =>
    "amount" in rule ? [{ party: rule.receiver, amount: rule.amount }] : [],
  );
  const rated = rules.flatMap((rule) =>
    "millionths" in rule ? [{ party: rule.receiver, weight: rule.millionths }] : [],
  );
  const rate = rated.reduce((sum, { weight }) => sum + weight, 0n);
  const byRate = rate === 0n || base < 0n ? [] : divide((base * rate) / MILLION, rated);
  return [...fixed, ...byRate].filter(({ amount }) => amount > 0n);
}

/** The parts as far as there is room: all of them, or each cut down in proportion. */
export function fitted(parts: readonly Part[], room: bigint): readonly Part[] {
  const wanted = parts.reduce((sum, { amount }) => sum + amount, 0n);
  if (wanted <= room) return parts;
  if (room <= 0n) return [];
  return divide(
    room,
    parts.map(({ party, amount }) => ({ party, weight: amount })),
  ).filter(({ amount }) => amount > 0n);
}

/** What of a success its receivers may share, in minor units. */
export type Room = {
  /** What settles of it: `s` of the postings. */
  readonly settled: bigint;
  /** Our fee, less what of it was given back. */
  readonly fee: bigint;
  /** Σ settled parts of refunds neither failed nor returned, and of what the channel gave back by itself. */
  readonly refunded: bigint;
  /** What payers' claims hold. */
  readonly disputed: bigint;
  /** What the buyer gave: the channel's maximum is of that. */
  readonly paid: bigint;
  readonly maxMillionths: bigint;
};

/** Σ of what the receivers may hold at once: settled − fee − refunds, never less than nothing. */
export function holdableOf({ settled, fee, refunded, disputed }: Room): bigint {
  const left = settled - fee - refunded - disputed;
  return left > 0n ? left : 0n;
}

/** What may be shared beyond the shares that are there; `limit` says which bound is the nearer one. */
export function roomOf(
  room: Room,
  shares: readonly Share[],
): { readonly left: bigint; readonly limit: "rest" | "maximum" } {
  const kept = shares.reduce((sum, share) => sum + keptOf(share), 0n);
  // The channel counts what was split, and gives no room back for what came back.
  const split = shares.reduce((sum, { state, amount }) => sum + (state === "failed" ? 0n : amount), 0n);
  const byRest = holdableOf(room) - kept;
  const byMaximum = (room.paid * room.maxMillionths) / MILLION - split;
  const [left, limit] = byRest <= byMaximum ? [byRest, "rest" as const] : [byMaximum, "maximum" as const];
  return { left: left > 0n ? left : 0n, limit };
}

/**
 * What each share gives back when `refunded` of the settled money has gone back in all (this refund
 * included): receivers keep the same proportion of their shares that the merchant keeps of the payment,
 * rounded down, and never more than settled − fee − refunds. `returnable`: from whom it can be taken.
 */
export function returnsFor(
  shares: readonly Share[],
  room: Room,
  returnable: (share: Share) => boolean,
): readonly { readonly share: Share; readonly amount: bigint }[] {
  const live = shares.filter((share) => share.state !== "failed");
  const given = live.reduce((sum, { amount }) => sum + amount, 0n);
  const kept = live.reduce((sum, share) => sum + keptOf(share), 0n);
  if (given === 0n || room.settled <= 0n) return [];
  const left = room.settled - room.refunded;
  const proportional = left <= 0n ? 0n : (given * left) / room.settled;
  const mayKeep = least(proportional, holdableOf(room));
  const givers = live.filter((share) => keptOf(share) > 0n && returnable(share));
  const most = givers.reduce((sum, share) => sum + keptOf(share), 0n);
  // What nobody can give back is the merchant's to bear.
  const total = least(kept - mayKeep, most);
  if (total <= 0n) return [];
  const parts = divide(
    total,
    givers.map((share) => ({ party: share.id, weight: keptOf(share) })),
  );
  return parts.flatMap(({ amount }, index) => {
    const share = givers[index];
    return amount > 0n && share !== undefined ? [{ share, amount }] : [];
  });
}

function least(one: bigint, other: bigint): bigint {
  return one <= other ? one : other;
}
