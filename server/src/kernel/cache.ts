import type { Clock } from "./clock.ts";
import type { Revision } from "./revision.ts";

/**
 * Remembers what was read of the platform schema while its revision stands still: what it gives was true at
 * most a second ago, and it never goes back to what was true before. One load in flight per key, at most
 * `entriesMax` keys. A load that fails is not remembered.
 */
export type Cache<Value> = {
  /** The value, loaded when there is none under the present revision. */
  get(key: string): Promise<Value>;
  /** The next `get` loads again, so that a process sees its own changes at once. */
  forget(key: string): void;
  /** The same of every key: for a change that cannot say whose entry it ends. */
  forgetAll(): void;
};

export type CacheOptions<Value> = {
  readonly clock: Clock;
  readonly revision: Revision;
  readonly load: (key: string) => Promise<Value>;
  readonly entriesMax?: number;
};

const ENTRIES_MAX = 10_000;

type Entry<Value> = { readonly value: Promise<Value>; readonly revision: bigint };

export function createCache<Value>(options: CacheOptions<Value>): Cache<Value> {
  const { clock, revision } = options;
  const entriesMax = options.entriesMax ?? ENTRIES_MAX;
  // Insertion order is age order: the first key is the oldest.
  const entries = new Map<string, Entry<Value>>();

  const load = (key: string, under: bigint) => {
    const value = options.load(key);
    const entry = { value, revision: under };
    entries.delete(key);
    entries.set(key, entry);
    value.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    const oldest = entries.keys().next();
    if (entries.size > entriesMax && !oldest.done) entries.delete(oldest.value);
    return value;
  };

  // The revision was known before the load began, so what was read is at least that new; once the revision
  // has moved on, it is read again.
  const under = (key: string, present: bigint) => {
    const entry = entries.get(key);
    return entry?.revision === present ? entry.value : load(key, present);
  };

  return {
    get: (key) => {
      const present = revision.at(clock.now().getTime());
      return present === null ? revision.ask().then((asked) => under(key, asked)) : under(key, present);
    },
    forget: (key) => {
      entries.delete(key);
    },
    forgetAll: () => entries.clear(),
  };
}
