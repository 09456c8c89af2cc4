import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "../kernel/database.ts";
import { reversalOf } from "./model.ts";
import { journalById } from "./reading.ts";
import {
  createTestCell,
  draftOf,
  move,
  newId,
  openTestMerchant,
  postNow,
  type TestCell,
  type TestMerchant,
  violationsOf,
} from "./testing/books.ts";

let cell: TestCell;
let shop: TestMerchant;
let other: TestMerchant;
let journalId: string;
let reversalId: string;
const held = newId();

before(async () => {
  cell = await createTestCell();
  shop = await openTestMerchant(cell);
  other = await openTestMerchant(cell);
  const earn = (to: TestMerchant) =>
    draftOf(to.bookId, move(to.account("channel_receivable"), to.account("merchant_available"), 10n));
  const drafts = [earn(shop), earn(shop), earn(shop), earn(other)];
  journalId = drafts[1]?.id as string;
  await postNow(cell, cell, drafts);
  const journal = await journalById(cell.db, drafts[2]?.id as string);
  assert.ok(journal !== null);
  const back = reversalOf(journal, newId());
  reversalId = back.id;
  const account = shop.account("merchant_available");
  await postNow(cell, cell, [back], [{ hold: "place", id: held, account, amount: 5n, sourceId: newId() }]);
});
after(() => cell.close());

const undone = new Error("the corruption was rolled back");

/** Corrupts the books, looks, and takes the corruption back. */
async function found(corruption: string, params: readonly unknown[]): Promise<string> {
  let details = "";
  const statement = sql(`test_ledger_corrupt_${newId()}`, corruption);
  const work = cell.transact(async (tx) => {
    assert.ok((await tx.run(statement, params)) > 0, "the corruption touched no row");
    const violations = await violationsOf({ ...cell, db: tx }, [shop.bookId, other.bookId]);
    details = violations.map((violation) => violation.detail).join("; ");
    throw undone;
  });
  await assert.rejects(work, undone);
  return details;
}

describe("the audit", () => {
  it("finds nothing in books that are right", async () => {
    assert.deepEqual(await violationsOf(cell, [shop.bookId, other.bookId]), []);
  });

  const available = () => [shop.account("merchant_available")];
  const cases: [string, string, () => unknown[], RegExp][] = [
    [
      "a balance changed by hand",
      "update accounts set balance = balance + 1 where id = $1",
      available,
      /its balance is/,
    ],
    [
      "money made from nothing",
      "update accounts set balance = balance + 1 where id = $1",
      available,
      /the balances sum to 1/,
    ],
    [
      "an amount changed by hand",
      "update entries set amount = amount - 1 where account_id = $1 and seq = 2",
      available,
      /the balance after it is .*sum to -1/,
    ],
    [
      "a balance after an entry changed by hand",
      "update entries set balance_after = balance_after + 1 where account_id = $1 and seq = 2",
      available,
      /the balance after it is/,
    ],
    [
      "an entry of nothing",
      "update entries set amount = 0 where account_id = $1 and seq = 1",
      available,
      /its amount is zero/,
    ],
    [
      "an entry lost in the middle",
      "delete from entries where account_id = $1 and seq = 2",
      available,
      /are missing since 1.*it has 1 of its 2 entries/,
    ],
    [
      "the first entry lost",
      "delete from entries where account_id = $1 and seq = 1",
      available,
      /missing since 0/,
    ],
    [
      "the last entry lost",
      "delete from entries where account_id = $1 and seq = 4",
      available,
      /its last entry 4 is missing/,
    ],
    [
      "an entry that the account does not know",
      `insert into entries (account_id, seq, journal_id, amount, balance_after, posted_at)
       select account_id, 5, journal_id, amount, balance_after, posted_at
       from entries where account_id = $1 and seq = 4`,
      available,
      /an entry 5 after its last one 4/,
    ],
    [
      "time that falls",
      "update entries set posted_at = posted_at - interval '1 day' where account_id = $1 and seq = 3",
      available,
      /earlier than the entry before it/,
    ],
    [
      "an entry of another instant than its journal",
      "update entries set posted_at = posted_at - interval '1 day' where account_id = $1 and seq = 1",
      available,
      /of another instant/,
    ],
    [
      "a last instant changed by hand",
      "update accounts set last_posted_at = last_posted_at + interval '1 s' where id = $1",
      available,
      /of another instant than it says/,
    ],
    ["a journal lost", "delete from journals where id = $1", () => [journalId], /does not exist/],
    [
      "a journal that forgot its entries",
      "update journals set entry_accounts = '{}', entry_seqs = '{}' where id = $1",
      () => [journalId],
      /does not name it.*it names no entries/,
    ],
    [
      "a journal moved to another book",
      "update journals set book_id = $2 where id = $1",
      () => [journalId, other.bookId],
      /of another book/,
    ],
    [
      "an entry moved to another journal",
      "update entries set journal_id = $2 where account_id = $1 and seq = 1",
      () => [...available(), journalId],
      /does not name it.*it has 1 of its 2 entries/,
    ],
    [
      "a reversal of another journal",
      "update journals set reversal_of = $2 where id = $1",
      () => [reversalId, reversalId],
      /not the opposite/,
    ],
    [
      "a hold forgotten by its account",
      "update accounts set held = 0 where id = $1",
      available,
      /it holds 0, its holds sum to 5/,
    ],
    ["a hold lost", "delete from holds where id = $1", () => [held], /it holds 5, its holds sum to 0/],
    [
      "books that owe each other different sums",
      "update accounts set balance = balance + 3 where id = $1",
      () => [shop.account("interbook")],
      /the interbook accounts sum to 3/,
    ],
    [
      "an account in another currency than its journals",
      "update accounts set currency = 'USD' where id = $1",
      available,
      /another book or currency/,
    ],
    [
      "real money booked on a memo account",
      "update accounts set code = 'memo_merchant_available' where id = $1",
      available,
      /mixes memo accounts/,
    ],
  ];
  for (const [title, corruption, params, expected] of cases) {
    it(`finds ${title}`, async () => {
      assert.match(await found(corruption, params()), expected);
    });
  }
});
