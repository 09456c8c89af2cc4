/**
 * `npm run mutants -- [--only name,name] [--all]`: makes one mistake after the other in a copy of the tree
 * and lets the simulation, the kill matrix or a test look for it; prints who found it, a table row each.
 * Exit code 1 when nobody found one. `--all` asks every catcher and does not stop at the first that finds it.
 */
import { parseArgs } from "node:util";
import { plant } from "./apply.ts";
import { type Hunted, hunt } from "./hunt.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

function chosen(only: string | undefined): readonly Mutant[] {
  if (only === undefined) return MUTANTS;
  return only.split(",").map((name) => {
    const mutant = MUTANTS.find((one) => one.name === name);
    if (mutant !== undefined) return mutant;
    throw new Error(`--only names ${name}: choose among ${MUTANTS.map((one) => one.name).join(", ")}.`);
  });
}

async function huntAll(mutant: Mutant, all: boolean): Promise<readonly Hunted[]> {
  const planted = plant(mutant);
  const hunted: Hunted[] = [];
  try {
    for (const catcher of mutant.catchers) {
      const result = await hunt(planted.folder, catcher);
      hunted.push(result);
      if (result.found !== null && !all) break;
    }
  } finally {
    planted.remove();
  }
  return hunted;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, all: { type: "boolean", default: false } },
  });
  let escaped = 0;
  say("| mistake | found by | it says | after |\n|---|---|---|---|");
  for (const mutant of chosen(values.only)) {
    const hunted = await huntAll(mutant, values.all);
    for (const { catcher, found, seconds } of hunted) {
      const told = found === null ? "nothing" : found.replaceAll("|", "/");
      say(`| ${mutant.name}: ${mutant.mistake} | ${catcher} | ${told} | ${seconds} s |`);
    }
    if (hunted.every(({ found }) => found === null)) escaped += 1;
  }
  say(JSON.stringify({ escaped }));
  return escaped === 0;
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => process.exit(130));
try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
