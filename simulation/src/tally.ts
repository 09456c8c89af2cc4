/** Counts by group and name of what a world came by. */
export type Tally = {
  add(group: string, name: string, times?: number): void;
  readonly counts: Counts;
};
export type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export function createTally(): Tally {
  const counts = new Map<string, Map<string, number>>();
  return {
    add: (group, name, times = 1) => {
      const names = counts.get(group) ?? new Map<string, number>();
      counts.set(group, names);
      names.set(name, (names.get(name) ?? 0) + times);
    },
    counts,
  };
}
