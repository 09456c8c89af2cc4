/** One measured stretch of load, and what it cost. */

import type { GeneratorCommand } from "./generator.ts";
import type { Load } from "./load.ts";
import { type CpuSeconds, cpuOf, type DatabaseCounters, type Gauge, rssMbOf } from "./measure.ts";
import type { BenchPlatform } from "./platform.ts";

const LOOK_MS = 1_000;
const DRAIN_MS = 60_000;

export type Stretch = {
  readonly seconds: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  readonly created: number;
  readonly refunded: number;
  readonly read: number;
  readonly refused: number;
  readonly broken: number;
  readonly createP50: number;
  readonly createP99: number;
  readonly outcomeP99: number;
  readonly completeP99: number;
  readonly cpu: CpuSeconds & { readonly generator: number };
  readonly cpuUsPerPayment: number;
  readonly rowVersionsPerPayment: number;
  readonly walBytesPerPayment: number;
  readonly rssMbMax: number;
  readonly checkpoints: number;
  readonly deadlocks: number;
  /** Completions in each second, to see whether the rate held. */
  readonly perSecond: readonly number[];
};

export type Bench = {
  readonly platform: BenchPlatform;
  readonly load: Load;
  readonly gauge: Gauge;
  readonly postmasterPid: number;
  readonly progress: (line: string) => void;
};

/** Runs a phase for `seconds`, then lets everything under way end; costs are those of both. */
export async function stretch(
  bench: Bench,
  phase: Extract<GeneratorCommand, { do: "phase" }>,
  seconds: number,
  label: string,
): Promise<Stretch> {
  const { platform, load } = bench;
  const before = await look(bench);
  const perSecond: number[] = [];
  let rssMbMax = 0;
  load.tell(phase);
  let last = before.count.completed;
  for (let second = 0; second < seconds; second += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const { completed, queued } = await load.count();
    perSecond.push(completed - last);
    rssMbMax = Math.max(rssMbMax, rssMbOf(platform.pid));
    if (second % 5 === 4) bench.progress(`${label}: ${completed - last}/s, ${queued} waiting for a socket`);
    last = completed;
  }
  load.tell({ do: "pause" });
  const loaded = await load.count();
  await drain(bench);
  const after = await look(bench);
  const done = (key: "completed" | "created" | "refunded" | "read" | "refused" | "broken") =>
    after.count[key] - before.count[key];
  const completed = done("completed");
  const cpu = {
    server: after.cpu.server - before.cpu.server,
    postgres: after.cpu.postgres - before.cpu.postgres,
    generator: (after.count.cpuUs - before.count.cpuUs) / 1e6,
  };
  const per = (key: keyof DatabaseCounters) => (after.database[key] - before.database[key]) / completed;
  return {
    seconds,
    completed,
    completedPerSecond: (loaded.completed - before.count.completed) / seconds,
    created: done("created"),
    refunded: done("refunded"),
    read: done("read"),
    refused: done("refused"),
    broken: done("broken"),
    createP50: loaded.createP50,
    createP99: loaded.createP99,
    outcomeP99: loaded.outcomeP99,
    completeP99: loaded.completeP99,
    cpu,
    cpuUsPerPayment: ((cpu.server + cpu.postgres) * 1e6) / completed,
    rowVersionsPerPayment: per("rowVersions") - per("accountUpdates"),
    walBytesPerPayment: per("walBytes"),
    rssMbMax,
    checkpoints: after.database.checkpoints - before.database.checkpoints,
    deadlocks: after.database.deadlocks - before.database.deadlocks,
    perSecond,
  };
}

async function look({ platform, load, gauge, postmasterPid }: Bench) {
  // PostgreSQL publishes a backend's statistics with a delay of up to a second.
  await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
  return {
    count: await load.count(),
    cpu: cpuOf(platform.pid, postmasterPid),
    database: await gauge.read(),
  };
}

/** Waits until every payment that was reported is completed and no delivery is left. */
export async function drain({ load, gauge, progress }: Bench): Promise<number> {
  const until = performance.now() + DRAIN_MS;
  for (;;) {
    const { reported, completed, queued } = await load.count();
    const backlog = await gauge.backlog();
    if (backlog === 0 && queued === 0 && completed >= reported) return 0;
    if (performance.now() > until) {
      progress(`after a minute ${backlog} deliveries still wait`);
      return Math.max(backlog, reported - completed);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
