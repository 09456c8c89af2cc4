/**
 * `npm run close -- --date 2026-11-28`: closes a day of a running platform and follows it to its end. Exit
 * code 0: closed · 1: the platform refused, or a step failed · 2: the command line makes no sense · 3: it
 * waits, and goes on by itself.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import { systemClock } from "../kernel/clock.ts";
import { StartRefused } from "../kernel/host/start-refused.ts";
import { AdminStopped } from "../operators/index.ts";
import { closeDay, USAGE } from "./close-command.ts";

async function main(): Promise<number> {
  let values: ReturnType<typeof read>;
  try {
    values = read();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (values.help === true || values.date === undefined) {
    (values.help === true ? process.stdout : process.stderr).write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const { dataDir, operatorKey } = readConfig();
  return closeDay(
    {
      date: values.date,
      withoutStatements: values["without-statements"] ?? false,
      wait: values.wait ?? false,
    },
    {
      out: (text) => process.stdout.write(text),
      clock: systemClock,
      where: { dataDir, operatorKey, url: values.url, token: values.token },
    },
  );
}

function read() {
  return parseArgs({
    options: {
      date: { type: "string" },
      "without-statements": { type: "boolean" },
      wait: { type: "boolean" },
      url: { type: "string" },
      token: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  }).values;
}

try {
  process.exitCode = await main();
} catch (error) {
  const known = error instanceof AdminStopped || error instanceof StartRefused;
  process.stderr.write(`${known ? error.message : `The day could not be closed: ${String(error)}`}\n`);
  process.exitCode = 1;
}
