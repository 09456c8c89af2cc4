/**
 * `npm run admin -- <command>`: administers a running platform through its API. `--help` lists the commands.
 */
import { readConfig } from "../config.ts";
import { systemClock } from "../kernel/clock.ts";
import { StartRefused } from "../kernel/host/start-refused.ts";
import { runAdmin } from "./admin/run.ts";

try {
  const { dataDir, operatorKey } = readConfig();
  process.exitCode = await runAdmin(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    clock: systemClock,
    where: { dataDir, operatorKey },
  });
} catch (error) {
  const sentence = error instanceof StartRefused ? error.message : `It could not be done: ${String(error)}`;
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}
