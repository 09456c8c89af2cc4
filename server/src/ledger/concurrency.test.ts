import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Database } from "../kernel/database.ts";
import { naturalOf } from "./chart.ts";
import type { JournalDraft, PostResult } from "./model.ts";
import { accountView, journalsOfSources } from "./reading.ts";
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
let processes: Database[];
before(async () => {
  cell = await createTestCell();
  processes = [cell.another(), cell.another()];
});
after(() => cell.close());

const LANES = 3;

/** Each process carries out its calls in its own order, several at a time. */
async function race(calls: readonly (readonly (readonly JournalDraft[])[])[]): Promise<PostResult[][]> {
  return await Promise.all(
    processes.map(async (database, index) => {
      const waiting = [...(calls[index] ?? [])];
      const results: PostResult[] = [];
      const lane = async () => {
        for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
          results.push(...(await postNow(cell, database, call)).journals);
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return results;
    }),
  );
}

function deadlocks(): number {
  return processes.reduce((sum, database) => sum + database.counters.deadlocks, 0);
}

it("lets two processes post over the same accounts in opposite orders: no deadlock, each once", async () => {
  const shops = await Promise.all(Array.from({ length: 8 }, () => openTestMerchant(cell)));
  const earn = (shop: TestMerchant, amount: bigint) =>
    draftOf(shop.bookId, [
      ...move(shop.account("channel_receivable"), shop.account("merchant_pending"), amount),
      ...move(shop.account("merchant_pending"), shop.account("fee_income"), 1n),
    ]);
  const calls = Array.from({ length: 40 }, () => shops.map((shop) => earn(shop, 100n)));
  const results = await race([calls, calls.map((call) => call.toReversed()).toReversed()]);
  assert.equal(deadlocks(), 0);
  const posted = results.flat().filter((found) => found.result === "posted").length;
  assert.equal(posted, 40 * 8, "each of the journals was posted by one of the two");
  for (const shop of shops) {
    const pending = await accountView(cell.db, shop.account("merchant_pending"));
    assert.equal(pending?.balance, -40n * 99n);
    assert.equal(pending?.lastSeq, 80n);
  }
  assert.deepEqual(
    await violationsOf(
      cell,
      shops.map((shop) => shop.bookId),
    ),
    [],
  );
});

it("never lets many at once take more than is there", async () => {
  const shop = await openTestMerchant(cell);
  const available = shop.account("merchant_available");
  await postNow(cell, cell, [
    draftOf(shop.bookId, move(shop.account("channel_receivable"), available, 1_000n)),
  ]);
  const take = () =>
    draftOf(shop.bookId, move(available, shop.account("payout_clearing"), 30n), { kind: "payout_sent" });
  const calls = () => Array.from({ length: 15 }, () => [take(), take()]);
  const results = (await race([calls(), calls()])).flat();
  assert.equal(results.filter((found) => found.result === "posted").length, 33);
  const left = await accountView(cell.db, available);
  assert.equal(left && naturalOf("merchant_available", left.balance), 10n);
  assert.equal(deadlocks(), 0);
  assert.deepEqual(await violationsOf(cell, [shop.bookId]), []);
});

it("books one journal when a hundred ask for the same source at the same instant", async () => {
  const shop = await openTestMerchant(cell);
  const first = draftOf(
    shop.bookId,
    move(shop.account("channel_receivable"), shop.account("merchant_pending"), 5n),
  );
  const calls = () => Array.from({ length: 50 }, () => [{ ...first, id: newId() }]);
  const results = (await race([calls(), calls()])).flat();
  const posted = results.filter((found) => found.result === "posted");
  assert.equal(posted.length, 1);
  const journals = await journalsOfSources(cell.db, shop.bookId, [first.sourceId]);
  assert.deepEqual(
    journals.map((journal) => journal.id),
    posted.map((found) => found.result === "posted" && found.journalId),
  );
  assert.equal((await accountView(cell.db, shop.account("merchant_pending")))?.balance, -5n);
});
