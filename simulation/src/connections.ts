/**
 * The platform's connections to PostgreSQL: a transaction, and a read outside one, is one event of the
 * scheduler. The server is real; only when a statement runs, and what the platform hears of it, is decided
 * here.
 */
import pg from "pg";
import {
  BEGIN,
  type Connection,
  type Connections,
  type OpenConnections,
} from "../../server/src/kernel/database.ts";
import { TRANSACTION_FATES, type TransactionFate } from "./fates.ts";
import { transactionNamed } from "./points.ts";
import type { Owner, Scheduler, Told } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** Real connections, kept warm from seed to seed. */
export type WarmPools = {
  of(config: pg.PoolConfig): pg.Pool;
  close(): Promise<void>;
};

export function createWarmPools(): WarmPools {
  const pools = new Map<string, pg.Pool>();
  return {
    of: (config) => {
      const key = String(config.options);
      let pool = pools.get(key);
      if (pool === undefined) {
        // Events run one at a time; a second connection serves what a transaction causes beside itself.
        pool = new pg.Pool({ ...config, max: 3, idleTimeoutMillis: 0 });
        // At the end of a run the database goes, and with it whoever is connected.
        pool.on("error", () => {});
        pools.set(key, pool);
      }
      return pool;
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

export type ConnectionsDeps = {
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly owner: Owner;
  readonly pools: WarmPools;
  /** Ends the process that the connections belong to. */
  readonly die: (why: string) => void;
  /** Sees every error that PostgreSQL itself reports. */
  readonly onError: (error: unknown) => void;
  /** The database may have changed. */
  readonly onWrite: () => void;
};

/** What a running atom causes says nothing of itself, and is over with it. */
const WITHIN: Told = { note: () => {}, over: () => {} };

/** The `openConnections` of one process. */
export function openSimulated(deps: ConnectionsDeps): OpenConnections {
  return (config) => {
    const pool = deps.pools.of(config);
    return {
      connect: () => connect(deps, pool),
      query: (query) => read(deps, pool, query),
      end: async () => {},
    } satisfies Connections;
  };
}

function read(deps: ConnectionsDeps, pool: pg.Pool, query: pg.QueryConfig): Promise<pg.QueryResult> {
  const { scheduler, weather, owner } = deps;
  const label = `read ${query.name}`;
  return new Promise((resolve, reject) => {
    const run = async ({ note, over }: Told) => {
      if (weather.readLost()) {
        note("lost");
        over();
        reject(broken());
        return;
      }
      try {
        const result = await pool.query(query);
        note(String(result.rowCount));
        over();
        if (owner.alive) resolve(result);
      } catch (error) {
        deps.onError(error);
        over();
        if (owner.alive) reject(error as Error);
      }
    };
    // What a running event reads is a part of it.
    if (scheduler.isRunning) void run(WITHIN);
    else scheduler.atom(owner, label, weather.queueMs(), run);
  });
}

function connect(deps: ConnectionsDeps, pool: pg.Pool): Promise<Connection> {
  const { scheduler, weather, owner } = deps;
  return new Promise((resolve, reject) => {
    const run = async ({ note, over }: Told) => {
      const fate = weather.transaction();
      if (fate === "refused") {
        weather.tally.add("transactions", "no connection to be had");
        note("refused");
        over();
        reject(refused());
        return;
      }
      const client = await pool.connect();
      await new Promise<void>((done) => {
        const held = hold(deps, client, fate, (said) => {
          note(said);
          over();
          deps.onWrite();
          done();
        });
        resolve(held);
      });
    };
    if (scheduler.isRunning) void run(WITHIN);
    else scheduler.atom(owner, "transaction", weather.queueMs(), run);
  });
}

/** One transaction's connection. `end` is told what was said over it, once. */
function hold(
  deps: ConnectionsDeps,
  client: pg.PoolClient,
  drawn: Exclude<TransactionFate, "refused">,
  end: (said: string) => void,
): Connection {
  const said: string[] = [];
  let fate = drawn;
  const { tally } = deps.weather;
  const statements: string[] = [];
  let transaction: string | null = null;
  let isAmbushed = false;
  let sent = 0;
  let lost = false;
  let ended = false;
  let dead = false;
  const close = () => {
    if (ended) return;
    ended = true;
    client.release();
    end(said.join(" "));
  };
  const breakOff = async (): Promise<never> => {
    lost = true;
    await client.query("rollback");
    throw broken();
  };
  const never = () => new Promise<never>(() => {});
  const dieHere = (why: string): Promise<never> => {
    dead = true;
    deps.die(why);
    close();
    return never();
  };
  const strikes = () => {
    if (fate === "fine" || fate === "lost_within") return;
    tally.add("transactions", `${TRANSACTION_FATES[fate]} ${transaction}`);
  };
  /** Its statements after `begin` tell what the transaction is for; true: the process dies before it. */
  const isDeadly = (text: string): boolean => {
    if (text === BEGIN || transaction !== null) return false;
    statements.push(text);
    transaction = transactionNamed(statements);
    if (transaction === null) return false;
    tally.add("transactions", transaction);
    const ambush = deps.weather.ambush(transaction);
    isAmbushed = ambush !== null;
    fate = ambush ?? fate;
    if (fate !== "fine") said.push(`(${fate})`);
    return fate === "crash_before";
  };

  return {
    on: () => {},
    removeListener: () => {},
    query: async (config) => {
      const text = typeof config === "string" ? config : String(config.name);
      if (lost) throw broken();
      // Statements may be sent together: what was to follow the one that died is never sent.
      if (dead) return never();
      if (text !== BEGIN) sent += 1;
      if (isDeadly(text)) {
        strikes();
        dead = true;
        await client.query("rollback");
        return dieHere("before a transaction");
      }
      if (text === "rollback" && isAmbushed) deps.weather.escaped();
      if (text === "commit") {
        strikes();
        if (fate === "lost_before_commit") return breakOff();
        const result = await client.query(config as string);
        said.push(result.command.toLowerCase());
        if (fate === "lost_after_commit") {
          lost = true;
          throw broken();
        }
        if (fate === "crash_after_commit") return dieHere("after a commit");
        return result;
      }
      if (fate === "lost_within" && sent === 2) {
        tally.add("transactions", "a connection lost between two statements");
        return breakOff();
      }
      try {
        const result = await client.query(config as pg.QueryConfig);
        if (text !== BEGIN) said.push(`${text}:${result.rowCount}`);
        return result;
      } catch (error) {
        said.push(`${text}!${(error as { code?: string }).code ?? ""}`);
        deps.onError(error);
        throw error;
      }
    },
    release: close,
  };
}

function broken(): Error {
  return Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" });
}

function refused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
}
