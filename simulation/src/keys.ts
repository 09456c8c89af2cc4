/** RSA pairs made once per run: making them is slow, and nothing that is traced depends on them. */
import { newRsaKey } from "../../server/src/kernel/crypto.ts";

export type KeyPair = { readonly publicKey: string; readonly privateKey: string };

/** Pairs in turn, from the first one again in each world. */
export type KeyRing = { next(): KeyPair };

export const PAIRS = 6;

/** @param pairs made by `makePairs`. */
export function createKeyRing(pairs: readonly KeyPair[]): KeyRing {
  let used = 0;
  return {
    next: () => {
      const pair = pairs[used % pairs.length] as KeyPair;
      used += 1;
      return pair;
    },
  };
}

/** Some 100 ms each. */
export function makePairs(): readonly KeyPair[] {
  return Array.from({ length: PAIRS }, () => newRsaKey());
}
