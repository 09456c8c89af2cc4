import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCache } from "./cache.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createRevision, type Revision, unchanging } from "./revision.ts";

type World = {
  readonly clock: Clock & { at: number };
  readonly revision: Revision;
  /** What the database holds; each change moves its revision on. */
  change(): void;
  readonly asked: () => number;
};

function world(): World {
  const clock = { ...systemClock, at: 0, now: () => new Date(clock.at) };
  let number = 1n;
  let asked = 0;
  const read = async () => {
    asked += 1;
    return number;
  };
  return {
    clock,
    revision: createRevision(clock, read),
    change: () => {
      number += 1n;
    },
    asked: () => asked,
  };
}

describe("a cache", () => {
  it("answers from memory for as long as nothing changes, however long that is", async () => {
    const { clock, revision, asked } = world();
    let loads = 0;
    const cache = createCache({ clock, revision, load: async (key) => `${key}${++loads}` });
    for (let second = 0; second < 5; second += 1) {
      clock.at = second * 1_000;
      assert.equal(await cache.get("a"), "a1");
    }
    assert.equal(asked(), 5);
  });

  it("gives what was true less than a second ago, and then what is true", async () => {
    const { clock, revision, change } = world();
    let loads = 0;
    const cache = createCache({ clock, revision, load: async () => ++loads });
    assert.equal(await cache.get("a"), 1);
    change();
    clock.at = 499;
    assert.equal(await cache.get("a"), 1);
    clock.at = 1_000;
    assert.equal(await cache.get("a"), 2);
  });

  it("asks anew in good time, so that nobody waits for it while many ask", async () => {
    const { clock, revision, change, asked } = world();
    let loads = 0;
    const cache = createCache({ clock, revision, load: async () => ++loads });
    await cache.get("a");
    change();
    clock.at = 500;
    assert.equal(await cache.get("a"), 1);
    assert.equal(asked(), 2);
    await Promise.resolve();
    assert.equal(await cache.get("a"), 2);
  });

  it("never goes back: what was read under an earlier revision is not believed later", async () => {
    const { clock, revision, change } = world();
    const answers: ((value: string) => void)[] = [];
    const cache = createCache({
      clock,
      revision,
      load: () => new Promise<string>((resolve) => answers.push(resolve)),
    });
    const early = cache.get("a");
    await new Promise(setImmediate);
    change();
    clock.at = 1_000;
    const late = cache.get("a");
    await new Promise(setImmediate);
    answers[1]?.("new");
    assert.equal(await late, "new");
    answers[0]?.("old");
    assert.equal(await early, "old");
    assert.equal(await cache.get("a"), "new");
  });

  it("counts age from before the question: a slow answer is never taken for a fresh one", async () => {
    const { clock } = world();
    let asked = 0;
    const revision = createRevision(clock, async () => {
      asked += 1;
      clock.at += 1_000;
      return 1n;
    });
    const cache = createCache({ clock, revision, load: async () => "value" });
    await cache.get("a");
    await cache.get("a");
    assert.equal(asked, 2);
  });

  it("says so when the database cannot be asked, and asks again", async () => {
    const { clock } = world();
    let asked = 0;
    const revision = createRevision(clock, async () => {
      asked += 1;
      if (asked === 1) throw new Error("the database is away");
      return 1n;
    });
    const cache = createCache({ clock, revision, load: async () => "value" });
    await assert.rejects(cache.get("a"), /away/);
    assert.equal(await cache.get("a"), "value");
  });

  it("reads once for everybody who asks at the same time", async () => {
    const { clock, revision, asked } = world();
    let loads = 0;
    const cache = createCache({ clock, revision, load: async () => ++loads });
    assert.deepEqual(await Promise.all([cache.get("a"), cache.get("a"), cache.get("a")]), [1, 1, 1]);
    assert.equal(asked(), 1);
  });

  it("forgets a failure and what it is told to forget", async () => {
    const { clock, revision } = world();
    let loads = 0;
    const cache = createCache({
      clock,
      revision,
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
      clock: world().clock,
      revision: unchanging,
      entriesMax: 2,
      load: async (key) => loaded.push(key),
    });
    for (const key of ["a", "b", "c", "b", "c", "a"]) await cache.get(key);
    assert.deepEqual(loaded, ["a", "b", "c", "a"]);
  });
});
