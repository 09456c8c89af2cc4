/** Chance from a seed, the same on every machine. */
export type Chance = {
  /** 0 to `below` - 1. */
  upTo(below: number): number;
  pick<T>(some: readonly T[]): T;
};

/** mulberry32, public domain. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const upTo = (below: number) => Math.floor(next() * below);
  return {
    upTo,
    pick: (some) => {
      if (some.length === 0) throw new RangeError("nothing to pick from");
      return some[upTo(some.length)] as never;
    },
  };
}
