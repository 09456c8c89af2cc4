import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { Problem } from "./errors.ts";
import { openPool } from "./pool.ts";

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

test("whoever comes when enough wait for a connection is refused, and the others are served", async () => {
  const pool = openPool({ connectionString: database.url, max: 1 }, () => {}, 2);
  const busy = await pool.connect();
  const waiting = [
    pool.query({ text: "select 1 as n" }),
    pool.connect().then((connection) => connection.release()),
  ];
  assert.deepEqual({ ...pool.gauges }, { busy: 1, idle: 0, waiting: 2 });
  const overloaded = (error: unknown) =>
    error instanceof Problem && error.code === "overloaded" && error.extras.retryAfterSeconds === 1;
  await assert.rejects(pool.query({ text: "select 2 as n" }), overloaded);
  await assert.rejects(pool.connect(), overloaded);
  busy.release();
  await Promise.all(waiting);
  assert.equal((await pool.query({ text: "select 3 as n" })).rows[0].n, 3);
  await pool.end();
});
