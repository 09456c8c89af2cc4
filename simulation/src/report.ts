/** What a run reached, as a table for people. */
import { CIRCUIT_ENDS } from "./circuits.ts";
import { EXPECTED, missingIn } from "./expected.ts";
import type { Missing } from "./further.ts";
import { DOUBLED, LOST, OPENED_IN_WINDOW } from "./routing-checks.ts";
import type { Counts } from "./tally.ts";

/** Counts of many seeds: how often each thing was reached, and in how many of the seeds. */
export type Reach = {
  add(counts: Counts): void;
  readonly times: Counts;
  readonly seeds: Counts;
};

export function createReach(): Reach {
  const times = new Map<string, Map<string, number>>();
  const seeds = new Map<string, Map<string, number>>();
  const put = (into: Map<string, Map<string, number>>, group: string, name: string, count: number) => {
    const names = into.get(group) ?? new Map<string, number>();
    into.set(group, names.set(name, (names.get(name) ?? 0) + count));
  };
  return {
    add: (counts) => {
      for (const [group, names] of counts) {
        for (const [name, count] of names) {
          put(times, group, name, count);
          put(seeds, group, name, 1);
        }
      }
    },
    times,
    seeds,
  };
}

/** All that was never reached. */
export function neverReached({ times }: Reach): readonly Missing[] {
  return Object.keys(EXPECTED).flatMap((group) => missingIn(group, times).map((name) => ({ group, name })));
}

/** A line for each thing that was reached, by groups; last in a group what was expected and never reached. */
export function tableOf({ times, seeds }: Reach): string {
  const groups = [...new Set([...Object.keys(EXPECTED), ...times.keys()])];
  const blocks = groups.map((group) => {
    const names = [...(times.get(group) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = names.map(([name, count]) => {
      const inSeeds = seeds.get(group)?.get(name) ?? 0;
      return `${String(count).padStart(9)} ×  in ${String(inSeeds).padStart(4)} seeds  ${name}`;
    });
    const missing = missingIn(group, times).map((name) => `    NEVER                   ${name}`);
    return [group, ...lines, ...missing].join("\n");
  });
  return blocks.join("\n\n");
}

/** How often lines broke, left rotation and came back, where their orders went, and what was lost of them. */
export function routingFigures({ times }: Reach): Readonly<Record<string, number>> {
  const of = (group: string, name: string) => times.get(group)?.get(name) ?? 0;
  const named = (test: (name: string) => boolean) =>
    [...(times.get("routing") ?? [])].reduce((sum, [name, count]) => sum + (test(name) ? count : 0), 0);
  return {
    worlds_of_longer_calm: of("routing", "worlds of longer calm"),
    outages: named((name) => name.startsWith("an outage at ")),
    circuits_opened: named((name) => CIRCUIT_ENDS.some((end) => name === `circuits ${end}`)),
    opened_again_by_a_probe:
      named((name) => name.startsWith("opened, ")) -
      named((name) => CIRCUIT_ENDS.some((end) => name === `circuits ${end}`)),
    circuits_closed_by_probes: of("routing", "circuits closed by probes"),
    circuits_forgotten_with_process: of("routing", "circuits forgotten with its process"),
    circuits_never_closed: of("routing", "circuits never closed"),
    circuits_opened_in_windows: of("routing", OPENED_IN_WINDOW),
    orders_fallen_back: of("routing", "orders that fell back to another account"),
    orders_carried_by_another: of("routing", "orders that another account carried in an outage"),
    orders_back_after: of("routing", "orders that came back after an outage"),
    failed_in_windows: of("routing", "calls that failed in a window"),
    keys_rotated: named((name) => name.startsWith("a key is rotated at ")),
    lost: of("routing", LOST),
    doubled: of("routing", DOUBLED),
  };
}
