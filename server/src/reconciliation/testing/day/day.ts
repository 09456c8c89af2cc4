/**
 * A day with an answer key: what the platform booked, what the channel's statement says, and which breaks
 * must be found; and what of it comes on the next date only. The same seed makes the same day, but for the
 * ids.
 */
import { type Contract, orderOf, type TestBooks } from "../books.ts";
import { type Chance, createChance } from "./chance.ts";
import { BROKEN, type BrokenKind, brokenKindsOf, NORMAL } from "./stories.ts";
import { type Day, lineOf, noRows, type Teller } from "./telling.ts";
import type { WrittenLine } from "./writers.ts";

export type DayOptions = {
  readonly seed: number;
  readonly contract: Contract;
  readonly date: string;
  readonly orders: number;
  /** Of a thousand orders so many are broken, in all ways alike that have no rate of their own. */
  readonly brokenPerMille: number;
  /** Of a thousand orders so many are broken in this way, whatever the others are; 0: none at all. */
  readonly perMille?: Readonly<Partial<Record<BrokenKind, number>>>;
  /** The day begins with one of each way that is not at 0; true where absent. */
  readonly eachOnce?: boolean;
  /** The day before, of the same contract: what of it comes late is booked and told on this one. */
  readonly after?: Day;
};

/** A day that begins with what the one before it left to it. */
function dayAfter(before: Day | undefined): Day {
  const own: Day = { ...noRows(), strangers: new Set(), key: [], late: { ...noRows(), key: [] } };
  const { orders, refunds, claims, movements, lines, failed, key } = before?.late ?? own.late;
  own.orders.push(...orders);
  own.refunds.push(...refunds);
  own.claims.push(...claims);
  own.movements.push(...movements);
  own.lines.push(...lines);
  own.failed.push(...failed);
  own.key.push(...key);
  return own;
}

/** Throws where the rates are of more orders than there are. */
export function makeDay(books: Pick<TestBooks, "newId">, options: DayOptions): Day {
  const { contract, date, perMille = {}, eachOnce = true } = options;
  const rates = Object.values(perMille).reduce((sum, rate) => sum + rate, options.brokenPerMille);
  if (rates > 1_000) throw new Error(`of 1000 orders ${rates} cannot be broken`);
  const chance = createChance(options.seed);
  const day = dayAfter(options.after);
  const kinds = brokenKindsOf(contract);
  const first = eachOnce ? kinds.filter((kind) => perMille[kind] !== 0) : [];
  const normal = Object.values(NORMAL);
  const teller: Teller = { books, contract, chance, date, day, at: 0 };
  for (let index = 0; index < options.orders; index += 1) {
    const amount = BigInt(2_000 + chance.below(1_000_000));
    const hasVoucher = contract.channel !== "stripe" && chance.below(10) === 0;
    const settle = hasVoucher ? amount - 100n : amount;
    const order = orderOf(books, contract, amount, date, { settle });
    const kind = first[index] ?? drawn(chance, kinds, options);
    const story = kind === null ? chance.pick(normal) : BROKEN[kind];
    teller.at += 1;
    story(teller, order, lineOf(teller, order));
  }
  shuffle(chance, day.lines);
  return day;
}

/** How an order is broken; null: it is not. One draw decides between all rates. */
function drawn(
  chance: Chance,
  kinds: readonly BrokenKind[],
  { brokenPerMille, perMille = {} }: DayOptions,
): BrokenKind | null {
  const place = chance.below(1_000);
  let rates = 0;
  for (const kind of kinds) {
    rates += perMille[kind] ?? 0;
    if (place < rates) return kind;
  }
  const alike = kinds.filter((kind) => perMille[kind] === undefined);
  return place < rates + brokenPerMille && alike.length > 0 ? chance.pick(alike) : null;
}

function shuffle(chance: Chance, lines: WrittenLine[]): void {
  for (let index = lines.length - 1; index > 0; index -= 1) {
    const other = chance.below(index + 1);
    [lines[index], lines[other]] = [lines[other] as WrittenLine, lines[index] as WrittenLine];
  }
}
