import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { silentLog } from "../kernel/log.ts";
import { ensureDay } from "../ledger/index.ts";
import { createTestCell, type TestCell } from "../ledger/testing/books.ts";
import { LEASE_MS } from "./advance.ts";
import type { StepWork } from "./model.ts";
import { createDayClose, type DayClose } from "./service.ts";
import { cutOverNext } from "./testing/cut-over.ts";

const ZONE = "Asia/Shanghai";
const clock = createMovableClock();
let cell: TestCell;
before(async () => {
  cell = await createTestCell(clock);
  await ensureDay(cell, ZONE);
});
after(() => cell.close());

const closedDate = () => cutOverNext(cell, clock);

const IN_TURN = { first: undefined, second: undefined, third: undefined };
/** What depends on a channel, what does not, and what comes after both. */
const APART = { first: undefined, channel: ["first"], apart: ["first"], last: ["channel", "apart"] };

type Effect = (date: string) => Promise<"done" | "waits">;

/** Steps that note what they do, in parts between which the process may stop. */
function scene(
  parts: number,
  effects: Readonly<Record<string, Effect>> = {},
  order: Readonly<Record<string, readonly string[] | undefined>> = IN_TURN,
) {
  const did: string[] = [];
  const step = ([name, after]: [string, readonly string[] | undefined]): StepWork => ({
    name,
    title: name,
    ...(after && { after }),
    work: async (date, { goOn }) => {
      for (let part = 0; part < parts; part += 1) {
        await goOn({ done: BigInt(part), left: BigInt(parts - part) });
        if (!did.includes(`${name} ${part}`)) did.push(`${name} ${part}`);
      }
      if ((await effects[name]?.(date)) === "waits") return { end: "waiting", waitsFor: "somebody" };
      return { end: "done", detail: `${name} is done`, result: { parts: BigInt(parts) } };
    },
  });
  const steps = Object.entries(order).map(step);
  const operators = { auditAlone: async () => undefined };
  const none = async () => [];
  const page = async () => ({ alarms: [], through: null });
  const alarms = { now: none, of: none, page, say: async () => {} };
  const close = createDayClose({ cell, operators, log: silentLog(), steps, alarms, onDue: () => {} });
  return { close, did };
}

async function claimed(close: DayClose, date: string) {
  const runs = await close.claim(10);
  const run = runs.find(({ accountingDate }) => accountingDate === date);
  assert.ok(run !== undefined, `the run of ${date} is not due`);
  return run;
}

const states = async (close: DayClose, date: string) => {
  const { run, steps } = await close.get(date);
  return [run.state, ...steps.map(({ state }) => state)].join(" ");
};

const never = () => false;
const END = "update close_runs set state = 'done', due_at = null, ended_at = requested_at where id = $1";

describe("a run of the close", () => {
  it("stopped at every one of its parts is done by the next process, each part once", async () => {
    const parts = 3;
    // One stop more than there are places to stop at: the last one finds nothing to stop.
    for (let stopAt = 1, wasStopped = true; wasStopped; stopAt += 1) {
      const date = await closedDate();
      const { close, did } = scene(parts);
      await close.request(date, null);
      let asked = 0;
      const stop = () => {
        asked += 1;
        return asked === stopAt;
      };
      await close.advance(await claimed(close, date), stop);
      wasStopped = asked >= stopAt;
      if (wasStopped) {
        assert.match(await states(close, date), /^running/, "it is due at once for another process");
        await close.advance(await claimed(close, date), never);
      }
      assert.equal(await states(close, date), "done done done done");
      const all = ["first", "second", "third"].flatMap((name) => [0, 1, 2].map((part) => `${name} ${part}`));
      assert.deepEqual(did, all);
    }
  });

  it("begins with those of the days before that nobody has begun", async () => {
    const [before, date] = [await closedDate(), await closedDate()];
    const { close } = scene(1);
    await close.request(date, null);
    const runs = await close.claim(10);
    assert.deepEqual(runs.map(({ accountingDate }) => accountingDate).toSorted(), [before, date]);
    for (const run of runs) await close.advance(run, never);
  });

  it("of a process that died is another's when its lease ends", async () => {
    const date = await closedDate();
    const { close } = scene(1);
    await close.request(date, null);
    await claimed(close, date);
    assert.deepEqual(await close.claim(10), []);
    clock.advance(LEASE_MS);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "done done done done");
  });

  it("of two processes is one run: what is done stays done, and its end is written once", async () => {
    const date = await closedDate();
    const reached = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let holds = true;
    const { close } = scene(1, {
      second: async () => {
        if (holds) {
          holds = false;
          reached.resolve();
          await held.promise;
        }
        return "done";
      },
    });
    await close.request(date, null);
    const slow = close.advance(await claimed(close, date), never);
    await reached.promise;
    clock.advance(LEASE_MS);
    await close.advance(await claimed(close, date), never);
    const { run: ended } = await close.get(date);
    assert.equal(ended.state, "done");
    held.resolve();
    await slow;
    assert.deepEqual((await close.get(date)).run, ended);
    assert.equal(await states(close, date), "done done done done");
  });

  it("that waits is looked at again a minute later, or when somebody asks", async () => {
    const date = await closedDate();
    let isThere = false;
    const { close, did } = scene(1, { second: async () => (isThere ? "done" : "waits") });
    await close.request(date, null);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "waiting done waiting expected");
    assert.deepEqual(await close.claim(10), []);
    isThere = true;
    clock.advance(MINUTE);
    await claimed(close, date);
    clock.advance(LEASE_MS);
    const asked = await close.request(date, null, { withoutStatements: true });
    assert.deepEqual([asked.made, asked.run.withoutStatements], [false, true]);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "done done done done");
    assert.deepEqual(did, ["first 0", "second 0", "third 0"]);
  });

  it("whose step fails says why, and tries it again less and less often", async () => {
    const date = await closedDate();
    let failures = 0;
    const { close } = scene(1, {
      second: async () => {
        if (failures === 3) return "done";
        failures += 1;
        throw new Error(`the engine died ${failures} times`);
      },
    });
    await close.request(date, null);
    const pauses: number[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      await close.advance(await claimed(close, date), never);
      const { run, steps } = await close.get(date);
      assert.equal(run.state, "failing");
      assert.equal(steps[1]?.detail, `the engine died ${tries + 1} times`);
      const pause = (run.dueAt?.getTime() ?? 0) - clock.now().getTime();
      pauses.push(Math.ceil(pause / 1_000));
      clock.advance(pause);
    }
    assert.deepEqual(pauses, [10, 20, 40]);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "done done done done");
  });

  it("goes on with what does not depend on a step that waits, then with what comes after both", async () => {
    const date = await closedDate();
    let isThere = false;
    const { close, did } = scene(1, { channel: async () => (isThere ? "done" : "waits") }, APART);
    await close.request(date, null);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "waiting done waiting done expected");
    isThere = true;
    clock.advance(MINUTE);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "done done done done done");
    assert.deepEqual(did.toSorted(), ["apart 0", "channel 0", "first 0", "last 0"]);
  });

  it("does two steps at the same time where neither comes after the other", async () => {
    const date = await closedDate();
    const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const meets = (mine: PromiseWithResolvers<void>, theirs: PromiseWithResolvers<void>) => async () => {
      mine.resolve();
      await theirs.promise;
      return "done" as const;
    };
    const { close } = scene(1, { channel: meets(one, other), apart: meets(other, one) }, APART);
    await close.request(date, null);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "done done done done done");
  });

  it("is failing where one step failed and another waits, and due when the first of them is", async () => {
    const date = await closedDate();
    const fails = async () => {
      throw new Error("no disk");
    };
    const { close } = scene(1, { channel: async () => "waits", apart: fails }, APART);
    await close.request(date, null);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "failing done waiting failed expected");
    const { run } = await close.get(date);
    const pause = (run.dueAt?.getTime() ?? 0) - clock.now().getTime();
    assert.equal(Math.ceil(pause / SECOND), 10);
    // Nobody mends it: it would be due in the tests that follow.
    await cell.transact((tx) => tx.run(sql("close_test_end", END), [run.id]));
  });

  it("that an older program began, without a step of today's, does each of its own in its turn", async () => {
    const date = await closedDate();
    let isThere = false;
    const effects: Record<string, Effect> = { first: async () => (isThere ? "done" : "waits") };
    const older = scene(1, {}, { first: undefined, last: undefined });
    await older.close.request(date, null);
    const { close, did } = scene(1, effects, { first: undefined, added: ["first"], last: ["added"] });
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "waiting waiting expected");
    isThere = true;
    clock.advance(MINUTE);
    await close.advance(await claimed(close, date), never);
    assert.equal(await states(close, date), "done done done");
    assert.deepEqual(did, ["first 0", "last 0"]);
  });

  for (const withoutStatements of [true, false]) {
    const how = withoutStatements ? "to go on" : "again";
    it(`is due at once where somebody asked ${how} while another step was still under way`, async () => {
      const date = await closedDate();
      let wish = async () => {};
      const { close } = scene(
        1,
        {
          channel: async () => "waits",
          apart: async () => {
            await wish();
            return "done";
          },
        },
        APART,
      );
      wish = async () => {
        const isResting = async () => (await close.get(date)).steps[1]?.state === "waiting";
        while (!(await isResting())) await sleep(5);
        await close.request(date, null, { withoutStatements });
      };
      await close.request(date, null);
      await close.advance(await claimed(close, date), never);
      const { run } = await close.get(date);
      assert.deepEqual([run.state, run.withoutStatements], ["waiting", withoutStatements]);
      assert.ok(run.dueAt !== null && run.dueAt <= clock.now());
      await cell.transact((tx) => tx.run(sql("close_test_end", END), [run.id]));
    });
  }

  it("whose steps wait for each other is an error, and not done", async () => {
    const date = await closedDate();
    const { close } = scene(1, {}, { first: undefined, second: ["third"], third: ["second"] });
    await close.request(date, null);
    await assert.rejects(close.advance(await claimed(close, date), never), /wait for each other/);
    assert.equal(await states(close, date), "running done expected expected");
    const { run } = await close.get(date);
    await cell.transact((tx) => tx.run(sql("close_test_end", END), [run.id]));
  });

  it("is begun once for a date, however many ask at once", async () => {
    const date = await closedDate();
    const { close } = scene(1);
    const asked = await Promise.all(Array.from({ length: 8 }, () => close.request(date, null)));
    assert.equal(asked.filter(({ made }) => made).length, 1);
    assert.equal(new Set(asked.map(({ run }) => run.id)).size, 1);
    assert.equal((await close.get(date)).steps.length, 3);
    await close.advance(await claimed(close, date), never);
  });
});
