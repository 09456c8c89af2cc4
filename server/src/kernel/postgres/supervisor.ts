import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { systemClock } from "../clock.ts";
import { claimDataDir, type Ownership } from "../host/owner.ts";
import { freePort } from "../host/ports.ts";
import { processesIn, processIdentity, signal, worksIn } from "../host/processes.ts";
import { StartRefused } from "../host/start-refused.ts";
import type { Log } from "../log.ts";
import { type Cluster, openCluster, superuser } from "./cluster.ts";
import type { RunAs } from "./run-as.ts";
import { serverSettings } from "./settings.ts";
import { type Guard, guardRunning, isGuarded, startGuarded } from "./watchdog.ts";

/** A PostgreSQL server that lives and dies with this process. */
export type EmbeddedPostgres = {
  /** The URL of a database of this server, which need not exist yet (see `ensureDatabase`). */
  url(database: string): string;
  /** The postmaster's process id; another one after a restart. */
  readonly pid: number;
  /** How often the postmaster died by itself and was started again. */
  restarts(): number;
  /** Shuts PostgreSQL down (its sessions are closed, committed work is kept) and gives the data folder up. */
  stop(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  /** The project's data folder; PostgreSQL's own lies in `postgres` under it. Created when absent. */
  dataDir: string;
  /** False gives up every promise of durability for speed: tests and the simulation only. */
  durable: boolean;
  log: Log;
  /** Who may run PostgreSQL, where the usual choice shall not count. */
  ways?: readonly RunAs[];
};

/**
 * Starts PostgreSQL on `dataDir`, or adopts the one that a killed owner left running there, and keeps it
 * running: when it dies it is started again at the same URL. When this process ends, in whatever way,
 * PostgreSQL ends too.
 *
 * Throws `StartRefused` when another process owns the folder, or PostgreSQL cannot run on it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const ownership = claimDataDir(dataDir, systemClock.now());
  try {
    const cluster = openCluster(dataDir, options.durable, options.ways);
    const server = new Supervisor(cluster, options, ownership);
    await server.start();
    return server;
  } catch (error) {
    ownership.release();
    throw error;
  }
}

/** Creates the database that `url` would name with `name` in its place, unless it exists. */
export async function ensureDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    const { code = "" } = error as pg.DatabaseError;
    if (code === "42501") {
      throw new StartRefused(
        `The role that DATABASE_URL names may not create the database ${name}: create it yourself, or let ` +
          "the role do it (alter role … createdb).",
      );
    }
    // Another process created it between the question and the answer.
    if (!["42P04", "23505"].includes(code)) throw error;
  } finally {
    await client.end();
  }
  const target = new URL(url);
  target.pathname = `/${encodeURIComponent(name)}`;
  return target.href;
}

/** Left-over backends end by themselves within seconds; longer means that something is wrong. */
const leftoversMs = 30_000;
const leftoversPatienceMs = 1_000;
const stopMs = 30_000;
const slowStartMs = 10_000;
const pollMs = 40;
const portTriesMax = 5;
const restartPauseMaxMs = 5_000;

class Supervisor implements EmbeddedPostgres {
  pid = 0;
  #port = 0;
  #restarts = 0;
  #guard: Guard | null = null;
  /** Settles when the postmaster that runs now has ended. */
  #ended: Promise<string> = Promise.resolve("not started");
  /** Settles when PostgreSQL has ended and will not be started again. */
  #watching: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;
  readonly #cluster: Cluster;
  readonly #durable: boolean;
  readonly #log: Log;
  readonly #ownership: Ownership;

  constructor(cluster: Cluster, options: EmbeddedPostgresOptions, ownership: Ownership) {
    this.#cluster = cluster;
    this.#durable = options.durable;
    this.#log = options.log;
    this.#ownership = ownership;
  }

  url(database: string): string {
    const password = encodeURIComponent(this.#cluster.password);
    return `postgres://${superuser}:${password}@127.0.0.1:${this.#port}/${encodeURIComponent(database)}`;
  }

  restarts(): number {
    return this.#restarts;
  }

  async start(): Promise<void> {
    try {
      // The folder is ours, so whoever guards a postmaster on it lost its owner and is ending it.
      if (!(await this.#adopt(isGuarded))) await this.#startFresh();
    } catch (error) {
      this.#guard?.release();
      throw error;
    }
    this.#watching = this.#watch();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    // Let go of, the guard shuts down what runs now, be it serving or still starting.
    this.#guard?.release();
    if (!(await within(this.#watching, stopMs))) {
      this.#log.warn(
        "PostgreSQL did not shut down in time and is ended at once; it recovers at its next start",
      );
      if (this.pid !== 0) signal(this.pid, "SIGQUIT");
      await this.#watching;
    }
    this.#ownership.release();
  }

  /** Takes over a postmaster that runs on our data without an owner; waits for one that is shutting down. */
  async #adopt(isEnding: (folder: string, pid: number) => boolean): Promise<boolean> {
    const { folder } = this.#cluster;
    const deadline = performance.now() + leftoversMs;
    for (;;) {
      const running = readPostmaster(folder);
      if (running === null || processIdentity(running.pid) === null || !worksIn(running.pid, folder))
        return false;
      this.#port = running.port;
      if (!isEnding(folder, running.pid) && (await this.#answers())) {
        this.pid = running.pid;
        this.#guard = guardRunning(this.#cluster, running.pid);
        this.#ended = endOf(running.pid);
        this.#log.info({ pid: running.pid }, "PostgreSQL was running unguarded and is adopted");
        return true;
      }
      if (performance.now() > deadline) throw stuck(this.#cluster, running.pid);
      await systemClock.sleep(pollMs);
    }
  }

  async #startFresh(): Promise<void> {
    await this.#clearLeftovers();
    for (let tries = 1; ; tries++) {
      this.#port = await freePort();
      const failure = await this.#launch();
      if (failure === null) return;
      // Somebody took the free port between our look and PostgreSQL's.
      const retry = failure.includes("Address already in use") && tries < portTriesMax;
      if (!retry)
        throw new StartRefused(`PostgreSQL did not start (log: ${this.#cluster.logFile}). ${failure}`);
    }
  }

  /** Starts the postmaster and waits until it answers; a string is its own last words. */
  async #launch(): Promise<string | null> {
    const { binaries, folder } = this.#cluster;
    const settings = serverSettings(this.#port, this.#durable);
    const guard = startGuarded(this.#cluster, [binaries.postgres, "-D", folder, ...settings]);
    let end: string | null = null;
    this.#guard = guard;
    this.#ended = guard.ended.then((reason) => {
      end = reason;
      return reason;
    });
    if (this.#stopping !== null) guard.release();
    const cancelNotice = systemClock.after(slowStartMs, () => {
      this.#log.info("PostgreSQL takes its time: after a crash it first replays what was committed");
    });
    try {
      for (;;) {
        if (end !== null) return lastWords(this.#cluster, end);
        if (await this.#answers()) {
          this.pid = readPostmaster(folder)?.pid ?? 0;
          return null;
        }
        await systemClock.sleep(pollMs);
      }
    } finally {
      cancelNotice();
    }
  }

  /** Starts PostgreSQL again whenever it dies without being asked to. */
  async #watch(): Promise<void> {
    for (;;) {
      const reason = await this.#ended;
      this.pid = 0;
      if (this.#stopping !== null) return;
      this.#log.error(
        { reason },
        "PostgreSQL ended by itself and is started again; requests get 503 meanwhile",
      );
      await this.#recover();
    }
  }

  async #recover(): Promise<void> {
    for (let pauseMs = pollMs; this.#stopping === null; pauseMs = Math.min(pauseMs * 2, restartPauseMaxMs)) {
      const failure = await this.#startAgain().catch((error: Error) => error.message);
      if (failure === null) {
        this.#log.info({ pid: this.pid }, "PostgreSQL is back");
        return;
      }
      this.#log.error({ failure }, "PostgreSQL did not start again; trying on");
      await systemClock.sleep(pauseMs);
    }
  }

  async #startAgain(): Promise<string | null> {
    // It may be the guard alone that was killed.
    if (await this.#adopt(() => false)) return null;
    this.#guard?.release();
    await this.#clearLeftovers();
    const failure = await this.#launch();
    if (failure === null) this.#restarts++;
    return failure;
  }

  /** Ends what a killed postmaster left on the data files: its backends keep a new one from starting. */
  async #clearLeftovers(): Promise<void> {
    const { folder } = this.#cluster;
    const began = performance.now();
    for (;;) {
      const leftovers = processesIn(folder);
      if (leftovers.length === 0) break;
      const waitedMs = performance.now() - began;
      if (waitedMs > leftoversMs) throw stuck(this.#cluster, leftovers[0] ?? 0);
      for (const pid of leftovers) signal(pid, waitedMs < leftoversPatienceMs ? "SIGQUIT" : "SIGKILL");
      await systemClock.sleep(pollMs);
    }
    // With no process in the folder, the pid in this file names nobody, or a stranger who got the number
    // since: PostgreSQL would refuse to start because of the stranger.
    if (process.platform === "linux") rmSync(join(folder, "postmaster.pid"), { force: true });
  }

  /** Whether our own PostgreSQL, on our own data, accepts connections. */
  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url("postgres"), connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ data_directory: string }>("show data_directory");
      return rows[0]?.data_directory === this.#cluster.folder;
    } catch (error) {
      const wrongPassword = "28P01";
      if ((error as pg.DatabaseError).code === wrongPassword) throw changedPassword(this.#cluster);
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** The first lines of postmaster.pid: process id, data folder, start time, port. */
function readPostmaster(folder: string): { pid: number; port: number } | null {
  try {
    const lines = readFileSync(join(folder, "postmaster.pid"), "utf8").split("\n");
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return Number.isInteger(pid) && pid > 0 ? { pid, port } : null;
  } catch {
    return null;
  }
}

function changedPassword(cluster: Cluster): StartRefused {
  const file = join(cluster.folder, "..", "password");
  return new StartRefused(
    `PostgreSQL does not accept the password in ${file}, which was made with its data. Put the file back ` +
      "from a backup, or move the whole data folder away to begin anew.",
  );
}

function stuck(cluster: Cluster, pid: number): StartRefused {
  return new StartRefused(
    `PostgreSQL processes of an earlier run still hold ${cluster.folder} and do not end (pid ${pid}). ` +
      `End them with: kill -9 ${pid}, then start again.`,
  );
}

function lastWords(cluster: Cluster, end: string): string {
  const lines = readFileSync(cluster.logFile, "utf8").trimEnd().split("\n");
  return `It ended with ${end}; its last words: ${lines.slice(-6).join(" | ")}`;
}

async function endOf(pid: number): Promise<string> {
  while (processIdentity(pid) !== null) await systemClock.sleep(pollMs);
  return "an end that was not seen";
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const giveUp = new AbortController();
  const late = systemClock.sleep(ms, giveUp.signal).then(() => false);
  const inTime = await Promise.race([promise.then(() => true), late]);
  giveUp.abort();
  return inTime;
}
