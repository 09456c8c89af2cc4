import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { type PostgresProxy, startPostgresProxy } from "./postgres-proxy.ts";
import { createMessageReader } from "./postgres-wire.ts";
import type { Verdict } from "./steps.ts";

let database: TestDatabase;
let proxy: PostgresProxy;
let steps: string[] = [];
let judge: (step: string) => Verdict = () => "go";

before(async () => {
  database = await createTestDatabase();
  proxy = await startPostgresProxy(database.url, async (step) => {
    steps.push(step);
    return judge(step);
  });
  await onOwn(database.url, (client) => client.query("create table kept (id int)"));
});

after(async () => {
  await proxy.stop();
  await database.drop();
});

async function onOwn<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, ...({ pipeline: true } as object) });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

const insert = { name: "kept_insert", text: "insert into kept values ($1)" };

function insertInTransaction(id: number): Promise<unknown> {
  return onOwn(proxy.url, async (client) => {
    await client.query("begin");
    await client.query({ ...insert, values: [id] });
    await client.query("commit");
  });
}

const kept = () =>
  onOwn(database.url, async (client) => {
    const { rows } = await client.query<{ id: number }>("select id from kept order by id");
    return rows.map(({ id }) => id);
  });

test("a COMMIT that writes is seen before and after, named by what it writes", async () => {
  steps = [];
  await insertInTransaction(1);
  assert.deepEqual(steps, ["before commit of kept_insert", "after commit of kept_insert"]);
});

test("what only reads, changes nothing or is rolled back is no step", async () => {
  steps = [];
  await onOwn(proxy.url, async (client) => {
    await client.query("begin");
    await client.query({ name: "kept_all", text: "select id from kept order by id" });
    await client.query({ name: "kept_none", text: "update kept set id = 0 where id < $1", values: [0] });
    await client.query("commit");
    await client.query("begin");
    await client.query({ ...insert, values: [99] });
    await client.query("rollback");
    await client.query("begin");
    await client.query("commit");
  });
  assert.deepEqual(steps, []);
});

test("cut before, nothing is committed; cut after, it is, and the client cannot know which", async () => {
  judge = (step) => (step.startsWith("before") ? "cut" : "go");
  await assert.rejects(insertInTransaction(2));
  judge = (step) => (step.startsWith("after") ? "cut" : "go");
  await assert.rejects(insertInTransaction(3));
  judge = () => "go";
  assert.deepEqual(await kept(), [1, 3]);
});

test("many statements at once on one connection keep the names of their own answers", async () => {
  steps = [];
  await onOwn(proxy.url, async (client) => {
    await client.query("begin");
    const touch = { name: "kept_touch", text: "update kept set id = id where id = $1" };
    await Promise.all([
      client.query({ name: "kept_all_2", text: "select id from kept order by id" }),
      client.query({ ...touch, values: [-1] }),
      client.query({ ...insert, values: [4] }),
      client.query({ name: "kept_last", text: "select max(id) from kept" }),
    ]);
    await client.query("commit");
  });
  assert.deepEqual(steps, ["before commit of kept_insert", "after commit of kept_insert"]);
});

test("messages are found wherever the network cuts them", () => {
  const parts = ["begin", "commit"].map((text) => {
    const body = Buffer.from(`${text}\0`);
    const head = Buffer.alloc(5);
    head.write("Q");
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  });
  const opening = Buffer.from([0, 0, 0, 9, 1, 2, 3, 4, 5]);
  const stream = Buffer.concat([opening, ...parts]);
  for (const size of [1, 2, 3, 5, 7, stream.length]) {
    const read = createMessageReader(true);
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) {
      found.push(...read(stream.subarray(at, at + size)).map(({ bytes }) => bytes));
    }
    assert.deepEqual(found, [opening, ...parts], `in pieces of ${size}`);
  }
});
