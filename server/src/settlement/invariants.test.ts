import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settleDate } from "./settle/run.ts";
import { payableSettlements } from "./store.ts";
import { createWorld, type Merchant, type World } from "./testing/world.ts";

let world: World;
let merchant: Merchant;
before(async () => {
  world = await createWorld();
  merchant = await world.merchant();
  await world.policy(merchant, { reserveRateMillionths: 100_000n, reserveDays: 30 });
  await merchant.paid(1_000n);
  await merchant.paid(2_000n);
  await settleDate(world, await world.closeDay(), async () => {});
  await merchant.paid(500n);
  await world.closeDay();
});
after(() => world.close());

/** What a mistake in the rows would be, and the invariant that must find it. */
const MISTAKES: readonly [string, string, string][] = [
  ["an item is lost", "delete from settlement_items where amount = 1000", "7 settlements are their items"],
  [
    "an item is counted with another amount",
    "update settlement_items set amount = amount + 1 where amount = 1000",
    "7 settlements are their items",
  ],
  [
    "a settled item is open again",
    "update settlement_items set settlement_id = null where amount = 2000",
    "7 pending money is its open items",
  ],
  [
    "the open date's journals are passed over",
    "update settlement_accounts set itemized_seq = itemized_seq + 2",
    "7 pending money is its open items",
  ],
  [
    "an item is in a settlement that does not exist",
    "update settlement_items set settlement_id = gen_random_uuid() where amount = 2000",
    "7 items settle in their own account",
  ],
  [
    "a settlement names another journal",
    "update settlements set journal_id = gen_random_uuid()",
    "7 settlements are booked once",
  ],
  ["a booked settlement is forgotten", "delete from settlements", "7 settlements are booked once"],
  [
    "a settlement is approved without a journal of its amount",
    `update settlements set amount = amount + 1, available = available + 1`,
    "7 settlements are booked once",
  ],
  [
    "a reserve is released without a journal",
    "update settlement_reserves set released_at = now()",
    "7 reserves are kept",
  ],
];

for (const [title, mistake, name] of MISTAKES) {
  test(`the audit finds it when ${title}`, async () => {
    assert.deepEqual(await world.violations(), []);
    const tables = ["settlement_items", "settlement_accounts", "settlements", "settlement_reserves"];
    for (const table of tables) await world.sql(`create table kept_${table} as table ${table}`);
    await world.sql(mistake);
    const found = await world.violations();
    for (const table of tables) {
      await world.sql(`truncate ${table}`);
      await world.sql(`insert into ${table} table kept_${table}`);
      await world.sql(`drop table kept_${table}`);
    }
    assert.ok(
      found.some((line) => line.startsWith(name)),
      found.join("\n"),
    );
  });
}

test("what is to be paid out automatically is listed until it is paid", async () => {
  const [today, page] = [await world.today(), { after: null, limit: 10 }];
  const payable = await payableSettlements(world.cell.db, today, page);
  assert.deepEqual(
    payable.map(({ available }) => available),
    [2_700n],
  );
  assert.deepEqual(await payableSettlements(world.cell.db, "2000-01-01", page), []);
});
