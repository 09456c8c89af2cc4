import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { type Database, openDatabase } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import { type Invariant, VIOLATIONS_MAX } from "../kernel/invariants.ts";
import { silentLog } from "../kernel/log.ts";
import { type AuditResult, runAudit } from "./audit.ts";
import { invariants } from "./invariants.ts";

let own: TestDatabase;
let admin: pg.Client;
let database: Database;

before(async () => {
  own = await createTestDatabase();
  admin = new pg.Client({ connectionString: own.url });
  await admin.connect();
  database = openDatabase({
    url: own.url,
    schema: "cell_0",
    readersMax: 2,
    writersMax: 1,
    log: silentLog(),
  });
});
after(async () => {
  await database.close();
  await admin.end();
  await own.drop();
});

/** Leaves exactly `count` books; their ids in order. */
async function keepBooks(count: number): Promise<Id[]> {
  await admin.query("truncate cell_0.books cascade");
  await admin.query(
    `insert into cell_0.books (id, kind, owner_id, opened_at)
     select gen_random_uuid(), 'merchant', gen_random_uuid(), '2026-01-01' from generate_series(1, $1)`,
    [count],
  );
  const { rows } = await admin.query<{ id: string }>("select id from cell_0.books order by id");
  return rows.map(({ id }) => id);
}

function invariant(changes: Partial<Invariant>): Invariant {
  return { name: "0 test", sentence: "It holds.", per: "cell", check: async () => [], ...changes };
}

describe("the audit", () => {
  for (const count of [0, 1, 199, 200, 201, 400, 431]) {
    it(`of ${count} books looks at every book exactly once`, async () => {
      const ids = await keepBooks(count);
      const seen: (Id | null)[] = [];
      const look = invariant({
        per: "book",
        check: async (_, bookId) => {
          seen.push(bookId);
          return bookId === ids[200] ? [{ subject: String(bookId), detail: "is wrong" }] : [];
        },
      });
      const [result] = await runAudit(database.db, [look]);
      assert.deepEqual(seen, ids);
      assert.equal(result?.checked, count);
      assert.deepEqual(result?.violations, count > 200 ? [{ subject: ids[200], detail: "is wrong" }] : []);
    });
  }

  it("looks once over a whole cell, naming no book", async () => {
    await keepBooks(3);
    const asked: (Id | null)[] = [];
    const look = invariant({
      check: async (_, bookId) => {
        asked.push(bookId);
        return [];
      },
    });
    assert.equal((await runAudit(database.db, [look]))[0]?.checked, 1);
    assert.deepEqual(asked, [null]);
  });

  it("tells each result as soon as it is known, in the order of the list", async () => {
    const told: AuditResult[] = [];
    const names = ["1 first", "2 second"];
    const looks = names.map((name, at) =>
      invariant({
        name,
        check: async () => {
          assert.equal(told.length, at, "an earlier result was held back");
          return at === 0 ? [{ subject: "row 7", detail: "is off by 1" }] : [];
        },
      }),
    );
    const results = await runAudit(database.db, looks, (result) => told.push(result));
    assert.deepEqual(told, results);
    assert.deepEqual(
      results.map(({ name, violations }) => [name, violations.length]),
      [
        ["1 first", 1],
        ["2 second", 0],
      ],
    );
  });

  it("that cannot read does not call the books right", async () => {
    const broken = invariant({ check: async () => Promise.reject(new Error("no answer")) });
    await assert.rejects(runAudit(database.db, [broken]), /no answer/);
  });
});

describe("the platform's invariants", () => {
  it("hold of an empty platform", async () => {
    await keepBooks(0);
    const results = await runAudit(database.db, invariants);
    assert.deepEqual(
      results.flatMap(({ violations }) => violations),
      [],
    );
  });

  it("name some of the rows that are wrong, never all: a report must stay readable", async () => {
    const [bookId] = await keepBooks(1);
    await admin.query(
      `insert into cell_0.accounts
         (id, book_id, channel_account_id, balance, held, last_seq, opened_at, currency, code)
       select gen_random_uuid(), $1, gen_random_uuid(), 1, 0, 0, '2026-01-01', 'CNY', 'channel_receivable'
       from generate_series(1, 50)`,
      [bookId],
    );
    const results = await runAudit(database.db, invariants);
    const counts = new Map(results.map(({ name, violations }) => [name, violations.length]));
    assert.equal(counts.get("1 balances follow entries"), VIOLATIONS_MAX);
    assert.equal(counts.get("1 currencies sum to zero"), 1);
    for (const [name, count] of counts) assert.ok(count <= VIOLATIONS_MAX, name);
    await admin.query("truncate cell_0.accounts");
  });

  it("have names of their own that begin with their number in the documentation, and a sentence", () => {
    const names = invariants.map(({ name }) => name);
    assert.ok(names.length > 5);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      names,
      names.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    for (const { name, sentence } of invariants) {
      assert.match(name, /^\d+ [a-z]/);
      assert.match(sentence, /^[A-Z].*\.$/, name);
    }
  });
});
