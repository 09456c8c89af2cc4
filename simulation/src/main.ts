/** `npm run simulate`: seeded worlds, each checked when it has come to rest, and what they reached. */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { ENOUGH_PAYMENTS } from "./expected.ts";
import { createFurther, ROUNDS_MAX } from "./further.ts";
import { createReach, neverReached, routingFigures, tableOf } from "./report.ts";
import type { SeedResult } from "./run.ts";
import { runSeeds } from "./seeds.ts";

const USAGE = `npm run simulate -- --seeds N [--seed S] [--payments P] [--jobs J]
  --seeds     how many worlds (1)
  --seed      the first one's seed (1)
  --payments  in each of them (20)
  --jobs      processes side by side, each with a PostgreSQL of its own (1)
  --verify    runs every seed twice: two traces are a violation
  --stop      ends at the first seed that violates
  --trace     prints every step (one process)`;

/** All worlds hold, and many of them together never came by something that they should. */
const EXIT_NOT_REACHED = 3;

function refuse(why: string): never {
  process.stderr.write(`${why}\n${USAGE}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        seeds: { type: "string", default: "1" },
        seed: { type: "string", default: "1" },
        payments: { type: "string", default: "20" },
        jobs: { type: "string", default: "1" },
        verify: { type: "boolean", default: false },
        stop: { type: "boolean", default: false },
        trace: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const values = readArguments();
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}

function wholeNumber(name: "seeds" | "seed" | "payments" | "jobs"): number {
  const given = Number(values[name]);
  if (Number.isInteger(given) && given > 0) return given;
  return refuse(`--${name} is ${values[name]}: give a whole number above 0.`);
}

const [seeds, first, payments] = [wholeNumber("seeds"), wholeNumber("seed"), wholeNumber("payments")];
const jobs = values.trace ? 1 : wholeNumber("jobs");
const reach = createReach();
const totals = { seeds: 0, payments: 0, steps: 0, crashes: 0, violations: 0 };
let wanted = seeds;
const hashes = new Map<number, string>();
const violating: number[] = [];
const begun = performance.now();
const seconds = () => Math.round((performance.now() - begun) / 1_000);

function report(result: SeedResult): boolean {
  const { seed, violations, traceHash, lastSteps } = result;
  totals.seeds += 1;
  totals.payments += result.payments;
  totals.steps += result.steps;
  totals.crashes += result.crashes;
  totals.violations += violations.length;
  hashes.set(seed, traceHash);
  reach.add(result.reached);
  const done = `${totals.seeds}/${wanted} seeds, ${totals.steps} steps`;
  process.stderr.write(`\r${done}, ${totals.violations} violations, ${seconds()} s `);
  if (violations.length === 0) return true;
  violating.push(seed);
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`).join("\n");
  process.stdout.write(
    `\nseed ${seed} violates:\n${indented(violations)}\n` +
      `replay: npm run simulate -- --seed ${seed} --payments ${payments} --trace\n` +
      `its last steps:\n${indented(lastSteps.slice(-15))}\n`,
  );
  return !values.stop;
}

const onLine = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
const numbers = Array.from({ length: seeds }, (_, index) => first + index);
const options = { payments, verify: values.verify, ...(onLine === undefined ? {} : { onLine }) };
await runSeeds(numbers, jobs, options, report);
const isEnough = totals.payments >= ENOUGH_PAYMENTS;
const further = isEnough ? await lookFurther() : [];
process.stderr.write("\n");

const missing = isEnough ? neverReached(reach).map(({ group, name }) => `${group}: ${name}`) : null;
if (seeds > 1) process.stdout.write(`reached in ${totals.seeds} seeds:\n\n${tableOf(reach)}\n\n`);
if (missing !== null && missing.length > 0) {
  process.stdout.write(`never reached:\n${missing.map((what) => `  ${what}`).join("\n")}\n`);
}
const summary = {
  ...totals,
  routing: routingFigures(reach),
  violating: violating.sort((a, b) => a - b),
  further_seeds: further,
  never_reached: missing,
  seconds: seconds(),
  trace_hash: hashOf([...hashes].sort(([a], [b]) => a - b).map(([, hash]) => hash)),
};
process.stdout.write(`${JSON.stringify(summary)}\n`);
if (totals.violations > 0) process.exitCode = 1;
else if (missing !== null && missing.length > 0) process.exitCode = EXIT_NOT_REACHED;

/** Runs seeds of what is missing, and gives them; none after a violation that ends the run. */
async function lookFurther(): Promise<readonly number[]> {
  const next = createFurther(first + seeds - 1);
  const all: number[] = [];
  for (let round = 0; round < ROUNDS_MAX && !(values.stop && totals.violations > 0); round += 1) {
    const more = next(neverReached(reach));
    if (more.length === 0) break;
    all.push(...more);
    wanted += more.length;
    await runSeeds(more, jobs, options, report);
  }
  return all.filter((seed) => hashes.has(seed));
}

/** One seed's own hash; of many, the hash of all. */
function hashOf(all: readonly string[]): string {
  if (all.length === 1) return all[0] as string;
  return createHash("sha256").update(all.join()).digest("hex").slice(0, 16);
}
