/**
 * The engine that compares, in a process of its own: DuckDB with a limit of memory that is not the server's.
 * The process is started with the first job, is kept for the next ones, and ends when nobody has any. One
 * that dies fails its job with the reason, and the next job has another.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, DAY, MINUTE } from "../../kernel/clock.ts";
import {
  type Batches,
  CARRIED_COLUMNS,
  readAdjusted,
  readCounts,
  readFound,
  readTotals,
  SCOPE_COLUMNS,
  THEIR_COLUMNS,
  writeRows,
} from "./files.ts";
import type { AnyJob, JobFiles, Reply } from "./job.ts";
import type { LargeStatement } from "./large/large.ts";
import { narrowed } from "./large/narrowed.ts";
import type { Compared, FoundRow, OurRow, ScopeRow, TheirRow } from "./rows.ts";

export type EngineDeps = {
  readonly clock: Clock;
  /** Where the files of jobs are while they run. */
  readonly folder: string;
  /** DuckDB's own limit; 1,500 by default. */
  readonly memoryMbMax?: number;
  /** 2 by default. */
  readonly threads?: number;
  /** How long a process without a job is kept; half a minute by default. */
  readonly idleMs?: number;
  /** Told the process's id when one is started: for whoever watches it. */
  readonly onStarted?: (pid: number) => void;
};

/** Scopes to compare at once: each account at most once. */
export type Comparison = {
  readonly scopes: readonly ScopeRow[];
  /** Every line, with the number of its scope: of the statements, and what was carried in. */
  readonly theirs: Batches<InScope<TheirRow>>;
  /** Movements that were carried in. */
  readonly carried: readonly InScope<OurRow>[];
  /** Extracts, at least one. */
  readonly movements: readonly string[];
  /**
   * An Alipay statement of the only scope, which is read by the engine itself: `theirs` has what was carried
   * in, alone.
   */
  readonly large?: LargeStatement;
};

export type InScope<Row> = Row & { readonly scope: number };

/** The comparison did not come to an end; nothing is lost, and it may be asked for again. */
export class EngineFailed extends Error {}

/** A large statement that only the strict reader can read or refuse. */
export class IrregularStatement extends Error {}

export type Engine = {
  /**
   * Throws `EngineFailed` when the process dies or cannot carry it out, and `IrregularStatement` for a large
   * statement that is not of the usual form.
   */
  compare(comparison: Comparison): Promise<Compared>;
  /** Makes an extract quicker to read: the same rows, as Parquet. */
  pack(from: string, to: string): Promise<void>;
  /** Waits for what was begun, and ends the process. */
  stop(): Promise<void>;
};

const MEMORY_MB_MAX = 1_000;
const THREADS = 2;
const IDLE_MS = MINUTE / 2;

export function createEngine(deps: EngineDeps): Engine {
  const worker = createWorker(deps);
  const under = new Set<Promise<unknown>>();
  const tracked = async <T>(work: Promise<T>): Promise<T> => {
    under.add(work);
    try {
      return await work;
    } finally {
      under.delete(work);
    }
  };
  return {
    compare: (comparison) => tracked(compare(deps, worker, comparison)),
    pack: (from, to) => tracked(worker.carryOut({ task: "pack", from, to, ...limits(deps) })),
    stop: async () => {
      await Promise.allSettled(under);
      await worker.stop();
    },
  };
}

function limits({ memoryMbMax, threads }: EngineDeps) {
  return { memoryMbMax: memoryMbMax ?? MEMORY_MB_MAX, threads: threads ?? THREADS };
}

const JOB = "job-";

/** A folder for a job; those that a killed process left behind are removed. */
async function folderIn(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, JOB));
  // Of one clock, the file system's, which several machines may share.
  const { mtimeMs: now } = await stat(folder);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const made = name.startsWith(JOB) ? await stat(path).catch(() => null) : null;
    if (made !== null && now - made.mtimeMs > DAY) await rm(path, { recursive: true, force: true });
  }
  return folder;
}

async function compare(deps: EngineDeps, worker: Worker, comparison: Comparison): Promise<Compared> {
  const folder = await folderIn(deps.folder);
  const at = (name: string) => join(folder, name);
  const files: JobFiles = {
    scopes: at("scopes.csv"),
    theirs: at("theirs.csv"),
    carried: at("carried.csv"),
    movements: comparison.movements,
    found: at("found.jsonl"),
    totals: at("totals.jsonl"),
    adjusted: at("adjusted.jsonl"),
    counts: at("counts.jsonl"),
  };
  try {
    await writeRows(files.scopes, SCOPE_COLUMNS, [comparison.scopes]);
    await writeRows(files.theirs, THEIR_COLUMNS, comparison.theirs);
    await writeRows(files.carried, CARRIED_COLUMNS, [comparison.carried]);
    const large = comparison.large ?? null;
    await worker.carryOut({ task: "compare", folder, files, large, ...limits(deps) });
    const found = await readFound(files.found);
    return {
      found: large === null ? found : found.map(narrowedFound),
      totals: await readTotals(files.totals),
      adjusted: await readAdjusted(files.adjusted),
      counts: await readCounts(files.counts),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of a large statement every text was widened on its way. */
function narrowedFound(row: FoundRow): FoundRow {
  const { theirs } = row;
  if (theirs === null || theirs.matchKey !== "") return row;
  const { tradeNo, orderNo, refundNo, subject } = theirs;
  return {
    ...row,
    matchKey: narrowed(row.matchKey),
    theirs: {
      ...theirs,
      tradeNo: narrowed(tradeNo),
      orderNo: narrowed(orderNo),
      refundNo: narrowed(refundNo),
      subject: narrowed(subject),
    },
  };
}

type Unnumbered<Job> = Job extends AnyJob ? Omit<Job, "id"> : never;

type Worker = {
  /** In its turn: the process has one job at a time. */
  carryOut(job: Unnumbered<AnyJob>): Promise<void>;
  stop(): Promise<void>;
};

const PROGRAM = fileURLToPath(new URL("./duckdb-cli.ts", import.meta.url));

function createWorker({ clock, idleMs, onStarted }: EngineDeps): Worker {
  let turn: Promise<void> = Promise.resolve();
  let child: ChildProcess | null = null;
  let jobs = 0;
  let stayAwake = () => {};
  const end = async (): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
    if (ending.connected) ending.disconnect();
    await ended;
  };
  const carryOut = async (job: Unnumbered<AnyJob>): Promise<void> => {
    stayAwake();
    jobs += 1;
    if (child === null) {
      const own = started(() => {
        if (child === own) child = null;
      });
      child = own;
      if (own.pid !== undefined) onStarted?.(own.pid);
    }
    try {
      await answerOf(child, { ...job, id: jobs });
    } finally {
      stayAwake = clock.after(idleMs ?? IDLE_MS, () => void end());
    }
  };
  return {
    carryOut: (job) => {
      const done = turn.then(() => carryOut(job));
      turn = done.catch(() => {});
      return done;
    },
    stop: async () => {
      stayAwake();
      await end();
    },
  };
}

function started(onExit: () => void): ChildProcess {
  const child = fork(PROGRAM, [], {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  child.once("exit", onExit);
  // One that could not be started never exits; whoever waits for its answer is told why.
  child.on("error", () => {
    if (child.pid === undefined) onExit();
  });
  return child;
}

const SAID_CHARACTERS_MAX = 2_000;

function answerOf(child: ChildProcess, job: AnyJob): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const onSaid = (part: Buffer) => {
      said = (said + part.toString()).slice(-SAID_CHARACTERS_MAX);
    };
    const settle = (failure: string | null, isIrregular = false) => {
      child.removeListener("message", onMessage);
      child.removeListener("exit", onExit);
      child.removeListener("error", onError);
      child.stderr?.removeListener("data", onSaid);
      if (failure === null) resolve();
      else reject(isIrregular ? new IrregularStatement(failure) : new EngineFailed(failure));
    };
    const onMessage = (reply: Reply) => {
      if (reply.id === job.id) settle(reply.end === "done" ? null : reply.reason, reply.end === "irregular");
    };
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
      settle(`its process ended with ${signal ?? `code ${code}`} ${said}`.trim());
    };
    const onError = (error: Error) => settle(`its process could not be started: ${error.message}`);
    child.on("message", onMessage);
    child.on("exit", onExit);
    child.on("error", onError);
    child.stderr?.on("data", onSaid);
    child.send(job, (error) => {
      if (error !== null) settle(`its process took no job: ${error.message}`);
    });
  });
}
