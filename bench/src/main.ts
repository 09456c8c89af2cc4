/** `npm run bench -- <scenario> --seconds N`: prints progress, ends with one JSON line. */
import { type Arguments, readArguments, UsageError } from "./arguments.ts";
import { describeMachine } from "./machine.ts";
import { RESULTS, record } from "./results/record.ts";
import { SCENARIOS } from "./scenarios/index.ts";
import { tell } from "./summary.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(argv: readonly string[]): Promise<number> {
  const given: Arguments = readArguments(argv);
  const scenario = SCENARIOS[given.scenario];
  if (scenario === undefined) {
    const names = Object.keys(SCENARIOS).join(", ");
    throw new UsageError(`There is no scenario ${given.scenario}. There are ${names}.`);
  }
  const machine = describeMachine();
  const { cpu, cores, memory_gb: memory, node, commit } = machine;
  say(`${given.scenario} on ${cpu}, ${cores} cores, ${memory} GB; Node ${node}, commit ${commit}`);
  const { figures, valid } = await scenario({ ...given, progress: say });
  for (const line of tell(figures)) say(line);
  const all = { ...figures, machine };
  if (!valid) say("The run is void: see what is not ok above.");
  else if (given.record) say(`recorded in ${record(RESULTS, all, new Date())}`);
  process.stdout.write(`${JSON.stringify(all)}\n`);
  return valid ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof UsageError ? error.message : `The bench could not go on: ${String(error)}`);
  if (!(error instanceof UsageError) && error instanceof Error) say(error.stack ?? "");
  process.exitCode = 2;
}
