/** RSA pairs made once per run: making them is slow, and nothing that is traced depends on them. */
import { newRsaKey } from "../../server/src/kernel/crypto.ts";

export type KeyPair = { readonly publicKey: string; readonly privateKey: string };

/** Each pair once, in the same order in each world; whoever comes when all are given is a stranger. */
export type KeyRing = { next(): KeyPair };

/**
 * Three merchants have a pair of their own for each contract, two at some channels, and rotate two. The
 * channels have theirs: one for each contract, or one of their own under authorities. The last pair is every
 * stranger's.
 */
export const PAIRS = 36;

/** @param pairs made by `makePairs`. */
export function createKeyRing(pairs: readonly KeyPair[]): KeyRing {
  let used = 0;
  return {
    next: () => {
      const pair = pairs[Math.min(used, pairs.length - 1)] as KeyPair;
      used += 1;
      return pair;
    },
  };
}

/** Some 100 ms each. */
export function makePairs(): readonly KeyPair[] {
  return Array.from({ length: PAIRS }, () => newRsaKey());
}
