import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { BEGIN, type Connection, columnsOf, type Database, openDatabase, sql, type Tx } from "./database.ts";
import { type ErrorCode, Problem } from "./errors.ts";
import { violatedConstraint } from "./faults.ts";
import { silentLog } from "./log.ts";
import { openPool } from "./pool.ts";
import { startProxy } from "./testing/proxy.ts";

const insertNote = sql("test_kernel_insert", "insert into notes (id, words) values ($1, $2)");
const insertOnce = sql(
  "test_kernel_insert_once",
  "insert into notes (id, words) values ($1, $2) on conflict do nothing",
);
const readNotes = sql("test_kernel_read", "select id, words from notes order by id");
const lockNote = sql("test_kernel_lock", "select id from notes where id = $1 for update");
const backendPid = sql("test_kernel_pid", "select pg_backend_pid() as pid");
const killMyself = sql("test_kernel_kill", "select pg_terminate_backend(pg_backend_pid())");
const fail = (name: string, code: string) =>
  sql(
    `test_kernel_fail_${name}`,
    `do $$ begin raise exception 'told to fail' using errcode = '${code}'; end $$`,
  );

let own: TestDatabase;
let admin: pg.Client;
let opened: Database[] = [];
const unexpected: unknown[] = [];
const onUnexpected = (error: unknown) => unexpected.push(error);
const happenings = ["unhandledRejection", "uncaughtException", "warning"] as const;

before(async () => {
  for (const happening of happenings) process.on(happening, onUnexpected);
  own = await createTestDatabase();
  admin = new pg.Client({ connectionString: own.url });
  await admin.connect();
  await admin.query("create table cell_0.notes (id int constraint notes_pkey primary key, words text)");
  await admin.query(
    `create table cell_0.places (
       seat int constraint places_seat unique deferrable initially deferred
     )`,
  );
});

beforeEach(async () => {
  opened = [];
  await admin.query("truncate cell_0.notes, cell_0.places");
});

afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  assert.deepEqual(unexpected, []);
});

after(async () => {
  await admin.end();
  await own.drop();
  for (const happening of happenings) process.removeListener(happening, onUnexpected);
});

function open(url = own.url, changes: { answerTimeoutMs?: number; max?: number } = {}): Database {
  const { max = 2, ...rest } = changes;
  const database = openDatabase({
    url,
    schema: "cell_0",
    readersMax: max,
    writersMax: max,
    log: silentLog(),
    ...rest,
  });
  opened.push(database);
  return database;
}

async function notes(): Promise<number[]> {
  const { rows } = await admin.query<{ id: number }>("select id from cell_0.notes order by id");
  return rows.map(({ id }) => id);
}

function coded(code: ErrorCode) {
  return (error: unknown) => {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.code, code);
    assert.ok((error.extras.retryAfterSeconds ?? 0) > 0, "the caller is not told when to come back");
    return true;
  };
}

/** Resolves for everybody when `parties` have arrived. */
function meeting(parties: number): () => Promise<void> {
  let arrived = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  return () => {
    arrived += 1;
    if (arrived === parties) resolve();
    return promise;
  };
}

describe("what comes back from the database", () => {
  it("is exact: whole numbers as bigint, dates as text, instants as Date, nulls as null", async () => {
    const { db } = open();
    const read = sql(
      "test_kernel_types",
      `select
         9223372036854775807::bigint as big_number,
         array[1, null, -9223372036854775808]::bigint[] as big_numbers,
         '2026-01-31'::date as calendar_date,
         array['2026-01-31', null]::date[] as calendar_dates,
         '2026-01-31T23:59:59.123+08'::timestamptz as instant,
         12::int as small_number,
         null::text as nothing,
         true as yes,
         '\\x00ff'::bytea as bytes`,
    );
    assert.deepEqual(await db.one(read), {
      bigNumber: 9223372036854775807n,
      bigNumbers: [1n, null, -9223372036854775808n],
      calendarDate: "2026-01-31",
      calendarDates: ["2026-01-31", null],
      instant: new Date("2026-01-31T15:59:59.123Z"),
      smallNumber: 12,
      nothing: null,
      yes: true,
      bytes: Buffer.of(0, 255),
    });
  });

  it("is what went in, alone and in arrays with nulls between", async () => {
    const { db } = open();
    const echo = sql(
      "test_kernel_echo",
      `select
         $1::bigint as n, $2::bigint[] as ns, $3::timestamptz as at, $4::timestamptz[] as ats,
         $5::date as day, $6::text[] as texts, $7::bytea as bytes, $8::boolean[] as flags,
         $9::bytea[] as blobs, $10::uuid[] as none`,
    );
    const at = new Date("1969-07-20T20:17:40.250Z");
    const texts = ["plain", 'a "quoted", {braced}\\ one', "", "NULL", null, "中文"];
    const sent = [
      -1n,
      [2n ** 53n + 1n, null],
      at,
      [null, at],
      "2024-02-29",
      texts,
      Buffer.from([1, 2]),
      [true, null, false],
      [Buffer.from("x"), null],
      [],
    ];
    const row = await db.one<Record<string, unknown>>(echo, sent);
    assert.deepEqual(Object.values(row ?? {}), sent);
  });

  it("has camelCase keys, also where a digit follows", async () => {
    const { db } = open();
    const read = sql("test_kernel_camel", "select 1 as a, 2 as live_attempt_id, 3 as part_2, 4 as _odd");
    assert.deepEqual(await db.all(read), [{ a: 1, liveAttemptId: 2, part2: 3, Odd: 4 }]);
  });

  it("is one row or null where one row may exist; two are a fault that says which statement", async () => {
    const { db } = open();
    const rows = sql("test_kernel_rows", "select n from generate_series(1, $1::int) as n order by n");
    assert.equal(await db.one(rows, [0]), null);
    assert.deepEqual(await db.one(rows, [1]), { n: 1 });
    await assert.rejects(db.one(rows, [2]), /test_kernel_rows found 2 rows/);
  });

  it("goes in by columns: absent values become null", () => {
    const rows: { id: number; note?: string | undefined }[] = [{ id: 1, note: "a" }, { id: 2 }];
    assert.deepEqual(columnsOf(rows, ["id", "note"]), ["{1,2}", "{a,NULL}"]);
    assert.deepEqual(columnsOf([] as typeof rows, ["id", "note"]), ["{}", "{}"]);
  });

  it("goes in by columns: one that no row uses is sent as nothing, and arrives as nulls", async () => {
    const { db } = open();
    const rows: { id: number; note: string | null }[] = [
      { id: 1, note: null },
      { id: 2, note: null },
    ];
    assert.deepEqual(columnsOf(rows, ["id", "note"]), ["{1,2}", "{}"]);
    const read = sql(
      "test_kernel_padded",
      "select id, note from unnest($1::int[], $2::text[]) as u(id, note)",
    );
    assert.deepEqual(await db.all(read, columnsOf(rows, ["id", "note"])), rows);
  });
});

describe("a transaction", () => {
  it("commits what its work wrote, and gives back what it returned", async () => {
    const database = open();
    const touched = await database.transact((tx) => tx.run(insertNote, [1, "one"]));
    assert.equal(touched, 1);
    assert.deepEqual(await database.db.all(readNotes), [{ id: 1, words: "one" }]);
  });

  it("leaves nothing behind when its work throws, and passes on what it threw", async () => {
    const database = open(own.url, { max: 1 });
    const refusal = new Error("changed my mind");
    const work = database.transact(async (tx) => {
      await tx.run(insertNote, [1, "one"]);
      throw refusal;
    });
    await assert.rejects(work, (error) => error === refusal);
    assert.deepEqual(await notes(), []);
    await database.transact((tx) => tx.run(insertNote, [2, "two"]));
    assert.deepEqual(await notes(), [2]);
    assert.equal(database.counters.retries, 0);
  });

  it("sends what is asked for at once one behind the other; the answers stay apart", async () => {
    const database = open();
    const echo = sql("test_kernel_number", "select $1::int as n");
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const answers = await database.transact((tx) => Promise.all(numbers.map((n) => tx.one(echo, [n]))));
    assert.deepEqual(
      answers,
      numbers.map((n) => ({ n })),
    );
  });

  it("fails as a whole with the first error when one of several statements at once fails", async () => {
    const database = open(own.url, { max: 1 });
    const work = database.transact((tx) =>
      Promise.all([1, 1, 2, 3].map((id) => tx.run(insertNote, [id, "x"]))),
    );
    await assert.rejects(work, (error) => violatedConstraint(error) === "notes_pkey");
    assert.deepEqual(await notes(), []);
    // The connection is as good as before, and so are the statements prepared on it.
    await database.transact((tx) => Promise.all([4, 5].map((id) => tx.run(insertNote, [id, "x"]))));
    assert.deepEqual(await notes(), [4, 5]);
  });

  it("does not believe a COMMIT after an error that the work swallowed", async () => {
    const database = open();
    const work = database.transact(async (tx) => {
      await tx.run(insertNote, [1, "one"]);
      await tx.run(insertNote, [1, "again"]).catch(() => {});
      return "all fine";
    });
    await assert.rejects(work, /was rolled back at commit/);
    assert.deepEqual(await notes(), []);
  });

  it("takes no statement after its end: a step that was left behind writes nothing", async () => {
    const database = open(own.url, { max: 1 });
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    let stray: Promise<unknown> = Promise.resolve();
    const work = (outcome: () => void) =>
      database.transact(async (tx) => {
        stray = over.then(() => tx.run(insertNote, [1, "stray"]));
        stray.catch(() => {});
        outcome();
      });
    await assert.rejects(
      work(() => {
        throw new Error("failed");
      }),
      /failed/,
    );
    const ofFailed = stray;
    await work(() => {});
    end();
    await assert.rejects(ofFailed, /came after the end of its transaction/);
    await assert.rejects(stray, /came after the end of its transaction/);
    assert.deepEqual(await notes(), []);
  });

  it("that COMMIT itself refuses has failed for certain: its reason is passed on", async () => {
    const database = open();
    const takeSeat = sql("test_kernel_seat", "insert into places (seat) values ($1)");
    let runs = 0;
    const work = database.transact(
      async (tx) => {
        runs += 1;
        await tx.run(takeSeat, [1]);
        await tx.run(takeSeat, [1]);
      },
      { repeatable: true },
    );
    await assert.rejects(work, (error) => violatedConstraint(error) === "places_seat");
    assert.equal(runs, 1);
    await database.transact((tx) => tx.run(takeSeat, [2]));
  });

  it("heals a connection on which a value that cannot be written spoilt a prepared statement", async () => {
    const database = open(own.url, { max: 1 });
    const echo = sql("test_kernel_json", "select $1::jsonb as document");
    await assert.rejects(
      database.transact((tx) => tx.one(echo, [{ amount: 1n }])),
      TypeError,
    );
    const answer = await database.transact((tx) => tx.one(echo, [{ amount: 1 }]));
    assert.deepEqual(answer, { document: { amount: 1 } });
  });

  it("writes nothing behind a begin that failed, though the statements were sent with it", async () => {
    const database = openDatabase({
      url: own.url,
      schema: "cell_0",
      readersMax: 1,
      writersMax: 1,
      log: silentLog(),
      openConnections: (config, onIdleError) => {
        const pool = openPool(config, onIdleError);
        const connect = async () => {
          const client = await pool.connect();
          const query: Connection["query"] = (asked) =>
            client.query(asked === BEGIN ? "do $$ begin raise exception 'no transaction'; end $$" : asked);
          return {
            query,
            on: client.on.bind(client),
            removeListener: client.removeListener.bind(client),
            release: client.release.bind(client),
          };
        };
        return { ...pool, connect };
      },
    });
    opened.push(database);
    const answered = Promise.withResolvers<unknown>();
    const work = database.transact(async (tx) => {
      answered.resolve(tx.run(insertNote, [1, "one"]).catch((error: unknown) => error));
      await answered.promise;
    });
    await assert.rejects(work, /no transaction/);
    assert.match(String(await answered.promise), /read-only transaction/);
    assert.deepEqual(await notes(), []);
  });

  it("leaves no listener on the connection it gives back", async () => {
    const database = open(own.url, { max: 1 });
    // Eleven would make Node warn of a leak, and a warning fails the test.
    for (let n = 0; n < 30; n += 1) await database.transact((tx) => tx.one(backendPid));
    for (let n = 0; n < 30; n += 1) {
      await assert.rejects(
        database.transact(async () => {
          throw new Error("no");
        }),
      );
    }
  });
});

describe("what the moment caused is tried again", () => {
  it("a deadlock of two transactions: both are carried out, and it is counted", async () => {
    const database = open();
    await admin.query("insert into cell_0.notes values (1, ''), (2, '')");
    const bothHoldOne = meeting(2);
    const { promise: oneIsDone, resolve: done } = Promise.withResolvers<void>();
    const cross = async (first: number, second: number) => {
      let runs = 0;
      await database.transact(async (tx) => {
        runs += 1;
        // The one that is tried again would otherwise be back before the other has woken up.
        if (runs > 1) await oneIsDone;
        await tx.one(lockNote, [first]);
        if (runs === 1) await bothHoldOne();
        await tx.one(lockNote, [second]);
      });
      done();
      return runs;
    };
    const runs = await Promise.all([cross(1, 2), cross(2, 1)]);
    assert.deepEqual(new Set(runs), new Set([1, 2]));
    assert.deepEqual(database.counters, { deadlocks: 1, retries: 1 });
  });

  const passing: [name: string, code: string][] = [
    ["deadlock", "40P01"],
    ["serialisation failure", "40001"],
    ["lock time-out", "55P03"],
  ];
  for (const [name, code] of passing) {
    const failing = fail(code, code);

    it(`a ${name} that passes is not noticed by the caller`, async () => {
      const database = open();
      let runs = 0;
      await database.transact(async (tx) => {
        runs += 1;
        await tx.run(insertNote, [runs, name]);
        if (runs < 3) await tx.run(failing);
      });
      assert.deepEqual(await notes(), [3]);
      assert.equal(database.counters.retries, 2);
    });

    it(`a ${name} that stays is tried three times, then "overloaded", and nothing has happened`, async () => {
      const database = open();
      let runs = 0;
      const work = database.transact(async (tx) => {
        runs += 1;
        await tx.run(insertNote, [runs, name]);
        await tx.run(failing);
      });
      await assert.rejects(work, coded("overloaded"));
      assert.equal(runs, 3);
      assert.deepEqual(await notes(), []);
    });
  }

  it("a row that somebody else keeps locked: no caller waits for ever", async () => {
    const database = open();
    await admin.query("insert into cell_0.notes values (1, '')");
    await admin.query("begin");
    await admin.query("select from cell_0.notes where id = 1 for update");
    const impatient = sql("test_kernel_impatient", "set local lock_timeout = '30ms'");
    let runs = 0;
    const work = database.transact(async (tx) => {
      runs += 1;
      await tx.run(impatient);
      await tx.one(lockNote, [1]);
    });
    await assert.rejects(work, coded("overloaded"));
    await admin.query("rollback");
    assert.equal(runs, 3);
  });
});

describe("what will not pass by itself is not tried again", () => {
  it('a statement that takes too long is "overloaded" at once', async () => {
    const database = open();
    const hurried = sql("test_kernel_hurried", "set local statement_timeout = '30ms'");
    const slow = sql("test_kernel_slow", "select pg_sleep(5)");
    let runs = 0;
    const work = database.transact(async (tx) => {
      runs += 1;
      await tx.run(insertNote, [1, "slow"]);
      await tx.run(hurried);
      await tx.all(slow);
    });
    await assert.rejects(work, coded("overloaded"));
    assert.equal(runs, 1);
    assert.deepEqual(await notes(), []);
  });

  it("statements, locks and idle transactions have a limit on every connection", async () => {
    const database = open();
    const settings = sql(
      "test_kernel_settings",
      `select name, setting from pg_settings
       where name in (
         'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'TimeZone',
         'transaction_isolation'
       )
       order by name`,
    );
    const expected = [
      { name: "TimeZone", setting: "UTC" },
      { name: "idle_in_transaction_session_timeout", setting: "10000" },
      { name: "lock_timeout", setting: "2000" },
      { name: "statement_timeout", setting: "5000" },
      { name: "transaction_isolation", setting: "read committed" },
    ];
    assert.deepEqual(await database.db.all(settings), expected);
    assert.deepEqual(await database.transact((tx) => tx.all(settings)), expected);
  });

  for (const code of ["22012", "23505", "54000", "42P01"]) {
    it(`an error ${code} is passed on as it is`, async () => {
      const database = open();
      let runs = 0;
      const work = database.transact(async (tx) => {
        runs += 1;
        await tx.run(fail(code, code));
      });
      await assert.rejects(work, { code });
      assert.equal(runs, 1);
    });
  }
});

describe("a connection that is lost", () => {
  it("in the middle of the work: the work is done again on another", async () => {
    const database = open(own.url, { max: 1 });
    let runs = 0;
    await database.transact(async (tx) => {
      runs += 1;
      await tx.run(insertNote, [runs, "written"]);
      if (runs === 1) await tx.run(killMyself);
    });
    assert.equal(runs, 2);
    assert.deepEqual(await notes(), [2]);
  });

  it("with several statements on their way: all of them end, and the work is done again", async () => {
    const database = open(own.url, { max: 1 });
    let runs = 0;
    const work = async (tx: Tx) => {
      runs += 1;
      const killed = runs === 1 ? killMyself : backendPid;
      await Promise.all([
        tx.run(insertNote, [runs, "a"]),
        tx.run(killed),
        tx.run(insertNote, [runs + 10, "b"]),
      ]);
    };
    await database.transact(work);
    assert.deepEqual(await notes(), [2, 12]);
  });

  it("before COMMIT was sent: nothing was committed, so even unrepeatable work is done again", async () => {
    const database = open(own.url, { max: 1 });
    let runs = 0;
    await database.transact(async (tx) => {
      runs += 1;
      await tx.run(insertNote, [runs, "written"]);
      if (runs > 1) return;
      const pid = await tx.one<{ pid: number }>(backendPid);
      await admin.query("select pg_terminate_backend($1)", [pid?.pid]);
      await goneFor(tx);
    });
    assert.equal(runs, 2);
    assert.deepEqual(await notes(), [2]);
  });

  it("while nobody used it: nobody notices", async () => {
    const database = open(own.url, { max: 1 });
    await database.transact((tx) => tx.one(backendPid));
    await database.db.one(backendPid);
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
    assert.notEqual(await database.db.one(backendPid), null);
    await database.transact((tx) => tx.run(insertNote, [1, "after"]));
    assert.deepEqual(await notes(), [1]);
  });

  it("under a read: it is read again, once", async (t) => {
    const proxy = await startProxy(own.url);
    t.after(() => proxy.close());
    const database = open(proxy.url, { max: 1 });
    await database.db.all(readNotes);
    proxy.arm("cut");
    assert.deepEqual(await database.db.all(readNotes), []);
  });

  it("and a network that says nothing more: given up, and the work is done again", async (t) => {
    const proxy = await startProxy(own.url);
    t.after(() => proxy.close());
    const database = open(proxy.url, { max: 1, answerTimeoutMs: 200 });
    await database.db.all(readNotes);
    proxy.arm("silent");
    assert.deepEqual(await database.db.all(readNotes), []);
    let runs = 0;
    await database.transact(async (tx) => {
      runs += 1;
      if (runs === 1) proxy.arm("silent");
      await tx.run(insertNote, [runs, "heard"]);
    });
    assert.deepEqual(await notes(), [2]);
  });
});

/** Waits until the connection itself knows that it is lost. */
async function goneFor(tx: Tx): Promise<void> {
  for (;;) {
    try {
      await tx.one(backendPid);
    } catch (error) {
      if (/not queryable/.test((error as Error).message)) return;
    }
  }
}

describe("a connection that is lost at COMMIT", () => {
  for (const fault of ["commit_answer_lost", "commit_answer_silent"] as const) {
    it(`repeatable work is done again, and is there once (${fault})`, async (t) => {
      const proxy = await startProxy(own.url);
      t.after(() => proxy.close());
      const database = open(proxy.url, { answerTimeoutMs: 200 });
      let runs = 0;
      proxy.arm(fault);
      const result = await database.transact(
        async (tx) => {
          runs += 1;
          await tx.run(insertOnce, [7, "once"]);
          return "told";
        },
        { repeatable: true },
      );
      assert.equal(result, "told");
      assert.equal(runs, 2);
      assert.deepEqual(await notes(), [7]);
    });

    it(`other work is not: its outcome is unknown, and it is there once (${fault})`, async (t) => {
      const proxy = await startProxy(own.url);
      t.after(() => proxy.close());
      const database = open(proxy.url, { answerTimeoutMs: 200 });
      let runs = 0;
      proxy.arm(fault);
      const work = database.transact(async (tx) => {
        runs += 1;
        await tx.run(insertNote, [runs, "once"]);
      });
      await assert.rejects(work, coded("outcome_unknown"));
      assert.equal(runs, 1);
      assert.deepEqual(await notes(), [1]);
      await database.transact((tx) => tx.run(insertNote, [9, "later"]));
      assert.deepEqual(await notes(), [1, 9]);
    });
  }

  it("and a database gone afterwards: nobody says that nothing happened", async (t) => {
    const proxy = await startProxy(own.url);
    t.after(() => proxy.close());
    const database = open(proxy.url);
    proxy.arm("commit_answer_lost");
    proxy.closeAfterFault();
    const work = database.transact((tx) => tx.run(insertOnce, [7, "once"]), { repeatable: true });
    await assert.rejects(work, coded("outcome_unknown"));
    assert.deepEqual(await notes(), [7]);
  });
});

describe("a database that is down", () => {
  it("is told as such, with the time to come back, for reads and for transactions", async () => {
    const proxy = await startProxy(own.url);
    const database = open(proxy.url);
    await database.db.all(readNotes);
    await database.transact((tx) => tx.all(readNotes));
    await proxy.close();
    await assert.rejects(database.db.all(readNotes), coded("database_unavailable"));
    await assert.rejects(
      database.transact((tx) => tx.all(readNotes)),
      coded("database_unavailable"),
    );
    assert.equal(database.counters.retries, 2);
  });
});
