/**
 * What a run of many seeds never came by is looked for in seeds behind its last: those that lie in wait at
 * the very point, or whose worlds have more of its kind, or else whichever come next. A point that is met in
 * half of the worlds that lie in wait at it would else be missed by one run in two.
 */
import { type PreyKind, seedsInWait, seedsOf, seedsOfStillness } from "./ambush.ts";

/** A name of a group of the report. */
export type Missing = { readonly group: string; readonly name: string };

/** So often more is looked for what is still missing; what is not there then is not come by any more. */
export const ROUNDS_MAX = 6;

/** Whose worlds come by the names of a group more often. */
const KINDS: Readonly<Record<string, PreyKind>> = {
  "decisions about shares": "shares",
  shares: "shares",
  "returns of shares": "shares",
  splittings: "shares",
  receivers: "shares",
  commission: "commission",
  decisions: "decisions",
  payouts: "payouts",
  bank: "payouts",
  "batches of payouts": "payouts",
  "words about payouts": "payouts",
  "entries at the bank": "payouts",
};

/** A call's answer is heard by nobody but its process, unless that stands still for longer than its lease. */
const BEHIND_STILLNESS: Missing = { group: "decisions about shares", name: "…: already_known" };

/** Gives, of what is missing, a seed each that it has not given before: they follow from the names alone. */
export function createFurther(last: number): (missing: readonly Missing[]) => readonly number[] {
  const seeds = new Map<string, Generator<number, void>>();
  const given = new Set<number>();
  const begin = ({ group, name }: Missing): Generator<number, void> => {
    if (group === BEHIND_STILLNESS.group && name === BEHIND_STILLNESS.name) return seedsOfStillness(last);
    const kind = KINDS[group];
    if (kind !== undefined) return seedsOf(kind, last);
    return seedsAt(name, last);
  };
  return (missing) => {
    const round: number[] = [];
    for (const one of missing) {
      const key = `${one.group}: ${one.name}`;
      const own = seeds.get(key) ?? begin(one);
      seeds.set(key, own);
      let next = own.next();
      while (!next.done && given.has(next.value)) next = own.next();
      if (next.done) continue;
      given.add(next.value);
      round.push(next.value);
    }
    return round;
  };
}

/** Those that lie in wait there; where none do, whichever come next. */
function* seedsAt(name: string, last: number): Generator<number, void> {
  yield* seedsInWait(name, last);
  yield* seedsFrom(last + 1);
}

function* seedsFrom(first: number): Generator<number, void> {
  for (let seed = first; ; seed += 1) yield seed;
}
