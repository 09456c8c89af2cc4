import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { DAY, HOUR, MINUTE, plus, startOfDate } from "../kernel/clock.ts";
import { createLog } from "../kernel/log.ts";
import { ensureDay } from "../ledger/index.ts";
import { createTestCell, type TestCell } from "../ledger/testing/books.ts";
import { LEASE_MS } from "./advance.ts";
import { alarmsOf, createAlarms } from "./alarms.ts";
import type { Unclosed } from "./alarms-store.ts";
import type { StepEnd } from "./model.ts";
import { createDayClose } from "./service.ts";
import { cutOverNext } from "./testing/cut-over.ts";
import { nightlyClose } from "./worker.ts";

const ZONE = "Asia/Shanghai";
const DATE = "2031-05-06";
const MIDNIGHT = startOfDate(ZONE, "2031-05-07");
const BY_CALENDAR = { timeZone: ZONE, closeAt: "00:10" };
const BY_PEOPLE = { timeZone: ZONE, closeAt: null };

const unclosed: Unclosed = {
  accountingDate: DATE,
  closedAt: plus(MIDNIGHT, 300),
  state: null,
  dueAt: null,
  step: null,
  detail: null,
  failedSince: null,
  isAnyUnderWay: false,
};
const begun: Unclosed = { ...unclosed, state: "waiting", step: "statements", detail: "the statements of A" };

/** Minutes after the end of the date at which each alarm is first there; looked at every five. */
function firstMinutes(date: Unclosed, calendar: typeof BY_CALENDAR | typeof BY_PEOPLE) {
  const first: Record<string, number> = {};
  for (let minute = 0; minute <= (2 * DAY) / MINUTE; minute += 5) {
    for (const { what } of alarmsOf([date], plus(MIDNIGHT, minute * MINUTE), calendar))
      first[what] ??= minute;
  }
  return first;
}

describe("an alarm of a close", () => {
  it("that did not begin comes an hour after its time, or at two where people begin it", () => {
    assert.deepEqual(firstMinutes(unclosed, BY_CALENDAR), { not_begun: 70 });
    assert.deepEqual(firstMinutes(unclosed, { ...BY_CALENDAR, closeAt: "03:30" }), { not_begun: 270 });
    assert.deepEqual(firstMinutes(unclosed, BY_PEOPLE), { not_begun: 14 * 60 });
  });

  it("that did not begin counts from a cut-over that came late, and says when there was none", () => {
    const late = { ...unclosed, closedAt: plus(MIDNIGHT, 5 * HOUR) };
    assert.deepEqual(firstMinutes(late, BY_CALENDAR), { not_begun: 360 });
    const [alarm] = alarmsOf([{ ...unclosed, closedAt: null }], plus(MIDNIGHT, 2 * HOUR), BY_CALENDAR);
    assert.match(alarm?.remedy ?? "", /not cut over/);
  });

  it("that is not done comes four hours after the last wait for statements, with its step", () => {
    assert.deepEqual(firstMinutes(begun, BY_CALENDAR), { not_done: 18 * 60 });
    assert.deepEqual(firstMinutes(begun, { ...BY_CALENDAR, closeAt: "22:00" }), { not_done: 26 * 60 });
    const [alarm] = alarmsOf([begun], plus(MIDNIGHT, DAY), BY_PEOPLE);
    assert.deepEqual(
      [alarm?.what, alarm?.step, alarm?.detail],
      ["not_done", "statements", "the statements of A"],
    );
  });

  it("that stands still comes a quarter of an hour after it was due, unless another is carried on", () => {
    const due = { ...begun, state: "running", dueAt: plus(MIDNIGHT, HOUR) } as const;
    assert.equal(firstMinutes(due, BY_CALENDAR).stuck, 75);
    const at = plus(MIDNIGHT, 2 * HOUR);
    assert.deepEqual(alarmsOf([{ ...due, isAnyUnderWay: true }], at, BY_CALENDAR), []);
  });
});

const clock = createMovableClock();
let cell: TestCell;
before(async () => {
  cell = await createTestCell(clock);
  await ensureDay(cell, ZONE);
});
after(() => cell.close());

const closedDate = () => cutOverNext(cell, clock);

/** A process that closes days in one step; what it logged, by level. */
function openProcess(closeAt: string | null, work: () => Promise<StepEnd>) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => lines.push(JSON.parse(line));
  const log = createLog({ level: "info", readable: false, write });
  const alarms = createAlarms({ cell, log, timeZone: ZONE, closeAt });
  const operators = { auditAlone: async () => undefined };
  const steps = [{ name: "only", title: "Do it", work }];
  const close = createDayClose({ cell, operators, log, steps, alarms, onDue: () => {} });
  const jobs = nightlyClose({ dayClose: close, alarms, log, closeAt });
  const told = (level: string) => lines.splice(0).filter((line) => line.level === level);
  return { close, alarms, told, late: jobs.find(({ name }) => name === "dayclose_late") };
}

const done = async (): Promise<StepEnd> => ({ end: "done", detail: "", result: {} });

async function carryOn({ close }: ReturnType<typeof openProcess>, date: string): Promise<void> {
  const [run] = await close.claim(10);
  assert.equal(run?.accountingDate, date);
  await close.advance(run, () => false);
}

describe("alarms", () => {
  it("are said once an hour by one of several processes, also where no calendar begins closes", async () => {
    const [one, other] = [openProcess(null, done), openProcess(null, done)];
    assert.ok(one.late !== undefined, "the calendar looks for alarms though it begins nothing");
    const date = await closedDate();
    await one.alarms.say();
    assert.deepEqual(one.told("error"), []);
    clock.advance(14 * HOUR);
    const said = async () => {
      await Promise.all([one.alarms.say(), other.alarms.say()]);
      return [...one.told("error"), ...other.told("error")];
    };
    const [alarm, ...more] = await said();
    assert.deepEqual(more, [], "both said it");
    assert.deepEqual([alarm?.alarm, alarm?.accountingDate, alarm?.days], ["not_begun", date, 1]);
    assert.match(String(alarm?.remedy), new RegExp(`npm run close -- --date ${date}`));
    assert.ok(Date.parse(String(alarm?.since)) <= clock.now().getTime());
    clock.advance(HOUR - MINUTE);
    assert.deepEqual(await said(), []);
    clock.advance(MINUTE);
    assert.equal((await said()).length, 1);

    await one.close.request(date, null);
    await carryOn(one, date);
    assert.deepEqual(await one.close.alarms.now(), []);
    one.told("");
    await one.alarms.say();
    const over = one.told("info");
    assert.deepEqual([over.length, over[0]?.accountingDate], [1, date], "and once that it is over");
    await other.alarms.say();
    assert.deepEqual(other.told("info"), []);
  });

  it("say that a step fails at once and an hour later, until it does not", async () => {
    let fails = true;
    const process = openProcess("00:10", async () => {
      if (fails) throw new Error("no disk");
      return done();
    });
    const date = await closedDate();
    await process.close.request(date, null);
    await carryOn(process, date);
    const [alarm, ...more] = process.told("error");
    assert.deepEqual(more, []);
    assert.deepEqual([alarm?.alarm, alarm?.step, alarm?.detail], ["failed", "only", "no disk"]);
    const shown = await process.close.get(date);
    assert.deepEqual([shown.alarms.map(({ what }) => what), shown.run.state], [["failed"], "failing"]);
    const [listed] = await process.close.list(null, 1);
    assert.deepEqual(listed?.alarms, shown.alarms);

    clock.advance(MINUTE);
    await carryOn(process, date);
    const again = process.told("warn");
    assert.equal(again.length, 1, "each try is told, though not as an alarm");
    clock.advance(HOUR);
    await carryOn(process, date);
    const [later] = process.told("error");
    assert.deepEqual([later?.alarm, later?.since], ["failed", alarm?.since]);

    fails = false;
    clock.advance(LEASE_MS);
    await carryOn(process, date);
    assert.deepEqual(await process.close.alarms.now(), []);
  });

  it("say of many dates that did not begin the earliest, with how many there are", async () => {
    const process = openProcess("00:10", done);
    const dates = [await closedDate(), await closedDate(), await closedDate()];
    clock.advance(2 * HOUR);
    await process.alarms.say();
    const said = process.told("error");
    assert.deepEqual([said.length, said[0]?.accountingDate, said[0]?.days], [1, dates[0], 3]);
    assert.equal((await process.close.alarms.now()).length, 3);
    for (const date of dates) {
      await process.close.request(date, null);
      await carryOn(process, date);
    }
  });
});
