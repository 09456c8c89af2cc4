/** What a run reached, as a table for people. */
import { EXPECTED, missingIn } from "./expected.ts";
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

/** All that was never reached, as `group: name`. */
export function neverReached({ times }: Reach): readonly string[] {
  return Object.keys(EXPECTED).flatMap((group) => missingIn(group, times).map((name) => `${group}: ${name}`));
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
