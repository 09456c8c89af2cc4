import type { Clock } from "./clock.ts";

/**
 * Remembers what was read a moment ago: at most `ttlMs` old, one load in flight per key, at most `entriesMax`
 * keys. A load that fails is not remembered.
 */
export type Cache<Value> = {
  /** The value, loaded when there is none young enough. */
  get(key: string): Promise<Value>;
  /** The next `get` loads again, so that a process sees its own changes at once. */
  forget(key: string): void;
  /** The same of every key: for a change that cannot say whose entry it ends. */
  forgetAll(): void;
};

export type CacheOptions<Value> = {
  readonly clock: Clock;
  readonly load: (key: string) => Promise<Value>;
  readonly ttlMs?: number;
  readonly entriesMax?: number;
};

const TTL_MS = 1_000;
const ENTRIES_MAX = 10_000;

export function createCache<Value>(options: CacheOptions<Value>): Cache<Value> {
  const ttlMs = options.ttlMs ?? TTL_MS;
  const entriesMax = options.entriesMax ?? ENTRIES_MAX;
  // Insertion order is age order: the first key is the oldest.
  const entries = new Map<string, { readonly value: Promise<Value>; readonly loadedAt: number }>();

  const load = (key: string, loadedAt: number) => {
    const value = options.load(key);
    const entry = { value, loadedAt };
    entries.delete(key);
    entries.set(key, entry);
    value.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    const oldest = entries.keys().next();
    if (entries.size > entriesMax && !oldest.done) entries.delete(oldest.value);
    return value;
  };

  return {
    get: (key) => {
      // Age counts from before the load: what was read is at least that new.
      const now = options.clock.now().getTime();
      const entry = entries.get(key);
      return entry !== undefined && now - entry.loadedAt < ttlMs ? entry.value : load(key, now);
    },
    forget: (key) => {
      entries.delete(key);
    },
    forgetAll: () => entries.clear(),
  };
}
