import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import { createEmptyDatabase } from "../../../../tools/testing/database.ts";
import { StartRefused } from "../host/start-refused.ts";
import { silentLog } from "../log.ts";
import { migrate } from "./migrate.ts";

const log = silentLog();
let folder = "";
let database = { url: "", drop: async () => {} };

before(async () => {
  database = await createEmptyDatabase();
  folder = mkdtempSync(join(tmpdir(), "tributary-migrations-"));
  for (const kind of ["platform", "cell"]) mkdirSync(join(folder, kind));
});

after(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, `${name}.sql`), text);
const run = () => migrate({ url: database.url, log, folder });
const refused = (pattern: RegExp) => (error: Error) => {
  assert.ok(error instanceof StartRefused, error.stack);
  assert.match(error.message, pattern);
  return true;
};

async function query(text: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ value: string }>(text);
  await client.end();
  return rows.map((row) => row.value);
}

const tables = () =>
  query(
    `select schemaname || '.' || tablename as value
       from pg_tables
      where schemaname in ('platform', 'cell_0')
        and tablename not like 'migration%'
      order by 1`,
  );

test("files run once each, in the order of their numbers, in their own schema", async () => {
  write("platform/2-two", "create table two (id int);");
  write("platform/010-ten", "alter table two add column ten int; create table ten (id int);");
  write("cell/001-one", "create table one (id int);");
  await run();
  await run();
  assert.deepEqual(await tables(), ["cell_0.one", "platform.ten", "platform.two"]);
});

test("several processes that start at once migrate once", async () => {
  write("cell/002-slow", "select pg_sleep(0.2); create table slow (id int);");
  await Promise.all([run(), run(), run()]);
  assert.ok((await tables()).includes("cell_0.slow"));
});

test("an index can be made without locking its table", async () => {
  write(
    "cell/003-index",
    "-- outside a transaction\n-- Finds a slow row.\ncreate index concurrently slow_id on slow (id);",
  );
  await run();
  const indexes = await query(
    "select indexname as value from pg_indexes where indexname = 'slow_id' order by 1",
  );
  assert.deepEqual(indexes, ["slow_id"]);
});

test("a migration that fails is rolled back with its record, and runs when it is mended", async () => {
  write("cell/004-broken", "create table half (id int); select 1 / 0;");
  await assert.rejects(run(), refused(/schema cell_0 failed and was rolled back: division by zero/));
  assert.ok(!(await tables()).includes("cell_0.half"));
  write("cell/004-broken", "create table half (id int);");
  await run();
  assert.ok((await tables()).includes("cell_0.half"));
});

test("an applied migration that was edited is refused by name", async () => {
  write("cell/001-one", "create table one (id bigint);");
  await assert.rejects(
    run(),
    refused(/001-one of schema cell_0 was edited.*new migration with a higher number/),
  );
  write("cell/001-one", "create table one (id int);");
  await run();
});

test("a migration that failed elsewhere is replaced; who applied its first text needs nothing", async () => {
  const first = "create table one (id int);";
  const sha256 = createHash("sha256").update(first).digest("hex");
  write(
    "cell/001-one",
    `-- replaces ${sha256}: which failed where it was run twice\ncreate table one (id int not null);`,
  );
  await run();
  assert.deepEqual(await query("select count(*)::text as value from cell_0.one"), ["0"]);
  write("cell/001-one", `-- replaces ${sha256.replace(/^./, "x")}: another text\n${first}`);
  await assert.rejects(run(), refused(/001-one of schema cell_0 was edited/));
  write("cell/001-one", first);
  await run();
});

test("a new migration below an applied number is refused, never skipped", async () => {
  write("platform/3-late", "create table late (id int);");
  await assert.rejects(run(), refused(/3-late of schema platform is new.*Give it a number above/));
  rmSync(join(folder, "platform/3-late.sql"));
  await run();
});

test("a database that a newer version migrated is refused by name", async () => {
  write("cell/005-future", "create table future (id int);");
  await run();
  renameSync(join(folder, "cell/005-future.sql"), join(folder, "aside.sql"));
  await assert.rejects(run(), refused(/newer than this version.*005-future/));
});

test("a role that may not create schemas is told what it lacks", async () => {
  await query("create role guest login password 'guest'");
  const url = new URL(database.url);
  [url.username, url.password] = ["guest", "guest"];
  try {
    await assert.rejects(migrate({ url: url.href, log, folder }), refused(/permission denied.*Let its role/));
  } finally {
    await query("drop role guest");
  }
});

test("a server that is not there is named, with what to check", async () => {
  const url = "postgres://nobody:secret@127.0.0.1:1/none";
  await assert.rejects(
    migrate({ url, log, folder }),
    refused(/none at 127\.0\.0\.1:1 cannot be reached.*DATABASE_URL/),
  );
});
