import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, SECOND } from "../kernel/clock.ts";
import { invariants } from "./invariants.ts";

let platform: TestPlatform;
let admin: pg.Client;
before(async () => {
  platform = await startTestPlatform();
  admin = new pg.Client({ connectionString: platform.databaseUrl });
  await admin.connect();
});
after(async () => {
  await admin.end();
  await platform.stop();
});

const found = async () => (await platform.ops("GET", "/v1/ops/invariants")).body;

/** Lets a day pass, and waits for the audit that the night brings. */
async function night(): Promise<Json> {
  const { began_at } = await found();
  platform.clock.advance(24 * HOUR);
  for (;;) {
    const body = await found();
    if (body.began_at !== began_at) return body;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function metric(name: string): Promise<Map<string, number>> {
  // What the database is asked for is remembered for some seconds.
  platform.clock.advance(6 * SECOND);
  const text = await (await fetch(`${platform.baseUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`tributary_${name}`));
  return new Map(
    lines.map((line) => [
      /invariant="([^"]+)"/.exec(line)?.[1] ?? "",
      Number(line.slice(line.lastIndexOf(" ") + 1)),
    ]),
  );
}

test("each night the books are checked, and operators and monitoring are told", async () => {
  const before = await found();
  assert.deepEqual(before, { began_at: null, ended_at: null, holds: null, data: [] });
  assert.equal((await metric("audit_age_seconds")).size, 0, "an audit that never was has an age");

  const good = await night();
  assert.equal(good.holds, true, JSON.stringify(good));
  assert.equal(good.data.length, invariants.length);
  const held = await metric("audit_violations");
  assert.deepEqual([...held.keys()].sort(), invariants.map(({ name }) => name).sort());
  assert.deepEqual(new Set(held.values()), new Set([0]));
  const age = (await metric("audit_age_seconds")).get("") ?? Number.NaN;
  assert.ok(age >= 0 && age < 24 * 3600, `${age}`);

  await admin.query(
    `update cell_0.accounts set balance = balance + 1
     where id = (select id from cell_0.accounts where floor is null order by id limit 1)`,
  );
  const bad = await night();
  assert.equal(bad.holds, false);
  const wrong = bad.data.find((one: Json) => one.name === "1 balances follow entries");
  assert.equal(wrong.holds, false);
  assert.match(wrong.violations[0], /its balance is/);
  assert.ok(((await metric("audit_violations")).get("1 balances follow entries") ?? 0) > 0);
});

test("whoever may not read the books does not see what an audit found", async () => {
  const answer = await platform.api("GET", "/v1/ops/invariants");
  assert.equal(answer.status, 401);
});
