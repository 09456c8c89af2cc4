/**
 * `npm run chaos -- --rounds N [--seed S] [--blows a,b] [--walk]`: breaks a platform at work and tells in one
 * JSON line what was survived; exit code 1 when anything was not. `--walk` walks every step of a payment
 * instead, with a kill of the server, of PostgreSQL and of both at each.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { silentLog } from "../../server/src/kernel/log.ts";
import { ensureDatabase, startEmbeddedPostgres } from "../../server/src/kernel/postgres/supervisor.ts";
import { BLOWS, type Blow } from "./blows.ts";
import { isClean, runChaos } from "./chaos.ts";
import { codeStory, qrStory } from "./story.ts";
import { killPostgres, openLane, type Victim, walk } from "./walk.ts";

const ROUNDS = 10;
/** A round takes some ten seconds, one with a stopped process forty. */
const MS_PER_ROUND_MAX = 400_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: String(ROUNDS) },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      blows: { type: "string" },
      walk: { type: "boolean", default: false },
    },
  });
  const rounds = wholeNumber("rounds", values.rounds);
  const seed = wholeNumber("seed", values.seed);
  boundTime(Math.max(rounds, ROUNDS) * MS_PER_ROUND_MAX);
  if (values.walk) return walkAll();
  const blows = values.blows === undefined ? undefined : blowsOf(values.blows);
  say(`seed ${seed}`);
  const survived = await runChaos({
    rounds,
    seed,
    durable: true,
    say,
    ...(blows === undefined ? {} : { blows }),
  });
  say(JSON.stringify(survived));
  return isClean(survived);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`--${name} is "${text}": give a whole number above 0.`);
}

function blowsOf(text: string): Blow[] {
  const known = Object.keys(BLOWS) as Blow[];
  return text.split(",").map((name) => {
    const blow = known.find((one) => one === name);
    if (blow === undefined) throw new Error(`--blows names ${name}: choose among ${known.join(", ")}.`);
    return blow;
  });
}

/** Whatever hangs, the run ends, and the processes that it started with it. */
function boundTime(ms: number): void {
  setTimeout(() => {
    process.stderr.write(`The run did not end within ${ms / 1000} s.\n`);
    process.exit(1);
  }, ms).unref();
}

const VICTIMS: readonly Victim[] = ["server", "postgres", "both"];

async function walkAll(): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-test-"));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: true, log: silentLog() });
  const walked: Record<string, number> = {};
  let [missed, faults] = [0, 0];
  try {
    for (const victim of VICTIMS) {
      const databaseUrl = await ensureDatabase(postgres.url("postgres"), `walk_${victim}`);
      const lane = await openLane({ databaseUrl, victim, killPostgres: () => killPostgres(dataDir) });
      for (const [name, story] of [["qr", qrStory] as const, ["code", codeStory] as const]) {
        const onStep = (step: string) => say(`${victim} killed ${step}`);
        const done = await walk({ lanes: [lane], story, name: `${victim}-${name}`, onStep });
        walked[`${victim}_${name}`] = done.steps.length;
        missed += done.missed.length;
        faults += done.faults.length;
        for (const fault of [...done.faults, ...done.missed.map((step) => `not met: ${step}`)]) say(fault);
      }
      await lane.stop();
    }
  } finally {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  say(JSON.stringify({ walked, missed, faults }));
  return missed + faults === 0;
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => process.exit(130));
try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
