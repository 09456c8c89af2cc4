/** RSA pairs made once per run: making them is slow, and nothing that is traced depends on them. */
import { newRsaKey } from "../../server/src/kernel/crypto.ts";

export type KeyPair = { readonly publicKey: string; readonly privateKey: string };

/** Each pair once, in the same order in each world; whoever comes when all are given is a stranger. */
export type KeyRing = { next(): KeyPair };

/**
 * At each channel a merchant has a pair of its own and one of the channel's, at one of them an authority's
 * too; the last pair is every stranger's.
 */
export const PAIRS = 16;

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
