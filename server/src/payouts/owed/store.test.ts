import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import type { Tx } from "../../kernel/database.ts";
import { type Earning, openEarning } from "../testing/earning.ts";
import { type Office, openOffice } from "../testing/office.ts";
import { keepDues, lockOwed, lockOwedAccount, undividedAccounts } from "./store.ts";

let platform: TestPlatform;
let office: Office;
let earning: Earning;
before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
  earning = await openEarning(platform, office);
});
after(async () => {
  await office.close();
  await platform.stop();
});

test("a book that begins to owe while a payout locks what is owed is left to the next payout", async () => {
  const { cell } = office.deps;
  const creditor = { kind: "partner", payee: "agent:new", payeeId: cell.newId() } as const;
  const account = {
    accountId: cell.newId(),
    merchantId: cell.newId(),
    currency: "CNY",
    dividedSeq: 0n,
  };
  const divide = () =>
    cell.transact(async (tx) => {
      await lockOwedAccount(tx, account);
      await keepDues(tx, "partner", account, new Map([[creditor.payee, 100n]]), 1n);
    });
  const found = await cell.transact(async (tx) => {
    let isFirst = true;
    const all: Tx["all"] = async (statement, params) => {
      const rows = await tx.all(statement, params);
      if (isFirst) await divide();
      isFirst = false;
      return rows as never;
    };
    return lockOwed({ ...tx, all }, creditor, "CNY");
  });
  assert.deepEqual(found, [], "nobody would wait for this payout: another one had the same 100");
  const next = await cell.transact((tx) => lockOwed(tx, creditor, "CNY"));
  assert.deepEqual(
    next.map(({ amount }) => amount),
    [100n],
  );
});

test("an account is looked at for what it owes once a day of it is over, not while it is busy", async () => {
  const { cell } = office.deps;
  const shop = await earning.shop();
  await earning.paid(shop, 10_000);
  const code = "partner_payable" as const;
  const dates = await cell.db.all<{ date: string }>({
    name: "test_open_date",
    text: "select accounting_date as date from days where closed_at is null",
  });
  const today = dates[0]?.date ?? assert.fail();
  assert.deepEqual(await undividedAccounts(cell.db, { code, today }, null, 10), []);
  const tomorrow = new Date(Date.parse(today) + 86_400_000).toISOString().slice(0, 10);
  const [account, ...others] = await undividedAccounts(cell.db, { code, today: tomorrow }, null, 10);
  assert.deepEqual([account?.dividedSeq, others], [0n, []]);
  assert.deepEqual(
    await undividedAccounts(cell.db, { code, today: tomorrow }, account?.accountId as string, 10),
    [],
  );
});
