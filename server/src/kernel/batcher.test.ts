import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { createBatcher } from "./batcher.ts";
import { type Database, openDatabase, sql } from "./database.ts";
import { type ErrorCode, Problem, problem } from "./errors.ts";
import { createLog, silentLog } from "./log.ts";

const log = silentLog();
const coded = (code: ErrorCode) => (error: unknown) => error instanceof Problem && error.code === code;

/** A batch operation that a test finishes when it likes; `batches` holds what it was given. */
function heldRun() {
  const batches: (readonly number[])[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  return {
    batches,
    run: async (commands: readonly number[]) => {
      const gate = Promise.withResolvers<void>();
      batches.push(commands);
      gates.push(gate);
      await gate.promise;
      return commands.map((n) => n * 10);
    },
    finish: () => gates.shift()?.resolve(),
    fail: (error: unknown) => gates.shift()?.reject(error),
  };
}

/** Lets everything go on that waits for nothing but its turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a batcher", () => {
  it("gives every caller the result of its own command, in whatever way they come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        async (turnsBefore, batchMax) => {
          const seen: number[] = [];
          const run = async (commands: readonly number[]) => {
            assert.ok(commands.length <= batchMax);
            seen.push(...commands);
            await turn();
            return commands.map((n) => `result ${n}`);
          };
          const batcher = createBatcher({ name: "test", run, log, batchMax });
          const answers: Promise<string>[] = [];
          for (const [n, turns] of turnsBefore.entries()) {
            for (let passed = 0; passed < turns; passed += 1) await turn();
            answers.push(batcher.submit(n));
          }
          const numbers = turnsBefore.map((_, n) => n);
          assert.deepEqual(
            await Promise.all(answers),
            numbers.map((n) => `result ${n}`),
          );
          // What came first is carried out first.
          assert.deepEqual(seen, numbers);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("takes what comes in one turn as one batch, and lets the next grow while one is in flight", async () => {
    const { run, batches, finish } = heldRun();
    const batcher = createBatcher({ name: "test", run, log });
    const first = [batcher.submit(1), batcher.submit(2)];
    await turn();
    const second = batcher.submit(3);
    await turn();
    const third = batcher.submit(4);
    await turn();
    assert.deepEqual(batches, [[1, 2]], "a second batch began while the first was in flight");
    assert.equal(batcher.gauges.queued, 2);
    finish();
    assert.deepEqual(await Promise.all(first), [10, 20]);
    await turn();
    assert.deepEqual(batches, [
      [1, 2],
      [3, 4],
    ]);
    finish();
    assert.deepEqual(await Promise.all([second, third]), [30, 40]);
    assert.deepEqual(
      { ...batcher.gauges, queued: batcher.gauges.queued },
      { queued: 0, batches: 2, commands: 4, refused: 0, waitedMs: 0, workedMs: 0 },
    );
  });

  it("gathers for a moment after a batch that had company, unless the next is full", async () => {
    const moved = createMovableClock();
    const slept: number[] = [];
    const held: (() => void)[] = [];
    const sleep = (ms: number) => {
      slept.push(ms);
      return new Promise<void>((resolve) => held.push(resolve));
    };
    const batches: (readonly number[])[] = [];
    const run = async (commands: readonly number[]) => {
      batches.push(commands);
      return commands;
    };
    const clock = { ...moved, turn, sleep };
    const batcher = createBatcher({ name: "test", run, log, clock, batchMax: 6 });
    const submit = (...numbers: number[]) => Promise.all(numbers.map((n) => batcher.submit(n)));

    await submit(1);
    await submit(2);
    assert.deepEqual(slept, [], "somebody alone was kept waiting");
    await submit(3, 4, 5, 6);
    const kept = [batcher.submit(7)];
    await turn();
    await turn();
    kept.push(batcher.submit(8));
    assert.equal(slept.length, 1);
    assert.ok(slept.every((ms) => ms > 0 && ms <= 20));
    assert.equal(batches.length, 3);
    held.shift()?.();
    await Promise.all(kept);
    assert.deepEqual(batches.at(-1), [7, 8]);
    moved.advance(20);
    await submit(1, 2, 3, 4, 5);
    await submit(1, 2, 3, 4, 5, 6);
    assert.equal(slept.length, 1, "a full batch waited");
    moved.advance(20);
    await submit(9);
    assert.equal(slept.length, 1, "waited longer than the moment");
  });

  it("never has two batches in flight, also not while a failed one is halved", async () => {
    let inFlight = 0;
    let most = 0;
    const run = async (commands: readonly number[]) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await turn();
      inFlight -= 1;
      if (commands.includes(13)) throw new Error("poisoned");
      return commands;
    };
    const batcher = createBatcher({ name: "test", run, log, batchMax: 8 });
    let refused = 0;
    const answers: Promise<unknown>[] = [];
    for (let n = 0; n < 40; n += 1) {
      const answer = batcher.submit(n).catch(() => {
        refused += 1;
      });
      answers.push(answer);
      if (n % 5 === 0) await turn();
    }
    await Promise.all(answers);
    assert.equal(refused, 1);
    assert.equal(most, 1);
  });

  it("that is full refuses before anything has happened, and tells when to come back", async () => {
    const { run, batches, finish } = heldRun();
    const batcher = createBatcher({ name: "test", run, log, queueMax: 2 });
    const inFlight = batcher.submit(1);
    await turn();
    const waiting = [batcher.submit(2), batcher.submit(3)];
    await assert.rejects(batcher.submit(4), (error) => {
      assert.ok(coded("overloaded")(error));
      return ((error as Problem).extras.retryAfterSeconds ?? 0) > 0;
    });
    finish();
    await inFlight;
    await turn();
    const again = batcher.submit(5);
    finish();
    await Promise.all(waiting);
    await turn();
    finish();
    assert.equal(await again, 50);
    assert.deepEqual(batches.flat(), [1, 2, 3, 5]);
  });

  it("whose batches have become slow refuses what would wait too long, and recovers by itself", async () => {
    const { run, finish } = heldRun();
    const clock = createMovableClock();
    const batcher = createBatcher({ name: "test", run, log, batchMax: 2, clock, waitMsMax: 60_000 });
    const accepted = [batcher.submit(1)];
    await turn();
    // A batch may take as long as it likes while what comes still fits into the next one.
    clock.advance(61_000);
    accepted.push(batcher.submit(2), batcher.submit(3));
    assert.ok(batcher.isBehind(60_000));
    assert.ok(!batcher.isBehind(600_000));
    await assert.rejects(batcher.submit(4), (error) => {
      assert.ok(coded("overloaded")(error));
      return ((error as Problem).extras.retryAfterSeconds ?? 0) > 0;
    });
    assert.equal(batcher.gauges.refused, 1);
    finish();
    await turn();
    accepted.push(batcher.submit(5));
    finish();
    await turn();
    finish();
    assert.deepEqual(await Promise.all(accepted), [10, 20, 30, 50]);
    // What batches took before no longer counts once they are quick again.
    for (let n = 0; n < 30; n += 1) {
      const quick = batcher.submit(n);
      await turn();
      finish();
      await quick;
    }
    const next = [batcher.submit(6), batcher.submit(7), batcher.submit(8), batcher.submit(9)];
    for (let n = 0; n < 3; n += 1) {
      await turn();
      finish();
    }
    assert.deepEqual(await Promise.all(next), [60, 70, 80, 90]);
    assert.ok(batcher.gauges.workedMs >= 61_000);
  });

  it("tells what its commands waited", async () => {
    const { run, finish } = heldRun();
    const clock = createMovableClock();
    const batcher = createBatcher({ name: "test", run, log, clock });
    const first = batcher.submit(1);
    await turn();
    const others = [batcher.submit(2), batcher.submit(3)];
    clock.advance(10_000);
    finish();
    await first;
    await turn();
    assert.equal(Math.floor(batcher.gauges.waitedMs / 10_000), 2);
    finish();
    await Promise.all(others);
  });

  it("that stops finishes what it accepted, and refuses what comes later", async () => {
    const { run, finish } = heldRun();
    const batcher = createBatcher({ name: "test", run, log, batchMax: 1 });
    const accepted = [batcher.submit(1), batcher.submit(2)];
    await turn();
    let stopped = false;
    const stopping = batcher.stop().then(() => {
      stopped = true;
    });
    await assert.rejects(batcher.submit(3), coded("stopping"));
    finish();
    await turn();
    assert.equal(stopped, false);
    finish();
    assert.deepEqual(await Promise.all(accepted), [10, 20]);
    await stopping;
    await batcher.stop();
  });

  it("that stops idle has nothing to wait for", async () => {
    await createBatcher({ name: "test", run: async (commands) => commands, log }).stop();
  });
});

describe("a batch that fails", () => {
  for (const code of ["overloaded", "database_unavailable", "outcome_unknown"] as const) {
    it(`with "${code}" fails for all of them at once: halving would only repeat the trouble`, async () => {
      let runs = 0;
      const run = async () => {
        runs += 1;
        throw problem(code, { retryAfterSeconds: 1 });
      };
      const batcher = createBatcher({ name: "test", run, log });
      const answers = await Promise.allSettled([1, 2, 3, 4].map((n) => batcher.submit(n)));
      for (const answer of answers) {
        assert.equal(answer.status, "rejected");
        assert.ok(coded(code)(answer.reason));
      }
      assert.equal(runs, 1);
    });
  }

  it("for the moment only does not spoil the next one", async () => {
    let runs = 0;
    const run = async (commands: readonly number[]) => {
      runs += 1;
      if (runs === 1) throw problem("overloaded");
      return commands;
    };
    const batcher = createBatcher({ name: "test", run, log });
    await assert.rejects(batcher.submit(1), coded("overloaded"));
    assert.equal(await batcher.submit(2), 2);
  });

  const poisons: [name: string, error: unknown, code: ErrorCode][] = [
    ["an error of the program", new TypeError("undefined is not a function"), "internal_error"],
    ["a coded error of its own", problem("amount_out_of_range"), "amount_out_of_range"],
    ["nothing at all", undefined, "internal_error"],
    ["a text", "thrown text", "internal_error"],
  ];
  for (const [name, poison, code] of poisons) {
    it(`because one command throws ${name} fails for that one alone, wherever it stands`, async () => {
      for (const [size, poisoned] of [
        [1, 0],
        [2, 1],
        [7, 0],
        [7, 3],
        [8, 7],
      ] as const) {
        const run = async (commands: readonly number[]) => {
          if (commands.includes(poisoned)) throw poison;
          return commands;
        };
        const batcher = createBatcher({ name: "test", run, log });
        const numbers = Array.from({ length: size }, (_, n) => n);
        const answers = await Promise.allSettled(numbers.map((n) => batcher.submit(n)));
        for (const [n, answer] of answers.entries()) {
          if (n === poisoned) assert.ok(answer.status === "rejected" && coded(code)(answer.reason));
          else assert.deepEqual(answer, { status: "fulfilled", value: n });
        }
      }
    });
  }

  it("because it throws at once, or gives too few results, ends in an answer too", async () => {
    const throwing = () => {
      throw new Error("at once");
    };
    const lazy = async (commands: readonly number[]) => commands.slice(1);
    for (const run of [throwing, lazy]) {
      const batcher = createBatcher({ name: "test", run, log });
      const answers = await Promise.allSettled([batcher.submit(1), batcher.submit(2)]);
      for (const answer of answers) {
        assert.ok(answer.status === "rejected" && coded("internal_error")(answer.reason));
      }
    }
  });

  it("names the poisoned command's error in the log, once", async () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    const batcher = createBatcher({
      name: "creations",
      log: createLog({ level: "info", readable: false, write }),
      run: async (commands: readonly number[]) => {
        if (commands.includes(2)) throw new Error("the poison");
        return commands;
      },
    });
    await Promise.allSettled([1, 2, 3, 4].map((n) => batcher.submit(n)));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /the poison.*"batcher":"creations"/);
  });
});

describe("a batch over a real transaction", () => {
  const insert = sql(
    "test_kernel_batch_insert",
    "insert into effects (id, amount) select * from unnest($1::int[], $2::bigint[])",
  );
  let own: TestDatabase;
  let admin: pg.Client;
  let database: Database;

  before(async () => {
    own = await createTestDatabase();
    admin = new pg.Client({ connectionString: own.url });
    await admin.connect();
    await admin.query(
      "create table cell_0.effects (id int, amount bigint constraint effects_amount check (amount > 0))",
    );
    database = openDatabase({ url: own.url, schema: "cell_0", readersMax: 1, writersMax: 2, log });
  });
  after(async () => {
    await database.close();
    await admin.end();
    await own.drop();
  });

  it("carries out every command but the poisoned ones, exactly once", async () => {
    type Command = { readonly id: number; readonly amount: bigint };
    const run = (commands: readonly Command[]) =>
      database.transact(async (tx) => {
        await tx.run(insert, [commands.map(({ id }) => id), commands.map(({ amount }) => amount)]);
        return commands.map(({ id }) => id);
      });
    const batcher = createBatcher({ name: "effects", run, log, batchMax: 64 });
    const isPoisoned = (id: number) => id % 37 === 5;
    const commands = Array.from({ length: 200 }, (_, id) => ({ id, amount: isPoisoned(id) ? 0n : 1n }));
    const answers = await Promise.allSettled(commands.map((command) => batcher.submit(command)));
    for (const [id, answer] of answers.entries()) {
      if (isPoisoned(id)) assert.ok(answer.status === "rejected" && coded("internal_error")(answer.reason));
      else assert.deepEqual(answer, { status: "fulfilled", value: id });
    }
    const { rows } = await admin.query<{ id: number }>("select id from cell_0.effects order by id");
    assert.deepEqual(
      rows.map(({ id }) => id),
      commands.map(({ id }) => id).filter((id) => !isPoisoned(id)),
    );
  });
});
