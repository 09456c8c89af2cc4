import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCache } from "./cache.ts";
import { type Clock, systemClock } from "./clock.ts";

function clockAt(): Clock & { at: number } {
  const clock = { ...systemClock, at: 0, now: () => new Date(clock.at) };
  return clock;
}

describe("a cache", () => {
  it("answers from memory for a second, then reads again", async () => {
    const clock = clockAt();
    let loads = 0;
    const cache = createCache({ clock, load: async (key) => `${key}${++loads}` });
    assert.equal(await cache.get("a"), "a1");
    clock.at = 999;
    assert.equal(await cache.get("a"), "a1");
    clock.at = 1_000;
    assert.equal(await cache.get("a"), "a2");
  });

  it("counts age from before the load: a slow read is never taken for a fresh one", async () => {
    const clock = clockAt();
    let loads = 0;
    const cache = createCache({
      clock,
      load: async () => {
        clock.at += 1_000;
        return ++loads;
      },
    });
    assert.equal(await cache.get("a"), 1);
    assert.equal(await cache.get("a"), 2);
  });

  it("reads once for everybody who asks at the same time", async () => {
    let loads = 0;
    const cache = createCache({ clock: clockAt(), load: async () => ++loads });
    assert.deepEqual(await Promise.all([cache.get("a"), cache.get("a"), cache.get("a")]), [1, 1, 1]);
  });

  it("forgets a failure and what it is told to forget", async () => {
    let loads = 0;
    const cache = createCache({
      clock: clockAt(),
      load: async () => {
        loads += 1;
        if (loads === 1) throw new Error("the database is away");
        return loads;
      },
    });
    await assert.rejects(cache.get("a"), /away/);
    assert.equal(await cache.get("a"), 2);
    cache.forget("a");
    assert.equal(await cache.get("a"), 3);
    cache.forgetAll();
    assert.equal(await cache.get("a"), 4);
  });

  it("keeps no more than its bound, dropping the oldest", async () => {
    const loaded: string[] = [];
    const cache = createCache({
      clock: clockAt(),
      entriesMax: 2,
      load: async (key) => loaded.push(key),
    });
    for (const key of ["a", "b", "c", "b", "c", "a"]) await cache.get(key);
    assert.deepEqual(loaded, ["a", "b", "c", "a"]);
  });
});
