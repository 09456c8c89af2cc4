import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { systemClock } from "./clock.ts";
import { silentLog } from "./log.ts";
import { openPlatform, type Platform } from "./revision.ts";

/** Tables whose rows no process remembers. */
const NOT_REMEMBERED = [
  "approvals",
  "audit_log",
  "bank_accounts",
  "bank_connections",
  "business_years",
  "migration_checksums",
  "migrations",
  "operator_requests",
  "partners",
  "payout_terms",
  "plate_batches",
  "plate_versions",
  "plates",
  "routing_account_versions",
  "routing_rule_versions",
  "settlement_policies",
];

describe("the platform's revision", () => {
  let database: TestDatabase;
  let platform: Platform;
  let client: pg.Client;
  before(async () => {
    database = await createTestDatabase();
    platform = openPlatform(
      { url: database.url, readersMax: 1, writersMax: 1, log: silentLog() },
      systemClock,
    );
    client = new pg.Client({ connectionString: database.url, options: "-c search_path=platform" });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await platform.close();
    await database.drop();
  });

  const addOperator = (name: string) =>
    client.query(
      `insert into operators (id, name, roles, status, created_at)
       values (gen_random_uuid(), $1, array['viewer'], 'active', '2026-01-01')`,
      [name],
    );

  it("moves on with a commit, not before it, and not without one", async () => {
    const first = await platform.revision.ask();
    await client.query("begin");
    await addOperator("one");
    assert.equal(await platform.revision.ask(), first);
    await client.query("rollback");
    assert.equal(await platform.revision.ask(), first);
    await client.query("begin");
    await addOperator("two");
    await client.query("commit");
    assert.ok((await platform.revision.ask()) > first);
  });

  it("moves on with every table that a process may remember rows of", async () => {
    const { rows } = await client.query<{ name: string; watched: boolean }>(
      `select c.relname as name, exists (
         select from pg_trigger t where t.tgrelid = c.oid and t.tgname = c.relname || '_revision'
       ) as watched
       from pg_class c
       where c.relnamespace = 'platform'::regnamespace and c.relkind = 'r' and c.relname <> 'revision'
       order by c.relname`,
    );
    const unwatched = rows.filter(({ watched }) => !watched).map(({ name }) => name);
    assert.deepEqual(unwatched, NOT_REMEMBERED);
  });

  it("is the last lock of a transaction: two that cross each other are no deadlock", async () => {
    const other = new pg.Client({ connectionString: database.url, options: "-c search_path=platform" });
    await other.connect();
    await Promise.all([addOperator("left"), addOperator("right")]);
    const rename = (who: pg.Client, name: string) =>
      who.query("update operators set status = status where name = $1", [name]);
    await client.query("begin");
    await other.query("begin");
    await rename(client, "left");
    await rename(other, "right");
    const waiting = rename(client, "right");
    await other.query("commit");
    await waiting;
    assert.equal((await client.query("commit")).command, "COMMIT");
    await other.end();
  });
});
