import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { shiftDate } from "../kernel/dates.ts";
import { closedBalances, writeClosedBalances } from "./closing.ts";
import { cutOver, ensureDay } from "./days.ts";
import {
  createTestCell,
  draftOf,
  move,
  openTestMerchant,
  postNow,
  type TestCell,
  type TestMerchant,
} from "./testing/books.ts";

const DAYS = 6;

// Line by line: the last entry of each account whose journal bears the date.
const EXPECTED = sql(
  "test_balances_of_date",
  `select distinct on (e.account_id) e.account_id, e.balance_after as balance, e.seq as last_seq
   from entries e
   join journals j on j.id = e.journal_id
   where j.accounting_date = $1
   order by e.account_id, e.seq desc`,
);
const WRITTEN = sql(
  "test_balances_written",
  `select account_id, balance, last_seq
   from closed_balances
   where accounting_date = $1
   order by account_id`,
);

let cell: TestCell;
let first: string;
before(async () => {
  cell = await createTestCell();
  first = (await ensureDay(cell, "Asia/Shanghai")).accountingDate;
});
after(() => cell.close());

const write = (date: string) => cell.transact((tx) => writeClosedBalances(tx, date, systemClock.now()));

/** Some accounts move every day, some on one day only, and one has many entries after each date. */
async function trade(shops: readonly TestMerchant[], day: number): Promise<void> {
  const drafts = shops.flatMap((shop, index) => {
    const times = index === 0 ? 9 : (day + index) % 3 === 0 ? index : 0;
    return Array.from({ length: times }, (_, time) =>
      draftOf(shop.bookId, [
        ...move(shop.account("channel_receivable"), shop.account("merchant_pending"), BigInt(10 + time)),
        ...move(shop.account("merchant_pending"), shop.account("fee_income"), 1n),
      ]),
    );
  });
  await postNow(cell, cell, drafts);
}

it("writes of each date the accounts that it moved, whichever date is written first", async () => {
  const shops = await Promise.all(Array.from({ length: 7 }, () => openTestMerchant(cell)));
  for (let day = 0; day < DAYS; day += 1) {
    await trade(shops, day);
    const from = shiftDate(first, day);
    const cut = await cutOver(cell, { from, to: shiftDate(from, 1) });
    assert.deepEqual(cut, { result: "cut_over" });
  }
  await trade(shops, DAYS);
  for (const day of [3, 0, 5, 1, 2, 4]) {
    const date = shiftDate(first, day);
    const expected = await cell.db.all<{ accountId: string }>(EXPECTED, [date]);
    assert.ok(expected.length > 0);
    assert.equal(await write(date), expected.length);
    assert.deepEqual(await cell.db.all(WRITTEN, [date]), expected);
    assert.equal(await write(date), expected.length);
  }
  const quiet = shops[3]?.account("merchant_pending") as string;
  const [held] = await closedBalances(cell.db, [quiet], shiftDate(first, 1));
  const [later] = await closedBalances(cell.db, [quiet], shiftDate(first, 4));
  assert.ok(held !== undefined && later !== undefined && later.seq > held.seq);
  await assert.rejects(write(shiftDate(first, DAYS)), RangeError);
});
