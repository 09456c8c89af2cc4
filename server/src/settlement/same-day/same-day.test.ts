import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DAY, plus } from "../../kernel/clock.ts";
import type { Db } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalKind,
  type Line,
  lockDay,
  ownMoneyInside,
  ownMoneySpent,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import type { Scope } from "../readings.ts";
import { settleDate } from "../settle/run.ts";
import { createWorld, type Merchant, type World } from "../testing/world.ts";
import { repayAdvances, settleSameDay } from "./service.ts";
import { advancesOpen, scopesOf } from "./store.ts";

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

async function book(kind: JournalKind, sourceId: Id, lines: readonly Line[]): Promise<void> {
  const { cell } = world;
  const rest = { subjectId: null, counterpartyId: null, channelAccountId: null, channelDate: null };
  const draft = { ...rest, id: cell.newId(), bookId: platformBook(), kind, sourceId, currency: "CNY", lines };
  await cell.transact(async (tx) => post(tx, await lockDay(tx, 0), [draft], cell.clock.now()));
}

let entries = 0;
/** Paid into an account of ours, as its bank's statement shows and the books have it. */
async function paidIn(holds: "reserve" | "own", amount: bigint): Promise<void> {
  entries += 1;
  await world.sql(
    `insert into platform.bank_connections
     values ('${holds}', 'http://127.0.0.1', 'A-${holds}', 'Tributary', '105100000017', 'CNY', '${holds}',
       true, 1000, now(), now())
     on conflict do nothing`,
  );
  await world.sql(
    `insert into bank_entries
     values ('A-${holds}', 'E${entries}', '2026-01-01', '2026-01-01', '2026-01-01', ${amount}, 'CNY',
       null, null, null, null, 'placed', 'own_money', gen_random_uuid(), now(), now())`,
  );
  await book("capital_paid_in", world.cell.newId(), [
    { account: own(`bank_${holds}`), debit: amount },
    { account: own("own_capital"), credit: amount },
  ]);
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

test("own money stands for nothing on our own account, at channels, or spent", async () => {
  const merchant = await seasoned();
  await paidIn("own", 5_000n);
  await merchant.paid(9_000n, 6_000n);
  assert.equal(await refusal(merchant), "not_covered");
  await paidIn("reserve", 2_999n);
  assert.equal(await refusal(merchant), "not_covered");
  await paidIn("reserve", 1n);
  const spent = (kind: JournalKind, code: AccountCode, amount: bigint) =>
    merchant.book(kind, [
      { account: merchant.account(code), debit: amount },
      { account: merchant.account("suspense_shortage"), credit: amount },
    ]);
  // The margin of 6,000 would make up for either, and is not in the reserve.
  await spent("resolution_loss", "loss", 1n);
  assert.equal(await refusal(merchant), "not_covered");
  await paidIn("reserve", 1n);
  const cost = await spent("resolution_cost", "channel_cost", 1n);
  assert.equal(await refusal(merchant), "not_covered");
  assert.equal(await ownMoneySpent(world.cell.db, "CNY"), 2n);
  await merchant.book(
    "reversal",
    [
      { account: merchant.account("suspense_shortage"), debit: 1n },
      { account: merchant.account("channel_cost"), credit: 1n },
    ],
    { reversalOf: cost },
  );
  assert.equal(await ownMoneySpent(world.cell.db, "CNY"), 1n, "it was taken back");
  // What the platform has lost, clients were paid with.
  await spent("resolution_loss", "loss", 6_001n);
  assert.equal(await refusal(merchant), "not_covered");
  await paidIn("own", 1n);
  assert.equal(await refusal(merchant), "not_covered");
  assert.equal(await merchant.balance("merchant_available"), 0n);
});

test("what is the platform's own is found by indexes, however much there is", async () => {
  const plans: string[] = [];
  const db = {
    one: async ({ text }: { readonly text: string }) => {
      const rows = await world.sql(`explain (costs off) ${text.replaceAll("$1", "'CNY'")}`);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return null;
    },
  } as unknown as Db;
  // The tables of a test fit on a page, where reading all of it is cheaper.
  await world.sql("set enable_seqscan = off");
  await ownMoneyInside(db, "CNY");
  await ownMoneySpent(db, "CNY");
  await world.sql("reset enable_seqscan");
  const [inside = "", spent = ""] = plans;
  assert.match(inside, /accounts_own_money/);
  assert.match(spent, /accounts_own_money/);
  assert.match(spent, /journals_costs_apart/);
  for (const plan of plans) assert.doesNotMatch(plan, /Seq Scan/);
});

const reserved = async () => (await advancesOpen(world.cell.db)).get("CNY") ?? 0n;

test("T+0 reserves own money, lists each journal once, and lets go of it when the channel pays", async () => {
  await paidIn("reserve", 8_001n);
  const before = [await balance("bank_own"), await balance("bank_reserve")];
  const merchant = await seasoned();
  const date = await world.today();
  await merchant.paid(1_000n, 6n);
  const { payment } = await merchant.paid(2_000n, 12n);
  await merchant.refunded(payment, 500n);
  const first = await sameDay(merchant);
  assert.equal(first.result === "settled" ? first.settlement.available : first.because, 2_482n);
  assert.equal(await merchant.balance("merchant_available"), 2_482n);
  assert.equal(await reserved(), 2_482n);
  assert.equal(await refusal(merchant), "nothing");
  await merchant.paid(700n);
  const second = await sameDay(merchant);
  assert.equal(second.result === "settled" ? second.settlement.number : 0, 2);
  await merchant.paid(90n);
  assert.deepEqual(await world.violations(), []);
  await settleDate(world, await world.closeDay(), goOn);
  assert.equal(await merchant.balance("merchant_available"), 2_482n + 700n + 90n);
  assert.equal(await reserved(), 3_182n);
  world.received.push({ channelAccountId: merchant.channelAccountId, channelDate: date });
  const { advancesRepaid } = await settleDate(world, await world.closeDay(), goOn);
  assert.equal(advancesRepaid, 2);
  assert.equal(await reserved(), 0n);
  const after = [await balance("bank_own"), await balance("bank_reserve")];
  assert.deepEqual(after, before, "no bank has moved anything for it, and neither have the books");
  assert.deepEqual(await world.violations(), []);
});

test("T+0 asked for many times at once never counts on the same own money twice", async () => {
  const merchants = await Promise.all([1, 2, 3].map(() => seasoned()));
  for (const merchant of merchants) await merchant.paid(3_000n);
  const other = world.another();
  const elsewhere = merchants.map(async (merchant) => {
    const seen = { id: merchant.id, createdAt: plus(world.clock.now(), -100 * DAY) };
    const result = await settleSameDay(other, seen, "CNY");
    return result.result === "refused" ? result.because : result.result;
  });
  const here = merchants.map((merchant) => refusal(merchant));
  const results = await Promise.all([...here, ...elsewhere]);
  assert.equal(results.filter((one) => one === "settled").length, 1, results.join(" "));
  assert.equal(await reserved(), 3_000n);
  assert.deepEqual(await world.violations(), []);
});

test("an advance that a version before has booked is booked back when the channel pays", async () => {
  const [settlement] = await world.sql(
    "select settlement_id as id from settlement_advances where repaid_at is null",
  );
  const id = settlement?.id as Id;
  await world.sql(`update settlement_advances set booked = true where settlement_id = '${id}'`);
  const before = [await balance("bank_own"), await balance("bank_reserve")];
  await book("advance_paid", id, [
    { account: own("bank_reserve"), debit: 3_000n },
    { account: own("bank_own"), credit: 3_000n },
  ]);
  const [scope] = await scopesOf(world.cell.db, [id]);
  world.received.push(scope as Scope);
  await repayAdvances(world, goOn);
  assert.deepEqual([await balance("bank_own"), await balance("bank_reserve")], before);
  assert.equal(await reserved(), 0n);
});

test("what went back of a payment that is still to be split lowers T+0, and is held no more", async () => {
  const merchant = await seasoned();
  const { payment } = await merchant.paid(3_000n);
  await merchant.refunded(payment, 1_000n);
  world.splitting.push(payment);
  await settleDate(world, await world.closeDay(), goOn);
  const held = () =>
    world.sql(
      `select kind from settlement_holds h
       where h.account_id = '${merchant.account("merchant_pending")}' and h.released_at is null`,
    );
  assert.equal((await held()).length, 2);
  await paidIn("reserve", 5_000n);
  await merchant.paid(4_000n);
  assert.equal(await refusal(merchant), "settled");
  assert.equal(await merchant.balance("merchant_available"), 3_000n);
  assert.equal((await held()).length, 1);
  world.splitting.splice(0);
  await settleDate(world, await world.closeDay(), goOn);
  assert.equal(await merchant.balance("merchant_available"), 6_000n);
  assert.equal((await held()).length, 0);
  assert.deepEqual(await world.violations(), []);
});
