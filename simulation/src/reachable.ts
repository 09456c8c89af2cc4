/** How what must be reached is written down. */

/** False: no world can come by it, for the reason that stands beside it. */
export type Reachable<Name extends string> = Readonly<Record<Name, boolean>>;

/** No world rests before every row is final, so only ends are counted. */
export const PASSING = false;

export function named(reachable: Reachable<string>): readonly string[] {
  return Object.entries(reachable).flatMap(([name, isReached]) => (isReached ? [name] : []));
}

export function times(ways: readonly string[], names: readonly string[]): readonly string[] {
  return ways.flatMap((way) => names.map((name) => `${way} ${name}`));
}
