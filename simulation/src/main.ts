/** `npm run simulate`: seeded worlds, one after the other, each checked when it has come to rest. */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { prepareGround } from "./ground.ts";
import { runSeed, type SeedResult } from "./run.ts";

const USAGE = "npm run simulate -- --seeds N [--seed S] [--payments P] [--trace] [--verify]";

function readArguments() {
  return parseArgs({
    options: {
      seeds: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      payments: { type: "string", default: "20" },
      trace: { type: "boolean", default: false },
      verify: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n${USAGE}\n`);
  process.exit(2);
}

function readArgumentsOrRefuse(): ReturnType<typeof readArguments> {
  try {
    return readArguments();
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const values = readArgumentsOrRefuse();
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}
const [seeds, first, payments] = [values.seeds, values.seed, values.payments].map(Number) as [
  number,
  number,
  number,
];
if (![seeds, first, payments].every((given) => Number.isInteger(given) && given > 0)) {
  refuse("--seeds, --seed and --payments are whole numbers above 0.");
}

const counts = new Map<string, number>();
const reached = new Map<string, number>();
const totals = { payments: 0, steps: 0, crashes: 0, violations: 0 };
const hashes: string[] = [];

function report(result: SeedResult): void {
  totals.payments += result.payments;
  totals.steps += result.steps;
  totals.crashes += result.crashes;
  totals.violations += result.violations.length;
  hashes.push(result.traceHash);
  addTo(counts, result.counts);
  addTo(reached, result.reached);
  if (result.violations.length === 0) return;
  process.stdout.write(
    `\nseed ${result.seed} violates:\n${result.violations.map((what) => `  ${what}`).join("\n")}\n` +
      `replay: npm run simulate -- --seed ${result.seed} --payments ${payments} --trace\n` +
      `its last steps:\n${result.lastSteps
        .slice(-15)
        .map((line) => `  ${line}`)
        .join("\n")}\n`,
  );
}

const begun = performance.now();
const ground = await prepareGround();
try {
  const onLine = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
  for (let seed = first; seed < first + seeds; seed += 1) {
    await ground.clear();
    const result = await runSeed(ground, seed, { payments, ...(onLine === undefined ? {} : { onLine }) });
    report(result);
    if (values.verify && seed === first) {
      await ground.clear();
      const again = await runSeed(ground, seed, { payments });
      if (again.traceHash !== result.traceHash) {
        totals.violations += 1;
        process.stdout.write(
          `\nseed ${seed} run twice gives two traces: ${result.traceHash}, ${again.traceHash}\n`,
        );
      }
    }
    const secs = Math.round((performance.now() - begun) / 1_000);
    const done = `${seed - first + 1}/${seeds} seeds, ${totals.steps} steps`;
    process.stderr.write(`\r${done}, ${totals.violations} violations, ${secs} s `);
  }
} finally {
  await ground.close();
}
process.stderr.write("\n");
const trace_hash = hashes.length === 1 ? hashes[0] : hashOf(hashes);
process.stdout.write(
  `${JSON.stringify({ seeds, ...totals, faults: sorted(counts), reached: sorted(reached), trace_hash })}\n`,
);
process.exitCode = totals.violations === 0 ? 0 : 1;

function addTo(sum: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [what, count] of more) sum.set(what, (sum.get(what) ?? 0) + count);
}

function sorted(counted: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counted].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hashOf(all: readonly string[]): string {
  return createHash("sha256").update(all.join()).digest("hex").slice(0, 16);
}
