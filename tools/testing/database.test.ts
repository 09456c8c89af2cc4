import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { createTestDatabase } from "./database.ts";

test("each test gets a database of its own, which is gone after drop", async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()]);
  assert.equal(new Set(databases.map((database) => database.url)).size, 3);
  const [first, ...others] = databases;
  const client = new pg.Client({ connectionString: first!.url });
  await client.connect();
  await client.query("create table mine (id int)");
  await client.end();
  await Promise.all(databases.map((database) => database.drop()));
  await Promise.all(others.map((database) => database.drop()));
  const gone = new pg.Client({ connectionString: first!.url });
  await assert.rejects(gone.connect(), { code: "3D000" });
});
