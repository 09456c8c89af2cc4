import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { arrayLiteral } from "./array-literal.ts";

let database: TestDatabase;
let client: pg.Client;
before(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
after(async () => {
  await client.end();
  await database.drop();
});

test("any text comes back from PostgreSQL as it went", async () => {
  const texts = fc.array(
    fc.option(fc.oneof(fc.string(), fc.constantFrom("null", "NULL", "", "{}", "a,b", '"', "\\"))),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (values) => {
      const sent = values.map((value) => value?.replaceAll("\0", "") ?? null);
      const { rows } = await client.query("select $1::text[] as values", [arrayLiteral(sent)]);
      assert.deepEqual(rows[0].values, sent);
    }),
    { numRuns: 200 },
  );
});

test("amounts, instants, bytes and truth come back as they went", async () => {
  const at = new Date("2026-11-20T09:30:00.123Z");
  const { rows } = await client.query(
    `select $1::bigint[] as amounts, $2::timestamptz[] as instants, $3::bytea[] as bytes,
       $4::bool[] as truths,
       $5::uuid[] as ids, $6::int[] as counts`,
    [
      arrayLiteral([9_007_199_254_740_993n, -1n, null]),
      arrayLiteral([at, null]),
      arrayLiteral([Buffer.from([0, 255, 92, 34])]),
      arrayLiteral([true, false, undefined]),
      arrayLiteral(["018f2b7e-7b1c-7000-8000-000000000001"]),
      arrayLiteral([0, -7]),
    ],
  );
  assert.deepEqual(rows[0], {
    amounts: ["9007199254740993", "-1", null],
    instants: [at, null],
    bytes: [Buffer.from([0, 255, 92, 34])],
    truths: [true, false, null],
    ids: ["018f2b7e-7b1c-7000-8000-000000000001"],
    counts: [0, -7],
  });
});

test("what has no text form is refused before anything is sent", () => {
  assert.throws(() => arrayLiteral([{ amount: 1 }]), TypeError);
});
