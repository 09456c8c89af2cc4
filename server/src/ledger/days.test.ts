import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type Clock, dateIn, HOUR, MINUTE, systemClock } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { silentLog } from "../kernel/log.ts";
import { cutOver, ensureDay, lockDay, openDay, startDayKeeper } from "./days.ts";
import { journalById } from "./reading.ts";
import { createTestCell, draftOf, move, openTestMerchant, postNow, type TestCell } from "./testing/books.ts";

const ZONE = "Asia/Shanghai";
const DATES_ALONG_ACCOUNTS = sql(
  "test_ledger_dates_along_accounts",
  `select count(*)::int as falls
   from (
     select j.accounting_date,
       lag(j.accounting_date) over (partition by e.account_id order by e.seq) as date_before
     from entries e
     join journals j on j.id = e.journal_id
   ) dates
   where accounting_date < date_before
   order by 1`,
);
const LATE = sql(
  "test_ledger_late_journals",
  `select count(*)::int as late
   from journals
   where accounting_date = $1
   order by 1`,
);

let cell: TestCell;
let now: Date;
const clock: Clock = { ...systemClock, now: () => now };
before(async () => {
  now = new Date("2031-03-01T02:00:00Z");
  cell = await createTestCell(clock);
});
after(() => cell.close());

it("opens the first day as the date in the operator's time zone, once", async () => {
  assert.deepEqual(await openDay(cell.db), { accountingDate: "2031-03-01" });
  now = new Date("2031-03-01T23:00:00Z");
  assert.deepEqual(await ensureDay(cell, ZONE), { accountingDate: "2031-03-01" });
});

it("waits at the cut-over for whoever is posting, and stamps the next day on all after", async () => {
  const shop = await openTestMerchant(cell);
  const lines = move(shop.account("channel_receivable"), shop.account("merchant_pending"), 1n);
  let cut: Promise<unknown> = Promise.resolve();
  let finished = false;
  await cell.transact(async (tx) => {
    await lockDay(tx, 0);
    cut = cutOver(cell, { from: "2031-03-01", to: "2031-03-02" }).then((end) => {
      finished = true;
      return end;
    });
    await systemClock.sleep(150);
    assert.equal(finished, false, "the day was cut over while somebody was posting");
  });
  assert.deepEqual(await cut, { result: "cut_over" });
  const draft = draftOf(shop.bookId, lines);
  await postNow(cell, cell, [draft]);
  assert.equal((await journalById(cell.db, draft.id))?.accountingDate, "2031-03-02");
});

it("cuts a day over once, and only to a later one", async () => {
  assert.deepEqual(await cutOver(cell, { from: "2031-03-01", to: "2031-03-03" }), {
    result: "not_open",
    open: "2031-03-02",
  });
  assert.throws(() => cutOver(cell, { from: "2031-03-02", to: "2031-03-02" }), RangeError);
});

it("adds no entry to a closed date while others post, and dates never fall along an account", async () => {
  const shop = await openTestMerchant(cell);
  const lines = move(shop.account("channel_receivable"), shop.account("merchant_pending"), 1n);
  const another = cell.another();
  let done = false;
  const posters = Array.from({ length: 4 }, async (_, index) => {
    let count = 0;
    for (; !done; count += 1) {
      await postNow(cell, index % 2 === 0 ? cell : another, [draftOf(shop.bookId, lines)]);
    }
    return count;
  });
  const counts: [string, number][] = [];
  for (let day = 2; day <= 9; day += 1) {
    const [from, to] = [`2031-03-0${day}`, day === 9 ? "2031-03-10" : `2031-03-0${day + 1}`];
    assert.deepEqual(await cutOver(cell, { from, to }), { result: "cut_over" });
    counts.push([from, (await cell.db.one<{ late: number }>(LATE, [from]))?.late ?? -1]);
    await systemClock.sleep(20);
  }
  done = true;
  const posted = await Promise.all(posters);
  assert.ok(posted.every((count) => count > 0));
  for (const [date, before] of counts) {
    assert.equal((await cell.db.one<{ late: number }>(LATE, [date]))?.late, before, `${date} gained entries`);
  }
  assert.deepEqual(await cell.db.one(DATES_ALONG_ACCOUNTS), { falls: 0 });
});

it("cuts over by itself when the business date has passed, over days without a process too", async () => {
  const waits: (() => void)[] = [];
  const stepped: Clock = {
    ...clock,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        waits.push(resolve);
        signal?.addEventListener("abort", () => resolve());
      }),
  };
  now = new Date("2031-03-10T12:00:00Z");
  const keeper = startDayKeeper({ ...cell, clock: stepped }, ZONE, silentLog());
  const look = async () => {
    while (waits.length === 0) await systemClock.sleep(2);
    return (await openDay(cell.db))?.accountingDate;
  };
  assert.equal(await look(), "2031-03-10");
  now = new Date(now.getTime() + 4 * HOUR - MINUTE);
  waits.shift()?.();
  assert.equal(await look(), "2031-03-10");
  now = new Date("2031-03-13T16:00:00Z");
  assert.equal(dateIn(ZONE, now), "2031-03-14");
  waits.shift()?.();
  assert.equal(await look(), "2031-03-14");
  await keeper.stop();
});

it("says so when a cell posts before its first day", async () => {
  const tx = cell.transact(async (inside) => {
    await inside.run(sql("test_ledger_no_days", "delete from days"));
    return lockDay(inside, 0);
  });
  await assert.rejects(tx, /no open accounting day/);
});
