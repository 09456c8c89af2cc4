import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settlementsOfMerchant } from "../store.ts";
import { createWorld, type Merchant, type World } from "../testing/world.ts";
import { settleDate } from "./run.ts";

let world: World;
before(async () => {
  world = await createWorld();
});
after(() => world.close());

const goOn = async () => {};
const settle = (date: string, deps = world) => settleDate(deps, date, goOn);
const of = (merchant: Merchant) =>
  settlementsOfMerchant(
    world.cell.db,
    { merchantId: merchant.id, currency: null },
    { before: null, limit: 100 },
  );

test("a merchant gets what a closed date brought, less its fees, once", async () => {
  const merchant = await world.merchant();
  await merchant.paid(10_000n, 60n);
  const { payment } = await merchant.paid(5_000n, 30n);
  await merchant.refunded(payment, 1_000n);
  const date = await world.closeDay();
  await merchant.paid(777n);
  const result = await settle(date);
  assert.equal(result.outcomes.settled, 1);
  assert.equal(await merchant.balance("merchant_available"), 13_910n);
  assert.equal(await merchant.balance("merchant_pending"), 777n);
  const [only, ...more] = await of(merchant);
  assert.deepEqual(more, []);
  assert.deepEqual([only?.items, only?.amount, only?.state, only?.kind], [3, 13_910n, "approved", "regular"]);
  assert.deepEqual(await settle(date), { ...result });
  assert.equal(await merchant.balance("merchant_available"), 13_910n);
  assert.deepEqual(await world.violations(), []);
});

test("a refund of the open date does not let a merchant be paid what it gave back", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(10_000n, 0n);
  const date = await world.closeDay();
  await merchant.refunded(payment, 4_000n);
  await settle(date);
  assert.equal(await merchant.balance("merchant_pending"), 0n);
  assert.equal(await merchant.balance("merchant_available"), 6_000n);
  const next = await world.closeDay();
  await settle(next);
  assert.equal(await merchant.balance("merchant_available"), 6_000n);
  assert.equal((await of(merchant)).length, 1);
  assert.deepEqual(await world.violations(), []);
});
