/** What a refund gives back of a fee or a cost. Pure. */
import { divideHalfUp } from "../kernel/money.ts";
import type { RefundPolicy } from "./model.ts";

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

/** One refund among those of a payment, as they settle, minor units. */
export type RefundStep = {
  readonly settled: bigint;
  readonly refundedBefore: bigint;
  readonly refunded: bigint;
};

/**
 * What one refund gives back of `total`, of which `soFar` was given back before: never less than nothing and
 * never more than is left of it.
 */
export function returnedNow(policy: RefundPolicy, total: bigint, step: RefundStep, soFar: bigint): bigint {
  const { settled, refundedBefore, refunded } = step;
  // A channel's own figures for the parts may make more than the whole.
  const inAll = atMost(refundedBefore + refunded, settled);
  switch (policy) {
    case "kept":
      return 0n;
    case "returned":
      return inAll === settled ? atLeastNothing(total - soFar) : 0n;
    case "pro_rata":
      return atLeastNothing(atMost(returnedSoFar(total, atMost(refunded, settled), settled), total - soFar));
    case "cumulative":
      return atLeastNothing(returnedSoFar(total, inAll, settled) - soFar);
  }
}

function atMost(amount: bigint, limit: bigint): bigint {
  return amount > limit ? limit : amount;
}

function atLeastNothing(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}
