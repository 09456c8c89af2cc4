/**
 * The kill matrix: real processes under load, one blow per round. After each round what was acknowledged is
 * there, the backlog drains and every invariant holds.
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signal } from "../../server/src/kernel/host/processes.ts";
import { silentLog } from "../../server/src/kernel/log.ts";
import { ensureDatabase, startEmbeddedPostgres } from "../../server/src/kernel/postgres/supervisor.ts";
import { BLOWS, type Blow, createCutter, deal, type Target } from "./blows.ts";
import { chanceOf } from "./chance.ts";
import { createLoad, type Load } from "./load.ts";
import { type Stage, startStage, until } from "./stage.ts";
import { tollOf } from "./toll.ts";
import { killPostgres } from "./walk.ts";

export type ChaosOptions = {
  readonly rounds: number;
  readonly seed: number;
  /** The blows to choose from; every one is dealt before one is dealt again. */
  readonly blows?: readonly Blow[];
  readonly frozenMs?: number;
  /** False: PostgreSQL does not wait for the disk, as in the tests. */
  readonly durable: boolean;
  readonly say: (line: string) => void;
};

/** What was survived; anything but zeros behind `acknowledged` is a failure. */
export type Survived = {
  readonly rounds: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  readonly violations: number;
  readonly deadlocks: number;
};

/** Past the leases of 30 s that a stopped process may hold. */
const FROZEN_MS = 33_000;
/** Half a minute in each half second: more than a lease, less than anything expires in. */
const SKIP = { afterMs: 500, beyondMs: 20_000 };
const SHOPS = 3;
const READY_MS_MAX = 120_000;
const DRAIN_MS_MAX = 300_000;

export async function runChaos(options: ChaosOptions): Promise<Survived> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-test-"));
  const { durable, seed, say } = options;
  const chance = chanceOf(seed);
  const postgres = await startEmbeddedPostgres({ dataDir, durable, log: silentLog() });
  const cutter = createCutter(chanceOf(seed + 1));
  let stage: Stage | null = null;
  try {
    const databaseUrl = await ensureDatabase(postgres.url("postgres"), "chaos");
    const processes = 2;
    stage = await startStage({ databaseUrl, gate: cutter.gate, processes, shops: SHOPS });
    const target: Target = {
      stage,
      chance,
      cutter,
      frozenMs: options.frozenMs ?? FROZEN_MS,
      killPostgres: () => killPostgres(dataDir),
      killPostmaster: () => {
        if (postgres.pid !== 0) signal(postgres.pid, "SIGKILL");
      },
    };
    return await playRounds(options, target, () => deadlocksLogged(dataDir), say);
  } finally {
    await stage?.stop();
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function playRounds(
  { rounds, seed, blows = Object.keys(BLOWS) as Blow[] }: ChaosOptions,
  target: Target,
  deadlocks: () => number,
  say: (line: string) => void,
): Promise<Survived> {
  const { stage, chance, cutter } = target;
  const loads: Load[] = [];
  const kills: Record<string, number> = {};
  let queue: Blow[] = [];
  const total = { lost: 0, doubled: 0, violations: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    if (queue.length === 0) queue = chance.shuffled(blows);
    const blow = queue.shift() as Blow;
    kills[blow] = (kills[blow] ?? 0) + 1;
    const load = createLoad(stage, chance, `s${seed}-r${round}`);
    loads.push(load);
    const began = performance.now();
    say(`round ${round}/${rounds}: ${BLOWS[blow]}`);
    await playRound(target, load, blow);
    const toll = await tollOf(stage, load.orders);
    for (const [kind, found] of [...Object.entries(toll), ["violations", load.odd] as const]) {
      total[kind as keyof typeof total] += found.length;
      for (const fault of found) say(`  ${kind}: ${fault}`);
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(
      `  ${load.orders.length} orders, ${load.acknowledged()} promises; quiet and checked after ${seconds} s`,
    );
  }
  // What an early round was promised must have outlived all later ones.
  const whole = await tollOf(
    stage,
    loads.flatMap((load) => load.orders),
  );
  for (const [kind, found] of Object.entries(whole)) {
    total[kind as keyof typeof total] += found.length;
    for (const fault of found) say(`  at the end, ${kind}: ${fault}`);
  }
  const acknowledged = loads.reduce((sum, load) => sum + load.acknowledged(), 0);
  const counted = Math.max(deadlocks(), await deadlocksCounted(stage));
  return { rounds, kills: { ...kills, cuts: cutter.cuts() }, acknowledged, ...total, deadlocks: counted };
}

async function playRound(target: Target, load: Load, blow: Blow): Promise<void> {
  const { stage, chance } = target;
  load.start();
  await sleep(chance.between(700, 2_000));
  await deal(blow, target);
  await ready(stage);
  await sleep(chance.between(500, 1_500));
  load.pause();
  try {
    const isQuiet = async () => load.busy() === 0 && (await stage.books.openRows()).length === 0;
    await until(
      stage,
      "the backlog's end",
      () => SKIP,
      async () => (await isQuiet()) || null,
      DRAIN_MS_MAX,
    );
  } catch (error) {
    throw new Error(await describe(stage, load), { cause: error });
  }
}

async function describe(stage: Stage, load: Load): Promise<string> {
  const open = JSON.stringify((await stage.books.openRows()).slice(0, 20));
  const output = stage.servers.map((server) => server.output().slice(-4_000)).join("\n");
  return `the backlog did not drain: ${load.busy()} clients wait; not final: ${open}\n${output}`;
}

/** Every process answers that it can take requests. */
async function ready(stage: Stage): Promise<void> {
  const giveUpAt = performance.now() + READY_MS_MAX;
  for (const { baseUrl } of stage.servers) {
    while (!(await isReady(baseUrl))) {
      if (performance.now() > giveUpAt) throw new Error(`${baseUrl} does not become ready`);
      await sleep(50);
    }
  }
}

async function isReady(baseUrl: string): Promise<boolean> {
  try {
    const answer = await fetch(`${baseUrl}/ready`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** PostgreSQL's log outlives its crashes, which its counters do not. */
function deadlocksLogged(dataDir: string): number {
  const log = readFileSync(join(realpathSync(join(dataDir, "postgres")), "server.log"), "utf8");
  return log.split("\n").filter((line) => line.includes("deadlock detected")).length;
}

/** As PostgreSQL and the processes count since they were last started. */
async function deadlocksCounted(stage: Stage): Promise<number> {
  let counted = await stage.books.deadlocks();
  for (const { baseUrl } of stage.servers) {
    const metrics = await (await fetch(`${baseUrl}/metrics`)).text();
    counted += Number(/^tributary_database_deadlocks (\d+)/m.exec(metrics)?.[1] ?? 0);
  }
  return counted;
}

/** Whether all that counts is zero. */
export function isClean({ lost, doubled, violations, deadlocks }: Survived): boolean {
  return lost + doubled + violations + deadlocks === 0;
}
