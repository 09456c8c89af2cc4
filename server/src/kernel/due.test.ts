import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { plus } from "./clock.ts";
import { type DueOptions, type DueWorker, startDueWorker } from "./due.ts";
import { silentLog } from "./log.ts";

const HOUR_MS = 3_600_000;
const LEASE_MS = 60_000;

type Row = { readonly id: number; dueAt: Date };

let workers: DueWorker[] = [];
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
});

/** Rows with due times, as a table would hold them, and a worker over them. Nothing looks twice by itself. */
function scene(changes: Partial<DueOptions<Row>> = {}) {
  const clock = createMovableClock();
  const rows: Row[] = [];
  const handled: number[] = [];
  const asked: number[] = [];
  const options: DueOptions<Row> = {
    name: "test",
    clock,
    log: silentLog(),
    claim: async (limit) => {
      asked.push(limit);
      const due = rows.filter(({ dueAt }) => dueAt <= clock.now()).slice(0, limit);
      for (const row of due) row.dueAt = plus(clock.now(), LEASE_MS);
      return due;
    },
    handle: async (row) => {
      handled.push(row.id);
      rows.splice(rows.indexOf(row), 1);
    },
    concurrencyMax: 4,
    idleMs: HOUR_MS,
    ...changes,
  };
  const start = () => {
    const worker = startDueWorker(options);
    workers.push(worker);
    return worker;
  };
  const add = (...ids: number[]) => rows.push(...ids.map((id) => ({ id, dueAt: clock.now() })));
  return { clock, rows, handled, asked, add, start };
}

/** Waits for a condition over turns of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000; turns += 1) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail("it did not come to pass");
}

/** Long enough for whatever would happen to happen. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A handler whose rows stay in hand until let go. */
function held() {
  const inHand = new Map<number, PromiseWithResolvers<void>>();
  let most = 0;
  return {
    ids: () => [...inHand.keys()],
    most: () => most,
    handle: async (row: Row) => {
      const gate = Promise.withResolvers<void>();
      inHand.set(row.id, gate);
      most = Math.max(most, inHand.size);
      await gate.promise;
      inHand.delete(row.id);
    },
    letGo: (id: number) => inHand.get(id)?.resolve(),
    drop: (id: number, error: unknown) => inHand.get(id)?.reject(error),
  };
}

describe("a worker over due rows", () => {
  it("that was given more than it asked for rests until it has places again", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { handled, add, start } = scene({
      claim: async () => (handled.length > 0 ? [] : rows.splice(0)),
      handle: async ({ id }) => {
        handled.push(id);
        await held;
      },
      concurrencyMax: 1,
    });
    const rows = [1, 2].map((id) => ({ id, dueAt: new Date(0) }));
    add();
    start();
    // Without a rest nothing else of the process would ever run.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(handled, [1, 2]);
    release();
  });

  it("does what is due at its start without waiting, to the last row", async () => {
    const { start, add, handled } = scene();
    add(...Array.from({ length: 30 }, (_, id) => id));
    const worker = start();
    await until(() => handled.length === 30);
    assert.deepEqual(
      handled.toSorted((a, b) => a - b),
      Array.from({ length: 30 }, (_, id) => id),
    );
    await settle();
    assert.deepEqual({ ...worker.gauges }, { inFlight: 0, claimed: 30, failures: 0 });
  });

  it("rests when nothing is due, and looks again after the idle gap", async () => {
    const { start, add, handled, asked, clock } = scene();
    start();
    await settle();
    assert.deepEqual(asked, [4], "it looked again although nothing was due");
    add(1);
    await settle();
    assert.deepEqual(handled, []);
    clock.advance(HOUR_MS);
    await until(() => handled.length === 1);
  });

  it("looks at once when it is nudged", async () => {
    const { start, add, handled } = scene();
    const worker = start();
    await settle();
    for (let id = 1; id <= 3; id += 1) {
      add(id);
      worker.nudge();
      await until(() => handled.length === id);
      await settle();
    }
  });

  it("does not lose a nudge that comes while it is looking", async () => {
    const { clock, handled } = scene();
    const look = Promise.withResolvers<readonly Row[]>();
    const looks: (() => Promise<readonly Row[]>)[] = [
      () => look.promise,
      async () => [{ id: 1, dueAt: clock.now() }],
    ];
    const { start } = scene({
      clock,
      claim: () => looks.shift()?.() ?? Promise.resolve([]),
      handle: async (row) => {
        handled.push(row.id);
      },
    });
    const worker = start();
    await settle();
    worker.nudge();
    look.resolve([]);
    await until(() => handled.length === 1);
  });

  it("claims no more than it has free places for, and never has more in hand", async () => {
    const hands = held();
    const { start, add, asked } = scene({ handle: hands.handle, concurrencyMax: 3 });
    add(1, 2, 3, 4, 5, 6, 7);
    const worker = start();
    await until(() => hands.ids().length === 3);
    await settle();
    assert.deepEqual(asked, [3]);
    worker.nudge();
    await settle();
    assert.deepEqual(asked, [3], "it asked for rows although every place was taken");
    hands.letGo(2);
    await until(() => hands.ids().includes(4));
    assert.deepEqual(asked, [3, 1]);
    hands.letGo(1);
    hands.letGo(3);
    await until(() => hands.ids().length === 3);
    for (let id = 4; id <= 7; id += 1) {
      await until(() => hands.ids().includes(id));
      hands.letGo(id);
    }
    await until(() => worker.gauges.inFlight === 0);
    assert.equal(hands.most(), 3);
    assert.equal(worker.gauges.claimed, 7);
  });

  it("leaves a leased row alone until its lease ends, then does it again", async () => {
    const tries: number[] = [];
    const { start, add, clock } = scene({
      handle: async (row) => {
        tries.push(row.id);
        throw new Error("the process died, as far as the row can tell");
      },
    });
    add(1);
    const worker = start();
    await until(() => tries.length === 1);
    worker.nudge();
    await settle();
    clock.advance(LEASE_MS - 5_000);
    worker.nudge();
    await settle();
    assert.deepEqual(tries, [1]);
    clock.advance(5_000);
    worker.nudge();
    await until(() => tries.length === 2);
  });

  const failing: [name: string, handle: (row: Row) => Promise<void>][] = [
    ["rejects", async () => Promise.reject(new Error("no"))],
    [
      "throws before it gives a promise",
      () => {
        throw new Error("at once");
      },
    ],
    ["throws nothing at all", async () => Promise.reject(undefined)],
  ];
  for (const [name, handle] of failing) {
    it(`counts a row whose handler ${name}, and goes on with the others`, async () => {
      const handled: number[] = [];
      const { start, add } = scene({
        concurrencyMax: 2,
        handle: async (row) => {
          if (row.id % 2 === 1) return handle(row);
          handled.push(row.id);
        },
      });
      add(1, 2, 3, 4, 5, 6);
      const worker = start();
      await until(() => handled.length === 3 && worker.gauges.failures === 3);
      assert.equal(worker.gauges.inFlight, 0);
    });

    it(`survives a handler that ${name} by itself`, async () => {
      const { start, add } = scene({ concurrencyMax: 1, handle });
      add(1, 2, 3);
      const worker = start();
      await until(() => worker.gauges.failures === 3);
    });
  }

  it("survives looks that fail, and looks again after the gap or a nudge", async () => {
    let failuresLeft = 2;
    const { start, handled, clock } = scene({
      claim: async () => {
        if (failuresLeft === 0) return [];
        failuresLeft -= 1;
        throw new Error("the database is away");
      },
    });
    const worker = start();
    await settle();
    assert.equal(worker.gauges.failures, 1, "it hammered a database that is away");
    clock.advance(HOUR_MS);
    await until(() => worker.gauges.failures === 2);
    worker.nudge();
    await settle();
    assert.equal(failuresLeft, 0);
    assert.deepEqual(handled, []);
  });

  it("that stops waits for what is in hand, and claims no more", async () => {
    const hands = held();
    const { start, add, asked } = scene({ handle: hands.handle, concurrencyMax: 2 });
    add(1, 2, 3);
    const worker = start();
    await until(() => hands.ids().length === 2);
    let stopped = false;
    const stopping = worker.stop().then(() => {
      stopped = true;
    });
    hands.letGo(1);
    await settle();
    assert.equal(stopped, false);
    hands.drop(2, new Error("failed on the way out"));
    await stopping;
    worker.nudge();
    await settle();
    assert.deepEqual(asked, [2]);
    assert.deepEqual({ ...worker.gauges }, { inFlight: 0, claimed: 2, failures: 1 });
  });

  it("that stops while it looks still does what it claimed: the lease would hold it back", async () => {
    const look = Promise.withResolvers<readonly Row[]>();
    const done: number[] = [];
    const { start, clock } = scene({
      claim: () => look.promise,
      handle: async (row) => {
        done.push(row.id);
      },
    });
    const worker = start();
    await settle();
    const stopping = worker.stop();
    look.resolve([{ id: 1, dueAt: clock.now() }]);
    await stopping;
    assert.deepEqual(done, [1]);
  });

  it("that rests stops at once", async () => {
    const { start } = scene();
    const worker = start();
    await settle();
    await worker.stop();
    await worker.stop();
  });
});
