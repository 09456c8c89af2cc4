import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Tx } from "../../kernel/database.ts";
import { makeBills } from "../bills/service.ts";
import { readStatement } from "../statement/service.ts";
import { settlementsOfMerchant } from "../store.ts";
import { createWorld, type Merchant, type World } from "../testing/world.ts";
import type { SettleDeps } from "./deps.ts";
import { settleDate } from "./run.ts";

let world: World;
before(async () => {
  world = await createWorld();
});
after(() => world.close());

const goOn = async () => {};
const of = (merchant: Merchant) =>
  settlementsOfMerchant(
    world.cell.db,
    { merchantId: merchant.id, currency: null },
    { before: null, limit: 100 },
  );

async function merchantsWith(count: number, payments: number): Promise<Merchant[]> {
  const merchants: Merchant[] = [];
  for (let index = 0; index < count; index += 1) {
    const merchant = await world.merchant();
    merchants.push(merchant);
    for (let paid = 0; paid < payments; paid += 1) await merchant.paid(1_000n, 6n);
  }
  return merchants;
}

class Killed extends Error {}

/** The deps of a process that dies at its `at`-th transaction: before it, or after its commit. */
function dying(
  deps: SettleDeps,
  at: number,
  when: "before" | "after",
): { deps: SettleDeps; count(): number } {
  let seen = 0;
  const transact: SettleDeps["cell"]["transact"] = async (work, options) => {
    seen += 1;
    if (seen > at || (seen === at && when === "before")) throw new Killed();
    const done = await deps.cell.transact(work, options);
    if (seen >= at && when === "after") throw new Killed();
    return done;
  };
  return { deps: { ...deps, cell: { ...deps.cell, transact } }, count: () => seen };
}

test("a run killed at any of its transactions is finished by the next, to the same books", async () => {
  const probe = dying(world, Number.MAX_SAFE_INTEGER, "before");
  const warmUp = await merchantsWith(2, 2);
  await world.policy(warmUp[0] as Merchant, { reserveRateMillionths: 50_000n, reserveDays: 1 });
  const first = await world.closeDay();
  await settleDate(probe.deps, first, goOn);
  await makeBills(probe.deps, first, goOn);
  const steps = probe.count();
  assert.ok(steps >= 7, `only ${steps} transactions`);
  for (let at = 1; at <= steps; at += 1) {
    for (const when of ["before", "after"] as const) {
      for (const merchant of warmUp) await merchant.paid(1_000n, 6n);
      const date = await world.closeDay();
      const { deps } = dying(world, at, when);
      const run = async () => {
        await settleDate(deps, date, goOn);
        await makeBills(deps, date, goOn);
      };
      await run().catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      const result = await settleDate(world, date, goOn);
      const bills = await makeBills(world, date, goOn);
      assert.equal(result.settled[0]?.amount, 2n * 994n, `killed ${when} ${at}`);
      assert.equal(bills.totals[0]?.total, 2n * 994n, `killed ${when} ${at}`);
      assert.equal(bills.totals[0]?.bills, 2);
    }
  }
  assert.deepEqual(await world.violations(), []);
});

test("two processes that settle a date at once settle it once", async () => {
  const merchants = await merchantsWith(12, 3);
  const date = await world.closeDay();
  const others = [world.another(), world.another()];
  await Promise.all([world, ...others].map((deps) => settleDate(deps, date, goOn)));
  for (const merchant of merchants) {
    assert.equal(await merchant.balance("merchant_available"), 2_982n);
    assert.equal((await of(merchant)).length, 1);
  }
  await Promise.all([world, ...others].map((deps) => makeBills(deps, date, goOn)));
  assert.deepEqual(await world.violations(), []);
  for (const { cell } of [world, ...others]) assert.equal(cell.counters.deadlocks, 0);
});

test("a refund between reading pending money and taking it is set off, not paid out", async () => {
  const merchant = await world.merchant();
  const { payment } = await merchant.paid(1_000n);
  const date = await world.closeDay();
  let raced = false;
  // The refund commits after the settlement read the balances and before it locks the accounts.
  const transact: SettleDeps["cell"]["transact"] = (work, options) =>
    world.cell.transact(async (tx) => {
      const racing: Tx = {
        ...tx,
        all: async <Row>(statement: { name: string; text: string }, params?: readonly unknown[]) => {
          const rows = await tx.all<Row>(statement, params);
          if (statement.name === "settlement_balances" && !raced) {
            raced = true;
            assert.equal(await merchant.refunded(payment, 400n), "posted");
          }
          return rows;
        },
      };
      return work(racing);
    }, options);
  await settleDate({ ...world, cell: { ...world.cell, transact } }, date, goOn);
  assert.equal(raced, true);
  assert.equal(await merchant.balance("merchant_pending"), 0n);
  assert.equal(await merchant.balance("merchant_available"), 600n);
  assert.deepEqual(await world.violations(), []);
});

test("refunds and payments while a date settles leave pending money at what its open items are", async () => {
  const merchants = await merchantsWith(4, 3);
  const payments = new Map<Merchant, string>();
  for (const merchant of merchants) payments.set(merchant, (await merchant.paid(5_000n)).payment);
  const date = await world.closeDay();
  const busy = merchants.map(async (merchant) => {
    for (let round = 0; round < 6; round += 1) {
      await merchant.refunded(payments.get(merchant) as string, 700n);
      await merchant.paid(50n);
    }
  });
  await Promise.all([settleDate(world, date, goOn), settleDate(world.another(), date, goOn), ...busy]);
  for (const merchant of merchants) assert.ok((await merchant.balance("merchant_pending")) >= 0n);
  assert.deepEqual(await world.violations(), []);
  await settleDate(world, await world.closeDay(), goOn);
  for (const merchant of merchants) {
    const all = (await merchant.balance("merchant_pending")) + (await merchant.balance("merchant_available"));
    assert.equal(all, 3n * 994n + 5_000n - 6n * 700n + 6n * 50n);
  }
  assert.deepEqual(await world.violations(), []);
});

test("a merchant with more items than one step takes is settled whole", async () => {
  const merchant = await world.merchant();
  const pending = merchant.account("merchant_pending");
  const receivable = merchant.account("channel_receivable");
  const date = await world.today();
  const count = 12_000;
  await world.sql(`
    create temp table many as select gen_random_uuid() as id, n from generate_series(1, ${count}) n;
    insert into journals (id, book_id, source_id, subject_id, posted_at, accounting_date, currency, kind,
      entry_accounts, entry_seqs)
    select id, '${merchant.bookId}', gen_random_uuid(), gen_random_uuid(), now(), '${date}', 'CNY',
      'payment_success', array['${receivable}', '${pending}', '${pending}']::uuid[],
      array[n, 2 * n - 1, 2 * n]::bigint[] from many;
    insert into entries select '${pending}', 2 * n - 1, id, -10, -(n - 1) * 9 - 10, now() from many;
    insert into entries select '${pending}', 2 * n, id, 1, -n * 9, now() from many;
    insert into entries select '${receivable}', n, id, 9, n * 9, now() from many;
    update accounts set balance = -${count} * 9, last_seq = 2 * ${count} where id = '${pending}';
    update accounts set balance = ${count} * 9, last_seq = ${count} where id = '${receivable}';
  `);
  await world.closeDay();
  await settleDate(world, date, goOn);
  const [only] = await of(merchant);
  assert.deepEqual([only?.items, only?.amount], [count, BigInt(count) * 9n]);
  const bills = await makeBills(world, date, goOn);
  assert.equal(bills.totals[0]?.lines, BigInt(count));
  const own = { merchantId: merchant.id, merchant: "Tea", currency: "CNY" };
  const { accounts } = await readStatement(world, own, { from: date, to: date });
  assert.deepEqual(
    accounts[0]?.days.map(({ added, taken, closing }) => [added, taken, closing]),
    [[BigInt(count) * 10n, BigInt(count), BigInt(count) * 9n]],
  );
  const found = (await world.violations()).filter((line) => !line.startsWith("1 "));
  assert.deepEqual(found, []);
});
