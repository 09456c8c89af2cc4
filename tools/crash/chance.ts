/** Chance that can be had again: the same seed gives the same sequence. */
export type Chance = {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** An integer from `from` to `to`, both included. */
  between(from: number, to: number): number;
  one<T>(list: readonly T[]): T;
  shuffled<T>(list: readonly T[]): T[];
};

/** Mulberry32: 32 bits of state are plenty for choosing what to break. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    between,
    one: <T>(list: readonly T[]): T => list[between(0, list.length - 1)] as T,
    shuffled: (list) => {
      const rest = [...list];
      for (let last = rest.length - 1; last > 0; last -= 1) {
        const other = between(0, last);
        const kept = rest[last] as (typeof rest)[number];
        rest[last] = rest[other] as (typeof rest)[number];
        rest[other] = kept;
      }
      return rest;
    },
  };
}
