/**
 * What became of circuits that opened, told apart from the platform: from what its processes say of their
 * lines, and from when each of them died.
 */
import type { HealthWord } from "./platform.ts";

export type CircuitEvent = HealthWord & { readonly at: number };
export type Death = { readonly process: string; readonly at: number };

const SECOND_MS = 1_000;
/** Out of rotation for so long, twice as long with every probe that fails, and never for longer. */
const FIRST_OPEN_MS = 15 * SECOND_MS;
const OPEN_MS_MAX = 240 * SECOND_MS;

/** Out of rotation from one instant to before another; from then on it takes probes. */
export type Opening = { readonly at: number; readonly until: number };

export const CIRCUIT_ENDS = ["closed by probes", "forgotten with its process", "never closed"] as const;
export type CircuitEnd = (typeof CIRCUIT_ENDS)[number];

/**
 * A circuit from its opening until it is closed or forgotten, with every time that a probe opened it again.
 */
export type Spell = {
  readonly process: string;
  readonly account: string;
  readonly kind: string;
  /** What opened it. */
  readonly why: string;
  readonly openings: readonly [Opening, ...Opening[]];
  readonly end: CircuitEnd;
  /** When it was closed or forgotten, or when the world had come to rest. */
  readonly endedAt: number;
};

type Begun = Omit<Spell, "end" | "endedAt" | "openings"> & { openings: [Opening, ...Opening[]] };

/** Every circuit that opened, by when it was over. `events` and `deaths` are in the order of their time. */
export function spellsOf(
  events: readonly CircuitEvent[],
  deaths: readonly Death[],
  restedAt: number,
): readonly Spell[] {
  const open = new Map<string, Begun>();
  const spells: Spell[] = [];
  const over = (key: string, end: CircuitEnd, endedAt: number) => {
    const begun = open.get(key);
    if (begun !== undefined) spells.push({ ...begun, end, endedAt });
    open.delete(key);
  };
  for (const { process, account, kind, event, why, at } of events) {
    const key = `${process} ${account} ${kind}`;
    if (event === "closed") over(key, "closed by probes", at);
    if (event !== "opened") continue;
    const begun = open.get(key);
    const openMs = Math.min(FIRST_OPEN_MS * 2 ** (begun?.openings.length ?? 0), OPEN_MS_MAX);
    const opening = { at, until: at + openMs };
    if (begun === undefined) open.set(key, { process, account, kind, why, openings: [opening] });
    else begun.openings.push(opening);
  }
  // A process has one life, and its name is its own.
  for (const [key, { process }] of open) {
    const death = deaths.find((one) => one.process === process);
    if (death === undefined) over(key, "never closed", restedAt);
    else over(key, "forgotten with its process", death.at);
  }
  return spells;
}

/** The last opening before or at an instant, as long as the circuit is neither closed nor forgotten. */
export function openingAt({ openings, endedAt }: Spell, at: number): Opening | null {
  if (at > endedAt) return null;
  return openings.findLast((opening) => opening.at <= at) ?? null;
}
