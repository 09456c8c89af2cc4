import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { DAY, dateIn, HOUR, plus, startOfDate } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { shiftDate } from "../kernel/dates.ts";
import { createLog } from "../kernel/log.ts";
import { ensureDay } from "../ledger/index.ts";
import { createTestCell, type TestCell } from "../ledger/testing/books.ts";
import { type Alarm, createAlarms } from "./alarms.ts";
import type { StepEnd } from "./model.ts";
import { createDayClose } from "./service.ts";
import * as store from "./store.ts";

const ZONE = "Asia/Shanghai";
const clock = createMovableClock();
let cell: TestCell;
beforeEach(async () => {
  await cell?.close();
  // At eight in the evening, when each date before is late.
  const midnight = startOfDate(ZONE, dateIn(ZONE, plus(clock.now(), DAY)));
  clock.advance(midnight.getTime() - clock.now().getTime() + 20 * HOUR);
  cell = await createTestCell(clock);
  await ensureDay(cell, ZONE);
});
after(() => cell.close());

const daysSql = sql(
  "test_days",
  `insert into days (accounting_date, opened_at, closed_at)
   select d, d - interval '1 day', d
   from generate_series($1::date, $2::date, interval '1 day') as d`,
);

/** Books of so many dates before today, all cut over. */
async function booksOf(dates: number): Promise<(ago: number) => string> {
  const today = dateIn(ZONE, clock.now());
  const ago = (days: number) => shiftDate(today, -days);
  await cell.transact((tx) => tx.run(daysSql, [ago(dates), ago(1)]));
  return ago;
}

/** A process without a calendar, whose only step fails; what it said as errors. */
function openProcess() {
  const said: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const told = JSON.parse(line);
    if (told.level === "error") said.push(told);
  };
  const log = createLog({ level: "info", readable: false, write });
  const alarms = createAlarms({ cell, log, timeZone: ZONE, closeAt: null });
  const operators = { auditAlone: async () => undefined };
  const work = (): Promise<StepEnd> => Promise.reject(new Error("no disk"));
  const steps = [{ name: "only", title: "Do it", work }];
  const close = createDayClose({ cell, operators, log, steps, alarms, onDue: () => {} });
  return { close, alarms, said };
}

/** Begins the run of a date alone; nobody asks for those before it. */
async function begin(date: string): Promise<void> {
  const now = clock.now();
  const run = {
    id: cell.newId(),
    accountingDate: date,
    state: "running",
    withoutStatements: false,
    requestedBy: null,
    requestedAt: now,
    dueAt: now,
    endedAt: null,
  } as const;
  await cell.transact(async (tx) => {
    await store.insertRun(tx, run);
    await store.insertSteps(tx, run.id, ["only"]);
  });
}

const textsOf = (alarms: readonly Alarm[]) =>
  alarms.map(({ accountingDate, what }) => `${accountingDate} ${what}`);

describe("alarms of many dates", () => {
  it("are none of dates before the first that has a run, and of the newest two while none has", async () => {
    const ago = await booksOf(1_200);
    const { alarms, close } = openProcess();
    const newest = [`${ago(1)} not_begun`, `${ago(2)} not_begun`];
    assert.deepEqual(textsOf(await alarms.now()), newest);
    await begin(ago(3));
    assert.deepEqual(textsOf(await alarms.now()), [`${ago(3)} not_done`, ...newest]);
    const listed = await close.list(null, 5);
    assert.deepEqual(
      listed.map((day) => day.alarms.length),
      [1, 1, 1, 0, 0],
    );
  });

  it("say one that fails today, and one that fails long ago, whatever number has not begun", async () => {
    const ago = await booksOf(1_200);
    const { alarms, close, said } = openProcess();
    for (const date of [ago(1_200), ago(1)]) await begin(date);
    for (const run of await close.claim(2)) await close.advance(run, () => false);
    await alarms.say();
    const failing = said.filter(({ alarm }) => alarm === "failed");
    assert.deepEqual([failing.length, failing[0]?.msg], [1, "a step of a day's close fails"]);
    const all = (await alarms.now()).filter(({ what }) => what === "failed");
    assert.deepEqual(textsOf(all), [`${ago(1)} failed`, `${ago(1_200)} failed`]);
    const { alarms: shown } = await close.get(ago(1));
    assert.deepEqual(textsOf(shown), [`${ago(1)} failed`, `${ago(1)} not_done`]);
  });

  it("are read page by page, the newest date first, each once", async () => {
    const ago = await booksOf(250);
    const { alarms } = openProcess();
    await begin(ago(250));
    const read: Alarm[] = [];
    for (let before: string | null = null, pages = 0; pages === 0 || before !== null; pages += 1) {
      const page = await alarms.page(before, 100);
      assert.ok(page.alarms.length <= 101 && pages < 4);
      read.push(...page.alarms);
      before = page.through;
    }
    const dates = read.map(({ accountingDate }) => accountingDate);
    assert.deepEqual(dates, dates.toSorted().toReversed());
    assert.equal(new Set(dates).size, 250);
    assert.equal(new Set(textsOf(read)).size, read.length);
  });
});
