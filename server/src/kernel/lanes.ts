/**
 * Does the work for each of them, so many at once, begun in their order. The first failure is thrown when
 * what was under way has ended, and nothing further is begun.
 * @param atOnce at least 1
 */
export async function inLanes<T>(
  all: Iterable<T>,
  atOnce: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = all[Symbol.iterator]();
  let failed = false;
  const lane = async () => {
    while (!failed) {
      const next = rest.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** What becomes of each of them, in their order, by `inLanes`. */
export async function becomeInLanes<T, R>(
  all: readonly T[],
  atOnce: number,
  become: (one: T) => Promise<R>,
): Promise<R[]> {
  const made: R[] = [];
  await inLanes(all.entries(), atOnce, async ([at, one]) => {
    made[at] = await become(one);
  });
  return made;
}

/**
 * What becomes of each of them, in their order, while the next ones are under way: so many at once. What one
 * throws is thrown in its turn.
 */
export async function* aheadOf<T, R>(
  all: Iterable<T>,
  atOnce: number,
  become: (one: T) => Promise<R>,
): AsyncGenerator<R> {
  const under: Promise<R>[] = [];
  for (const one of all) {
    const next = become(one);
    // Who waits for an earlier one hears of it in its turn.
    next.catch(() => {});
    under.push(next);
    if (under.length >= atOnce) yield (await under.shift()) as R;
  }
  for (const next of under) yield await next;
}
