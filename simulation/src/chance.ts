/** Chance from a seed: everything in a simulated world that could be one way or another is drawn here. */
import { createHash } from "node:crypto";

/** A stream of chance. The same seed and name draw the same, whatever other streams do. */
export type Chance = {
  /** An integer in [0, below). */
  integer(below: number): number;
  /** An integer in [from, to]. */
  between(from: number, to: number): number;
  /** Uniform in [0, 1). */
  fraction(): number;
  bytes(length: number): Buffer;
  /** True with this probability. */
  hits(probability: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** One key, as often as its weight says. */
  weighed<Key extends string>(weights: Readonly<Record<Key, number>>): Key;
  /** Another stream of the same seed. */
  stream(name: string): Chance;
};

/** The stream `name` of a seed: xoshiro128** over a state that is the hash of both. */
export function createChance(seed: number | string, name = ""): Chance {
  const state = createHash("sha256").update(`${seed}/${name}`).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((offset) => state.readUInt32LE(offset)) as [
    number,
    number,
    number,
    number,
  ];

  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const fraction = () => next() / 2 ** 32;
  const integer = (below: number) =>
    below <= 2 ** 32
      ? Math.floor(fraction() * below)
      : Math.floor((fraction() + next() / 2 ** 64) * below) % below;

  const chance: Chance = {
    integer,
    between: (from, to) => from + integer(to - from + 1),
    fraction,
    bytes: (length) => {
      const bytes = Buffer.alloc(length);
      for (let i = 0; i < length; i += 1) bytes[i] = next() & 0xff;
      return bytes;
    },
    hits: (probability) => fraction() < probability,
    pick: <T>(list: readonly T[]) => list[integer(list.length)] as T,
    weighed: <Key extends string>(weights: Readonly<Record<Key, number>>) => {
      const entries = Object.entries<number>(weights);
      let left = fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        left -= weight;
        if (left < 0) return key as Key;
      }
      return (entries.at(-1) as [string, number])[0] as Key;
    },
    stream: (other) => createChance(seed, `${name}/${other}`),
  };
  return chance;
}
