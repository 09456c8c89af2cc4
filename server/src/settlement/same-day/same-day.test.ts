import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DAY, plus } from "../../kernel/clock.ts";
import { accountIdOf, bookIdOf, lockDay, platformOwner, post } from "../../ledger/index.ts";
import { settleDate } from "../settle/run.ts";
import { createWorld, type Merchant, type World } from "../testing/world.ts";
import { settleSameDay } from "./service.ts";

let world: World;
before(async () => {
  world = await createWorld();
});
after(() => world.close());

const goOn = async () => {};
const platformBook = () => bookIdOf("platform", platformOwner(0));
const own = (code: "bank_own" | "bank_reserve" | "own_capital") =>
  accountIdOf(platformBook(), code, "CNY", null);

async function balance(code: "bank_own" | "bank_reserve"): Promise<bigint> {
  const [row] = await world.sql(`select balance from cell_0.accounts where id = '${own(code)}'`);
  return BigInt(String(row?.balance));
}

async function ownMoney(amount: bigint): Promise<void> {
  const { cell } = world;
  await cell.transact(async (tx) => {
    const day = await lockDay(tx, 0);
    const lines = [
      { account: own("bank_own"), debit: amount },
      { account: own("own_capital"), credit: amount },
    ];
    const draft = {
      id: cell.newId(),
      bookId: platformBook(),
      kind: "capital_paid_in" as const,
      sourceId: cell.newId(),
      subjectId: null,
      counterpartyId: null,
      channelAccountId: null,
      currency: "CNY",
      channelDate: null,
      lines,
    };
    await post(tx, day, [draft], cell.clock.now());
  });
}

/** A merchant with T+0, long enough on board and with enough dates of trading. */
async function seasoned(): Promise<Merchant> {
  const merchant = await world.merchant();
  await world.policy(merchant, { days: 0 });
  await world.sql(
    `insert into bills
     select '${merchant.id}', '2026-01-01'::date + n, 'CNY', 1, 1, 1, 0, 0, 0, 0, 1,
       decode(repeat('00', 32), 'hex'), now()
     from generate_series(1, 30) n`,
  );
  return merchant;
}

const sameDay = (merchant: Merchant, daysOnBoard = 100) =>
  settleSameDay(world, { id: merchant.id, createdAt: plus(world.clock.now(), -daysOnBoard * DAY) }, "CNY");

async function refusal(merchant: Merchant, daysOnBoard?: number): Promise<string> {
  const result = await sameDay(merchant, daysOnBoard);
  return result.result === "refused" ? result.because : result.result;
}

test("T+0 is refused to the new, the little used, and those without it, and moves nothing", async () => {
  const plain = await world.merchant();
  await plain.paid(1_000n);
  assert.equal(await refusal(plain), "no_policy");
  await world.policy(plain, { days: 0 });
  assert.equal(await refusal(plain, 89), "too_new");
  assert.equal(await refusal(plain), "too_little_trading");
  const merchant = await seasoned();
  assert.equal(await refusal(merchant), "nothing");
  await merchant.paid(1_000n);
  assert.equal(await refusal(merchant), "not_covered");
  assert.equal(await merchant.balance("merchant_available"), 0n);
  assert.deepEqual(await world.violations(), []);
});

test("T+0 advances own money, lists each journal once, and is repaid when the channel pays", async () => {
  await ownMoney(5_000n);
  const merchant = await seasoned();
  const date = await world.today();
  await merchant.paid(1_000n, 6n);
  const { payment } = await merchant.paid(2_000n, 12n);
  await merchant.refunded(payment, 500n);
  const first = await sameDay(merchant);
  assert.equal(first.result === "settled" ? first.settlement.available : first.because, 2_482n);
  assert.equal(await merchant.balance("merchant_available"), 2_482n);
  assert.deepEqual([await balance("bank_own"), await balance("bank_reserve")], [2_518n, 2_482n]);
  assert.equal(await refusal(merchant), "nothing");
  await merchant.paid(700n);
  const second = await sameDay(merchant);
  assert.equal(second.result === "settled" ? second.settlement.number : 0, 2);
  await merchant.paid(90n);
  assert.deepEqual(await world.violations(), []);
  await settleDate(world, await world.closeDay(), goOn);
  assert.equal(await merchant.balance("merchant_available"), 2_482n + 700n + 90n);
  assert.deepEqual([await balance("bank_own"), await balance("bank_reserve")], [1_818n, 3_182n]);
  world.received.push({ channelAccountId: merchant.channelAccountId, channelDate: date });
  const { advancesRepaid } = await settleDate(world, await world.closeDay(), goOn);
  assert.equal(advancesRepaid, 2);
  assert.deepEqual([await balance("bank_own"), await balance("bank_reserve")], [5_000n, 0n]);
  assert.deepEqual(await world.violations(), []);
});

test("T+0 asked for many times at once never pays with more than the platform's own money", async () => {
  const merchants = await Promise.all([1, 2, 3].map(() => seasoned()));
  for (const merchant of merchants) await merchant.paid(3_000n);
  const results = await Promise.all([...merchants, ...merchants].map((merchant) => refusal(merchant)));
  assert.equal(results.filter((one) => one === "settled").length, 1);
  assert.equal(await balance("bank_own"), 2_000n);
  assert.deepEqual(await world.violations(), []);
});
