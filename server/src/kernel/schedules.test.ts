import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createMovableClock, type MovableClock } from "../../../tools/testing/clock.ts";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { HOUR, MINUTE, systemRandom } from "./clock.ts";
import { type Cell, openDatabase, sql } from "./database.ts";
import type { DueWorker } from "./due.ts";
import { createIdMaker } from "./ids.ts";
import { silentLog } from "./log.ts";
import { type Job, nextRun, startSchedules } from "./schedules.ts";

const log = silentLog();
const timeZone = "Asia/Shanghai";
const cron = "30 3 * * *";

const rowsSql = sql("test_schedules", "select name, due_at, began_at, ended_at from schedules order by name");
type Row = { name: string; dueAt: Date; beganAt: Date | null; endedAt: Date | null };

let database: TestDatabase;
let clock: MovableClock;
let cell: Cell;
let workers: DueWorker[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  clock = createMovableClock();
  const common = { clock, random: systemRandom };
  const opened = openDatabase({ url: database.url, schema: "cell_0", readersMax: 2, writersMax: 4, log });
  cell = { ...opened, ...common, cell: 0, newId: createIdMaker(common, 0) };
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
  await cell.close();
  await database.drop();
});

function start(run: Job["run"]): DueWorker {
  const worker = startSchedules({ cell, timeZone, log, jobs: [{ name: "test", cron, run }] });
  workers.push(worker);
  return worker;
}

const row = async () => (await cell.db.all<Row>(rowsSql))[0];

/** Looks until there is something; nobody waits for the gap between two looks of a worker. */
async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    for (const worker of workers) worker.nudge();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Moves to where the job is due. */
async function comeDue(): Promise<Row> {
  const present = await until(row);
  clock.advance(present.dueAt.getTime() - clock.now().getTime() + 1);
  return present;
}

describe("a job of the calendar", () => {
  test("is due at its time in the operator's zone", () => {
    const from = new Date("2026-11-20T19:29:59Z");
    assert.equal(nextRun(cron, timeZone, from).toISOString(), "2026-11-20T19:30:00.000Z");
    const at = new Date("2026-11-20T19:30:00Z");
    assert.equal(nextRun(cron, timeZone, at).toISOString(), "2026-11-21T19:30:00.000Z");
    assert.throws(() => nextRun("0 0 30 2 *", timeZone, from), /never comes/);
  });

  test("is done once each time, however many processes there are", async () => {
    let runs = 0;
    const run = async () => {
      runs += 1;
    };
    start(run);
    start(run);
    const { dueAt: first } = await comeDue();
    const second = await until(async () => {
      const present = await row();
      return present?.endedAt === null ? null : present;
    });
    assert.equal(second.dueAt.getTime(), first.getTime() + 24 * HOUR);
    await comeDue();
    await until(async () => ((await row())?.dueAt.getTime() ?? 0) > second.dueAt.getTime() + HOUR);
    assert.equal(runs, 2);
  });

  test("of a process that died is another's when its lease ends; a slow one renews it", async () => {
    const steps: string[] = [];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    start(async (goOn) => {
      steps.push("one began");
      await gates[0]?.promise;
      await goOn();
      steps.push("one went on");
      await gates[1]?.promise;
    });
    await comeDue();
    await until(async () => steps.length === 1);
    start(async () => {
      steps.push("another did it");
    });
    clock.advance(59 * MINUTE);
    gates[0]?.resolve();
    await until(async () => steps.length === 2);
    const renewed = await until(row);
    assert.ok(renewed.dueAt.getTime() > clock.now().getTime() + 59 * MINUTE);
    clock.advance(61 * MINUTE);
    await until(async () => steps.length === 3);
    assert.deepEqual(steps, ["one began", "one went on", "another did it"]);
    gates[1]?.resolve();
  });

  test("of a process that stops is due at once for another", async () => {
    const done = { began: false, byAnother: false };
    const gate = Promise.withResolvers<void>();
    const first = start(async (goOn) => {
      done.began = true;
      await gate.promise;
      await goOn();
      assert.fail("it went on");
    });
    await comeDue();
    await until(async () => done.began);
    const stopped = first.stop();
    gate.resolve();
    await stopped;
    assert.equal(first.gauges.failures, 0);
    start(async () => {
      done.byAnother = true;
    });
    await until(async () => done.byAnother);
  });

  test("that fails is tried again when its lease ends", async () => {
    let runs = 0;
    const worker = start(async () => {
      runs += 1;
      if (runs === 1) throw new Error("not today");
    });
    await comeDue();
    await until(async () => worker.gauges.failures === 1);
    clock.advance(60 * MINUTE + 1);
    await until(async () => runs === 2);
  });
});
