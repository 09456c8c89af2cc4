/**
 * PostgreSQL, as rooms see it: `Db` reads, `Tx` also writes, and a `Tx` exists only inside `transact`.
 * Writing outside a transaction is therefore impossible by type.
 */
import type pg from "pg";
import { arrayLiteral, columnLiteral } from "./array-literal.ts";
import type { Clock, Random } from "./clock.ts";
import { CoalescingSocket } from "./coalescing-socket.ts";
import { problem } from "./errors.ts";
import { commitRefused, faultOf, translate } from "./faults.ts";
import type { IdMaker } from "./ids.ts";
import type { Log } from "./log.ts";
import { openPool } from "./pool.ts";
import { getTypeParser, rowsOf } from "./rows.ts";

/**
 * A named statement: prepared once per connection. Names are unique in the program; a test prepares them all.
 */
export type Statement = { readonly name: string; readonly text: string };

/**
 * Declares a statement. Rows come back with camelCase keys; int8 as bigint, timestamptz as Date, date as
 * text.
 */
export function sql(name: string, text: string): Statement {
  return Object.freeze({ name, text });
}

export type Db = {
  /** Every row, in the statement's order. */
  all<Row>(statement: Statement, params?: readonly unknown[]): Promise<Row[]>;
  /** The only row, or null; more than one is a broken assumption and throws. */
  one<Row>(statement: Statement, params?: readonly unknown[]): Promise<Row | null>;
};

declare const writable: unique symbol;

export type Tx = Db & {
  readonly [writable]: true;
  /** Runs a writing statement; the number of rows it touched. */
  run(statement: Statement, params?: readonly unknown[]): Promise<number>;
};

export type TransactOptions = {
  /**
   * True when running the work twice gives the same result (its commands carry their ids, its inserts
   * tolerate themselves): a connection lost at COMMIT is then answered by running it again. Otherwise:
   * `outcome_unknown`.
   */
  readonly repeatable?: boolean;
};

export type Database = {
  /** Reads outside any transaction. */
  readonly db: Db;
  /**
   * Runs `work` in one READ COMMITTED transaction and commits. Repeats it, at most 3 times in all, after a
   * deadlock, a serialisation failure or a lock time-out, and (when repeatable) after a lost connection.
   * `work` must have no effect outside the transaction. Throws `overloaded`, `database_unavailable` or
   * `outcome_unknown`; anything that `work` throws is rolled back and passed on.
   */
  transact<T>(work: (tx: Tx) => Promise<T>, options?: TransactOptions): Promise<T>;
  /** Counted since start: a deadlock is retried, but none is ever expected. */
  readonly counters: { deadlocks: number; retries: number };
  /** How busy the connections are, for metrics; null where they are not counted. */
  readonly pools: { readonly readers: PoolGauges | null; readonly writers: PoolGauges | null };
  close(): Promise<void>;
};

/** Connections whose statements may read a whole day's rows; given back when the work ends. */
export type WithTime = <T>(work: (database: Database) => Promise<T>) => Promise<T>;

/** Everything of some merchants: its database schema, and the clock, chance and ids that belong to it. */
export type Cell = Database & {
  readonly cell: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
};

/** One connection, as this module uses it. */
export type Connection = {
  query(config: string | pg.QueryConfig): Promise<pg.QueryResult>;
  on(event: "error", ignore: () => void): unknown;
  removeListener(event: "error", ignore: () => void): unknown;
  /** Gives it back; broken: it is closed. */
  release(broken?: boolean): void;
};

/** A pool of connections, as this module uses it. */
export type Connections = {
  /** A connection of one's own until it is released. */
  connect(): Promise<Connection>;
  /** One statement on any connection. */
  query(config: pg.QueryConfig): Promise<pg.QueryResult>;
  end(): Promise<void>;
  readonly gauges?: PoolGauges;
};

/** Connections of a pool, and who waits for one. */
export type PoolGauges = { readonly busy: number; readonly idle: number; readonly waiting: number };

/** Makes a pool. The simulation hands in its own, whose every statement it starts, answers or loses. */
export type OpenConnections = (config: pg.PoolConfig, onIdleError: (error: Error) => void) => Connections;

const TRIES_MAX = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const LOCK_TIMEOUT_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 5_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/**
 * The server ends a statement long before; an answer that takes longer has been lost with its network, and
 * would be waited for for ever.
 */
const ANSWER_TIMEOUT_MS = 15_000;

export type DatabaseOptions = {
  readonly url: string;
  /** The schema that unqualified names mean. */
  readonly schema: string;
  readonly readersMax: number;
  readonly writersMax: number;
  readonly log: Log;
  /** A statement that runs longer is ended; for whoever reads a whole database, later than usual. */
  readonly statementTimeoutMs?: number;
  /** After this a connection that says nothing is given up as lost. */
  readonly answerTimeoutMs?: number;
  /** How connections are made; pg's own pool when absent. */
  readonly openConnections?: OpenConnections | undefined;
};

/** Opens the pools of one schema. Connections are made when first needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const settings = [
    `search_path=${options.schema}`,
    `statement_timeout=${options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS}`,
    `lock_timeout=${LOCK_TIMEOUT_MS}`,
    `idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
    "timezone=UTC",
  ];
  let closed = false;
  const open = options.openConnections ?? openPool;
  const pool = (max: number, extra: readonly string[], pipeline: boolean) =>
    open(
      {
        connectionString: options.url,
        max,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
        keepAlive: true,
        options: [...settings, ...extra].map((setting) => `-c ${setting}`).join(" "),
        types: { getTypeParser },
        stream: () => new CoalescingSocket(),
        ...({ pipeline } as object),
      },
      (error) => {
        if (!closed) options.log.warn({ err: error }, "an idle database connection was lost");
      },
    );
  const readers = pool(options.readersMax, [], false);
  // Statements planned on empty tables would stay sequential scans for ever: 848 instead of 188 µs.
  const writers = pool(options.writersMax, ["enable_seqscan=off", "default_transaction_read_only=on"], true);
  const counters = { deadlocks: 0, retries: 0 };
  return {
    db: dbOver({ query: (config) => withReadErrors(() => readers.query(config)) }),
    transact: (work, transactOptions) => transact({ writers, counters }, work, transactOptions ?? {}),
    counters,
    pools: { readers: readers.gauges ?? null, writers: writers.gauges ?? null },
    close: async () => {
      closed = true;
      await Promise.all([readers.end(), writers.end()]);
    },
  };
}

type Queryable = { query(config: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> };

function dbOver(queryable: Queryable): Db {
  const all = async <Row>(statement: Statement, params: readonly unknown[] = []): Promise<Row[]> => {
    const result = await queryable.query({
      name: statement.name,
      text: statement.text,
      values: params.map(parameter),
      rowMode: "array",
    });
    return rowsOf(statement, result) as Row[];
  };
  return {
    all,
    one: async <Row>(statement: Statement, params: readonly unknown[] = []): Promise<Row | null> => {
      const rows = await all<Row>(statement, params);
      if (rows.length > 1) throw new Error(`${statement.name} found ${rows.length} rows where one may exist`);
      return rows[0] ?? null;
    },
  };
}

/**
 * A transaction's statements, until `end`: a step of the work that still runs when another one has failed
 * would otherwise write outside of it, or into the next transaction of the same connection.
 */
function txOver(client: Connection): { tx: Tx; end(): void } {
  let ended = false;
  const query = async (config: pg.QueryConfig) => {
    if (ended) throw new Error(`${config.name} came after the end of its transaction`);
    return client.query(config);
  };
  const tx = {
    ...dbOver({ query }),
    run: async (statement: Statement, params: readonly unknown[] = []): Promise<number> => {
      const result = await query({
        name: statement.name,
        text: statement.text,
        values: params.map(parameter),
      });
      return result.rowCount ?? 0;
    },
  };
  return {
    tx: tx as unknown as Tx,
    end: () => {
      ended = true;
    },
  };
}

async function transact<T>(
  deps: { writers: Connections; counters: Database["counters"] },
  work: (tx: Tx) => Promise<T>,
  options: TransactOptions,
): Promise<T> {
  let mayBeDone = false;
  for (let tries = 1; ; tries += 1) {
    const attempt = await once(deps.writers, work);
    if (attempt.end === "committed") return attempt.value;
    if (attempt.end === "threw") {
      const fault = faultOf(attempt.error);
      if (fault === "deadlock") deps.counters.deadlocks += 1;
      const again = fault === "deadlock" || fault === "contention" || fault === "connection";
      if (!again || tries >= TRIES_MAX) throw translate(attempt.error, fault, mayBeDone);
    } else {
      mayBeDone = true;
      if (!options.repeatable || tries >= TRIES_MAX) {
        throw problem("outcome_unknown", { cause: attempt.error, retryAfterSeconds: 1 });
      }
    }
    deps.counters.retries += 1;
  }
}

/**
 * What a transaction begins with. The writers' sessions are read-only outside of one, so a statement that
 * was sent behind a `begin` which failed cannot write by itself.
 */
export const BEGIN = "begin read write";

type Once<T> =
  | { end: "committed"; value: T }
  /** Rolled back, for certain. */
  | { end: "threw"; error: unknown }
  /** COMMIT was sent and no tag came back: it may be committed. */
  | { end: "unknown"; error: unknown };

async function once<T>(writers: Connections, work: (tx: Tx) => Promise<T>): Promise<Once<T>> {
  let client: Connection;
  try {
    client = await writers.connect();
  } catch (error) {
    return { end: "threw", error };
  }
  const lost = onLost(client);
  const { tx, end } = txOver(client);
  try {
    // Sent with the first statements, not before them: each answer that is waited for wakes two processes.
    const [, value] = await Promise.all([client.query(BEGIN), (async () => work(tx))()]);
    end();
    return await commit(client, value, lost);
  } catch (error) {
    end();
    const broken = !(await rollback(client)) || faultOf(error) === "connection";
    lost.forget();
    client.release(broken);
    return { end: "threw", error };
  }
}

async function commit<T>(client: Connection, value: T, lost: { forget(): void }): Promise<Once<T>> {
  try {
    const result = await client.query("commit");
    lost.forget();
    client.release();
    // COMMIT of a failed transaction resolves, with the tag ROLLBACK: only the tag COMMIT counts.
    if (result.command === "COMMIT") return { end: "committed", value };
    return { end: "threw", error: new Error("the transaction had failed and was rolled back at commit") };
  } catch (error) {
    lost.forget();
    client.release(true);
    return { end: commitRefused(error) ? "threw" : "unknown", error };
  }
}

async function rollback(client: Connection): Promise<boolean> {
  try {
    await client.query("rollback");
    return true;
  } catch {
    return false;
  }
}

function onLost(client: Connection): { forget(): void } {
  // Without a listener a connection that breaks between two statements would end the process.
  const ignore = () => {};
  client.on("error", ignore);
  return { forget: () => client.removeListener("error", ignore) };
}

async function withReadErrors<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (faultOf(error) !== "connection") throw translate(error, faultOf(error));
    // A pooled connection may have died while idle (a restarted server): reading again is always safe.
    try {
      return await read();
    } catch (second) {
      throw translate(second, faultOf(second));
    }
  }
}

/** Arrays are written here; all else by the driver. */
function parameter(value: unknown): unknown {
  return Array.isArray(value) ? arrayLiteral(value) : value;
}

/**
 * Rows turned into one array per column, in the order of `keys`: the parameters of an
 * `insert … select from unnest($1::uuid[], …)`. A column without any value is the empty array, so at least
 * one must have a value in every row: its primary key.
 */
export function columnsOf<Row, Key extends keyof Row>(rows: readonly Row[], keys: readonly Key[]): string[] {
  return keys.map((key) => columnLiteral(rows, key));
}

/**
 * A column of long texts as three parameters: all texts as bytes one after the other, where each begins
 * (from 1) and how many bytes it has, for `convert_from(substring($1::bytea from at for bytes), 'UTF8')`. In
 * an array each quote of a JSON text would be escaped here and unescaped there, byte by byte.
 */
export function textsOf<Row>(rows: readonly Row[], text: (row: Row) => string): [Buffer, string, string] {
  let all = "";
  let at = 1;
  const starts: number[] = [];
  const lengths: number[] = [];
  for (const row of rows) {
    const one = text(row);
    const bytes = Buffer.byteLength(one);
    starts.push(at);
    lengths.push(bytes);
    at += bytes;
    all += one;
  }
  return [Buffer.from(all), `{${starts.join(",")}}`, `{${lengths.join(",")}}`];
}
