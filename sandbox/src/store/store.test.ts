import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import {
  type Collection,
  createMemoryStore,
  Overtaken,
  openPostgresStore,
  type SandboxStore,
} from "./index.ts";

type Thing = { id: string; nick: string | null; shelf: string; amount: bigint; at: Date | null };

const things: Collection<Thing> = {
  name: "things",
  id: (thing) => thing.id,
  keys: { nick: (thing) => thing.nick },
  group: (thing) => thing.shelf,
  dueAt: (thing) => thing.at,
};

const second = (seconds: number): Date => new Date(Date.UTC(2026, 10, 20, 9, 30, seconds));

function thing(id: string, more: Partial<Thing> = {}): Thing {
  return { id, nick: null, shelf: "a", amount: 12_34n, at: null, ...more };
}

const kinds: [string, () => Promise<{ store: SandboxStore; database: TestDatabase | null }>][] = [
  ["memory", async () => ({ store: createMemoryStore(), database: null })],
  [
    "postgres",
    async () => {
      const database = await createTestDatabase();
      const { store } = await openPostgresStore(database.url, [things as Collection<never>]);
      return { store, database };
    },
  ],
];

for (const [kind, open] of kinds) {
  void describe(`the ${kind} store`, () => {
    let store: SandboxStore;
    let database: TestDatabase | null;
    const insert = (...records: Thing[]): Promise<boolean[]> =>
      store.transaction(async (tx) => {
        const done: boolean[] = [];
        for (const record of records) done.push(await tx.insert(things, record));
        return done;
      });

    before(async () => {
      ({ store, database } = await open());
    });
    after(async () => {
      await store.close();
      await database?.drop();
    });

    void test("gives back amounts, instants and absences as they were", async () => {
      const written = thing("same", { amount: 90_071_992_547_409_931n, at: second(59), shelf: "same" });
      await insert(written);
      assert.deepEqual(await store.get(things, "same"), written);
      assert.equal(await store.get(things, "nothing"), undefined);
      await store.transaction((tx) => tx.update(things, { ...written, at: null }));
      assert.deepEqual(await store.get(things, "same"), { ...written, at: null });
    });

    void test("holds an id and a key once", async () => {
      assert.deepEqual(await insert(thing("k1", { nick: "kay" })), [true]);
      assert.deepEqual(await insert(thing("k1")), [false]);
      assert.deepEqual(await insert(thing("k2", { nick: "kay" })), [false]);
      assert.deepEqual(await insert(thing("k3"), thing("k4")), [true, true]);
      assert.equal((await store.find(things, "nick", "kay"))?.id, "k1");
      await store.transaction((tx) => tx.update(things, thing("k1", { nick: "other" })));
      assert.equal(await store.find(things, "nick", "kay"), undefined);
      assert.equal((await store.find(things, "nick", "other"))?.id, "k1");
    });

    void test("forgets all of a transaction that fails", async () => {
      const failing = store.transaction(async (tx) => {
        await tx.insert(things, thing("half"));
        await tx.update(things, thing("k3", { amount: 1n }));
        await tx.remove(things, "k4");
        throw new Error("on purpose");
      });
      await assert.rejects(failing, /on purpose/);
      assert.equal(await store.get(things, "half"), undefined);
      assert.equal((await store.get(things, "k3"))?.amount, 12_34n);
      assert.ok(await store.get(things, "k4"));
    });

    void test("runs a transaction again that was overtaken", async () => {
      let runs = 0;
      const done = await store.transaction(async (tx) => {
        runs += 1;
        await tx.insert(things, thing(`run${runs}`));
        if (runs < 3) throw new Overtaken("too late");
        return runs;
      });
      assert.equal(done, 3);
      assert.equal(await store.get(things, "run1"), undefined);
      assert.ok(await store.get(things, "run3"));
    });

    void test("loses no update when a hundred transactions want the same record", async () => {
      await insert(thing("hot", { amount: 0n }));
      const once = (): Promise<void> =>
        store.transaction(async (tx) => {
          const hot = (await tx.lock(things, "hot"))!;
          await tx.update(things, { ...hot, amount: hot.amount + 1n });
        });
      await Promise.all(Array.from({ length: 100 }, once));
      assert.equal((await store.get(things, "hot"))?.amount, 100n);
    });

    void test("lists a group newest first, page by page", async () => {
      await insert(...["l1", "l2", "l3", "l4", "l5"].map((id) => thing(id, { shelf: "list" })));
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const options: { group: string; limit: number; cursor: string | null } = {
          group: "list",
          limit: 2,
          cursor,
        };
        const page = await store.list(things, options);
        seen.push(...page.records.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== null);
      assert.deepEqual(seen, ["l5", "l4", "l3", "l2", "l1"]);
      assert.ok((await store.list(things, { limit: 100 })).records.length > 5);
    });

    void test("hands out what is due once, oldest first, until the lease ends", async () => {
      await store.transaction(async (tx) => {
        for (const id of ["same"]) await tx.remove(things, id);
        await tx.insert(things, thing("d2", { at: second(2) }));
        await tx.insert(things, thing("d1", { at: second(1) }));
        await tx.insert(things, thing("d9", { at: second(9) }));
      });
      assert.deepEqual(await store.nextDue(things), second(1));
      const claim = async (now: number, lease: number): Promise<string[]> =>
        (await store.claimDue(things, second(now), 10, second(lease))).map(({ id }) => id);
      assert.deepEqual(await claim(5, 20), ["d1", "d2"]);
      assert.deepEqual(await claim(5, 20), []);
      assert.deepEqual(await store.nextDue(things), second(9));
      assert.deepEqual(await claim(30, 40), ["d9", "d2", "d1"]);
      await store.transaction((tx) => tx.update(things, thing("d1")));
      assert.deepEqual(await claim(50, 60), ["d2", "d9"]);
      await store.releaseClaims(things, second(51));
      assert.deepEqual((await claim(51, 60)).sort(), ["d2", "d9"]);
      await store.transaction((tx) => tx.update(things, thing("d2", { at: second(55) })));
      await store.releaseClaims(things, second(52));
      assert.deepEqual(await claim(52, 60), ["d9"]);
    });

    void test("says whether there was something to remove", async () => {
      const removed = (id: string): Promise<boolean> => store.transaction((tx) => tx.remove(things, id));
      assert.equal(await removed("k3"), true);
      assert.equal(await removed("k3"), false);
      await assert.rejects(
        store.transaction((tx) => tx.update(things, thing("k3"))),
        /no such record|no record/,
      );
    });
  });
}
