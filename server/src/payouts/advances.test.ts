import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { SECOND } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalKind,
  lockDay,
  openMerchantAccounts,
  ownMoneyInside,
  platformOwner,
  post,
} from "../ledger/index.ts";
import { type Office, OUR_ACCOUNT, openOffice } from "./testing/office.ts";

const OWN_ACCOUNT = "31050161000000000009";
const TRADED = 60_000;

let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.another("own", OWN_ACCOUNT, "own");
  await seasoned();
});
after(async () => {
  await office.close();
  await platform.stop();
});

/** The merchant may have T+0, as far as its time on board and its trade go. */
async function seasoned(): Promise<void> {
  const { cell, platform: schema } = office.deps;
  const { merchantId } = office;
  const age = {
    name: "test_age",
    text: "update merchants set created_at = created_at - interval '200 days'",
  };
  await schema.transact((tx) => tx.run(age));
  // Merchants are remembered for as long as nothing changes, and that is looked at each half second.
  platform.clock.advance(2 * SECOND);
  const bills = {
    name: "test_bills",
    text: `insert into bills
      select $1, '2026-01-01'::date + n, 'CNY', 1, 1, 1, 0, 0, 0, 0, 1, decode(repeat('00', 32), 'hex'), now()
      from generate_series(1, 30) n`,
  };
  const needs = {
    merchantId,
    currency: "CNY",
    channelAccountId: null,
    fundFlow: "through_platform",
  } as const;
  await cell.transact((tx) => tx.run(bills, [merchantId]));
  await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()));
  const open = { name: "test_day", text: "select accounting_date from days where closed_at is null" };
  const policy = {
    merchant_id: platform.demo.merchant_id,
    currency: "CNY",
    effective_from: (await cell.db.one<{ accountingDate: string }>(open))?.accountingDate,
    basis: "on_success",
    days: 0,
    day_kind: "calendar",
    calendar: null,
    minimum_amount: 0,
    reserve_rate_millionths: 0,
    reserve_days: 0,
    payout: "on_request",
    person_above: null,
    reason: "The contract",
  };
  await office.approved(await platform.ops("POST", "/v1/ops/settlement_policies", policy));
}

const ofPlatform = (code: AccountCode) => account(bookIdOf("platform", platformOwner(0)), code);
const account = (bookId: string, code: AccountCode) => ({
  bookId,
  account: accountIdOf(bookId as never, code, "CNY", null),
});

async function book(
  kind: JournalKind,
  from: ReturnType<typeof account>,
  to: string,
  amount: bigint,
  reversalOf: Id | null = null,
): Promise<Id> {
  const { cell } = office.deps;
  const draft = {
    id: cell.newId(),
    bookId: from.bookId as never,
    kind,
    sourceId: cell.newId(),
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency: "CNY",
    channelDate: null,
    reversalOf,
    lines: [
      { account: to as never, debit: amount },
      { account: from.account, credit: amount },
    ],
  };
  await cell.transact(async (tx) => post(tx, await lockDay(tx, 0), [draft], cell.clock.now()));
  return draft.id;
}

/** Of banks and client money; the merchant's trade is a journal of the test's own, which no item explains. */
const broken = async () => (await office.broken()).filter((found) => found.startsWith("8 "));
const settle = () => platform.api("POST", "/v1/settlements", { currency: "CNY" });
const ownMoney = async (): Promise<Json> =>
  (await platform.ops("GET", "/v1/ops/own_money")).body.data.find(({ currency }: Json) => currency === "CNY");
const funds = async (): Promise<Json> =>
  (await platform.ops("GET", "/v1/ops/payout_funds?currency=CNY")).body;
const named = async (amount: number): Promise<Json> => {
  const { body } = await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced");
  const { connection, entry_ref } = body.data.find((entry: Json) => entry.amount === amount);
  return { connection, entry_ref };
};

/** From the owner to our own account. */
async function paidIn(amount: number): Promise<void> {
  await platform.sandbox("POST", "/bank/credit", { account: OWN_ACCOUNT, amount, name: "The owner" });
  await office.read(OWN_ACCOUNT);
  const paid = { ...(await named(amount)), evidence: "Resolution of the board" };
  await office.approved(await platform.ops("POST", "/v1/ops/own_money", paid));
}

async function moved(amount: number, from: string, to: string): Promise<void> {
  await platform.sandbox("POST", "/bank/debit", { account: from, amount, name: "Tributary" });
  await platform.sandbox("POST", "/bank/credit", { account: to, amount, name: "Tributary" });
  await office.read();
  await office.read(OWN_ACCOUNT);
  const sides = { from: await named(-amount), to: await named(amount), evidence: "The bank's advice" };
  await office.approved(await platform.ops("POST", "/v1/ops/bank_transfers", sides));
}

test("T+0 and the batches after it spend no more than what the bank has shown in the reserve", async () => {
  await paidIn(200_000);
  const merchant = bookIdOf("merchant", office.merchantId);
  const { account: receivable } = account(merchant, "loss");
  await book("resolution_loss", account(merchant, "merchant_pending"), receivable, BigInt(TRADED));
  const refused = await settle();
  assert.deepEqual([refused.status, refused.body.reason], [422, "not_covered"]);
  assert.equal((await funds()).reserve, 0, "own money on our own account pays nobody");
  await moved(TRADED - 1, OWN_ACCOUNT, OUR_ACCOUNT);
  assert.equal((await settle()).body.reason, "not_covered");
  await moved(1, OWN_ACCOUNT, OUR_ACCOUNT);
  assert.equal((await settle()).body.reason, "not_covered", "clients have paid for what was lost");
  await moved(TRADED, OWN_ACCOUNT, OUR_ACCOUNT);
  const { status, body } = await settle();
  assert.deepEqual([status, body.available], [201, TRADED]);
  const { inside, advanced, sweepable } = await ownMoney();
  assert.deepEqual([inside, advanced, sweepable], [TRADED, TRADED, 0]);
  assert.equal(await ownMoneyInside(office.deps.cell.db, "CNY"), BigInt(inside), "counted in another way");
  assert.equal((await funds()).reserve, 2 * TRADED, "settling moves nothing in the books of the bank");
  assert.deepEqual(await broken(), []);
  const made = await office.payout(TRADED);
  await office.batch([made.id]);
  await office.work();
  await office.read();
  assert.equal((await platform.ops("GET", `/v1/ops/payouts/${made.id}`)).body.status, "succeeded");
  assert.deepEqual(await broken(), []);
});

test("money that the books move between reserve and own, and no bank, is found on both sides", async () => {
  await book("margin_swept", ofPlatform("bank_own"), ofPlatform("bank_reserve").account, 500n);
  const found = await broken();
  assert.equal(found.length, 2, found.join("\n"));
  assert.match(found.join("\n"), /CNY own .*\n.*CNY reserve /);
  await book("margin_swept", ofPlatform("bank_reserve"), ofPlatform("bank_own").account, 500n);
  assert.deepEqual(await broken(), []);
});

const OLD_LOSSES = readFileSync(
  new URL("../../migrations/cell/290-advances-reserved.sql", import.meta.url),
  "utf8",
).replace(/^.*(?=insert into losses_in_reserve)/s, "");

test("a loss that a version before moved into the reserve is allowed for while it stands", async () => {
  const { cell } = office.deps;
  const run = (name: string, text: string, values: unknown[] = []) =>
    cell.transact((tx) => tx.run({ name, text }, values));
  const [reserve, own] = [ofPlatform("bank_reserve"), ofPlatform("bank_own")];
  const loss = await book("resolution_loss", own, reserve.account, 700n);
  assert.equal((await broken()).length, 2);
  const resolution = "insert into break_journals values ($1, $1, 'resolution', 1, now())";
  await run("test_old_loss", resolution, [loss]);
  assert.equal(await run("test_old_losses", OLD_LOSSES), 1);
  assert.deepEqual(await broken(), []);
  // Two people may book a part of it back, and no more than it is.
  await book("manual_correction", reserve, own.account, 701n);
  assert.equal((await broken()).length, 2);
  await book("manual_correction", own, reserve.account, 401n);
  assert.deepEqual(await broken(), []);
  await book("manual_correction", own, reserve.account, 301n);
  assert.equal((await broken()).length, 2, "nor is more there than it is");
  await book("manual_correction", reserve, own.account, 1n);
  // A corrected statement undoes the loss: nothing is allowed for any more.
  await book("reversal", reserve, own.account, 700n, loss);
  assert.deepEqual(await broken(), []);
  await book("margin_swept", own, reserve.account, 1n);
  assert.equal((await broken()).length, 2);
});
