import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import { type Database, openDatabase } from "../../kernel/database.ts";
import { silentLog } from "../../kernel/log.ts";
import { createPayments } from "../payment/create.ts";
import { startStory } from "../testing/story.ts";
import { paidOrders, updateAttempts } from "./store.ts";

let database: TestDatabase;
let cell: Database;
before(async () => {
  database = await createTestDatabase();
  const pools = { schema: "cell_0", readersMax: 1, writersMax: 2 };
  cell = openDatabase({ url: database.url, ...pools, log: silentLog() });
});
after(async () => {
  await cell.close();
  await database.drop();
});

test("of some orders those that were paid are told, whoever heard of it", async () => {
  const [paid, waiting] = [startStory(), startStory()];
  const [before, other] = [paid.attempt(), waiting.attempt()];
  await cell.transact((tx) =>
    createPayments(tx, [
      { payment: paid.box.payment, attempt: before, code: null },
      { payment: waiting.box.payment, attempt: other, code: null },
    ]),
  );
  assert.deepEqual(await paidOrders(cell.db, [other.id, before.id]), []);
  paid.trade("query", paid.paid());
  await cell.transact((tx) => updateAttempts(tx, [{ before, after: paid.attempt() }]));
  const nobodys = "00000000-0000-7000-8000-000000000000";
  assert.deepEqual(await paidOrders(cell.db, [other.id, nobodys, before.id]), [before.id]);
  assert.deepEqual(await paidOrders(cell.db, []), []);
});
