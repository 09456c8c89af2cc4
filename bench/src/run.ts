/** One measured stretch of load, and what it cost. */
import { averageBatches, type BatchCounters } from "./batches.ts";
import type { Counted, GeneratorCount, Percentiles, PhaseCommand } from "./commands.ts";
import type { Load } from "./load.ts";
import { type CpuSeconds, cpuOf, type DatabaseCounters, type Gauge, rssMbOf } from "./measure.ts";

const LOOK_MS = 1_000;
/** A backend that is idle publishes what it counted last after ten seconds, a busy one each second. */
const STATISTICS_MS = 10_500;
const STATISTICS_BUSY_MS = 1_200;
const STATISTICS_HARDLY_MS = 100;
const DRAIN_MS = 60_000;
const DRAIN_LOOK_MS = 100;
const SECONDS_PER_LINE = 5;
/** A stretch of this length counts: it holds a checkpoint and exact counters; shorter ones try things out. */
const COUNTS_FROM_SECONDS = 30;
const TRIES_FROM_SECONDS = 5;

/** What a stretch runs against: the platform, or the skeleton. */
export type Bench = {
  readonly server: {
    readonly pid: number;
    /** Counters of its batchers; empty where it has none to show. */
    readonly batches: () => Promise<BatchCounters>;
  };
  readonly load: Load;
  readonly gauge: Gauge;
  readonly progress: (line: string) => void;
  /** Payments at a time in a closed loop. */
  readonly inFlight: number;
};

/** One second of a stretch. */
export type Second = {
  readonly started: number;
  readonly created: number;
  readonly shed: number;
  readonly completed: number;
  readonly reported: number;
  readonly create: Percentiles;
  readonly complete: Percentiles;
};

export type Stretch = {
  readonly seconds: number;
  /** What was done from the first arrival until the last backlog was gone. */
  readonly done: Readonly<Record<Counted, number>>;
  /** Of the seconds with arrivals. */
  readonly completedPerSecond: number;
  readonly reportedPerSecond: number;
  readonly refundedPerSecond: number;
  readonly latency: GeneratorCount["latency"];
  readonly cpu: CpuSeconds & { readonly generator: number };
  readonly database: DatabaseCounters;
  readonly rssMbMax: number;
  readonly batches: Readonly<Record<string, number>>;
  readonly perSecond: readonly Second[];
  readonly backlogEnd: number;
};

export type StretchOptions = {
  readonly label: string;
  readonly seconds: number;
  readonly phase: PhaseCommand;
  /** What is left over is somebody else's: endpoints that fail keep their deliveries waiting. */
  readonly undrained?: boolean;
  /** Called at the end of every second. */
  readonly onSecond?: (second: number) => void;
};

/** Runs a phase for `seconds`, then lets everything under way end; costs are those of both. */
export async function stretch(bench: Bench, options: StretchOptions): Promise<Stretch> {
  const { load } = bench;
  const before = await look(bench, options.seconds);
  load.tell(options.phase);
  const watched = await watch(bench, options, before.count);
  load.tell({ do: "pause" });
  const backlogEnd = options.undrained === true ? 0 : await drain(bench);
  const after = await look(bench, options.seconds);
  const { loaded, perSecond, rssMbMax, tookSeconds } = watched;
  const rate = (name: Counted) => (loaded[name] - before.count[name]) / tookSeconds;
  return {
    seconds: options.seconds,
    done: subtract(after.count, before.count),
    completedPerSecond: rate("completed"),
    reportedPerSecond: rate("reported"),
    refundedPerSecond: rate("refunded"),
    latency: loaded.latency,
    cpu: {
      server: after.cpu.server - before.cpu.server,
      postgres: after.cpu.postgres - before.cpu.postgres,
      generator: (after.count.cpuUs - before.count.cpuUs) / 1e6,
    },
    database: subtract(after.database, before.database),
    rssMbMax,
    batches: averageBatches(before.batches, after.batches),
    perSecond,
    backlogEnd,
  };
}

async function watch(bench: Bench, options: StretchOptions, begun: GeneratorCount) {
  const { server, load, gauge, progress } = bench;
  const { seconds, label } = options;
  const from = performance.now();
  const checkpoints = (await gauge.read()).checkpoints;
  const perSecond: Second[] = [];
  let rssMbMax = 0;
  let last = begun;
  for (let second = 1; second <= seconds; second += 1) {
    await sleep(Math.max(0, from + second * LOOK_MS - performance.now()));
    const count = await load.count();
    perSecond.push(secondOf(count, last));
    rssMbMax = Math.max(rssMbMax, rssMbOf(server.pid));
    if (second % SECONDS_PER_LINE === 0) {
      progress(`${label}: ${count.completed - last.completed}/s, ${count.queued} waiting for a socket`);
    }
    if (seconds >= COUNTS_FROM_SECONDS && second === Math.floor((seconds * 2) / 3)) {
      if ((await gauge.read()).checkpoints === checkpoints) void gauge.checkpoint();
    }
    options.onSecond?.(second);
    last = count;
  }
  return { loaded: last, perSecond, rssMbMax, tookSeconds: (performance.now() - from) / 1_000 };
}

function secondOf(count: GeneratorCount, last: GeneratorCount): Second {
  const { started, created, shed, completed, reported } = subtract(count, last);
  const { createSince: create, completeSince: complete } = count;
  return { started, created, shed, completed, reported, create, complete };
}

async function look({ server, load, gauge }: Bench, seconds: number) {
  await sleep(statisticsMs(seconds));
  return {
    count: await load.count(),
    cpu: cpuOf(server.pid, gauge.postmasterPid),
    database: await gauge.read(),
    batches: await server.batches(),
  };
}

/** How long to wait for PostgreSQL's counters; a stretch of a second or two is not about figures. */
function statisticsMs(seconds: number): number {
  if (seconds >= COUNTS_FROM_SECONDS) return STATISTICS_MS;
  return seconds >= TRIES_FROM_SECONDS ? STATISTICS_BUSY_MS : STATISTICS_HARDLY_MS;
}

/** Waits until every payment that was reported is completed and no delivery is left; what was left after. */
export async function drain({ load, gauge, progress }: Bench): Promise<number> {
  const until = performance.now() + DRAIN_MS;
  for (;;) {
    const { created, reported, completed, queued, errands } = await load.count();
    const backlog = await gauge.backlog();
    const underWay = queued + errands + (created - completed);
    if (backlog === 0 && underWay === 0 && reported >= created) return 0;
    if (performance.now() > until) {
      progress(`after a minute ${backlog} deliveries and ${created - completed} payments still wait`);
      return Math.max(backlog, created - completed);
    }
    await sleep(DRAIN_LOOK_MS);
  }
}

/** The numbers of `after` less those of `before`, by their names in `before`. */
function subtract<T extends object>(after: T, before: T): { readonly [K in keyof T]: number } {
  const entries = Object.entries(before).flatMap(([name, value]) =>
    typeof value === "number" ? [[name, (after[name as keyof T] as number) - value] as const] : [],
  );
  return Object.fromEntries(entries) as { readonly [K in keyof T]: number };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
