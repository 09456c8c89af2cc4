/** The program of `second-process.ts`: a platform on a database that another process serves too. */
import { createInterface } from "node:readline";
import { testConfig } from "../../../../tools/testing/config.ts";
import { buildApp } from "../../app.ts";
import { systemClock, systemRandom } from "../../kernel/clock.ts";
import { silentLog } from "../../kernel/log.ts";

const [, , databaseUrl = "", publicUrl = ""] = process.argv;
// Channels are told the first process's address: it is the one that hears them.
const config = testConfig({ publicUrl });
const deps = { config, databaseUrl, clock: systemClock, random: systemRandom, log: silentLog() };
const app = await buildApp(deps);
await app.listen();
const address = app.http.server.address();
if (address === null || typeof address === "string") throw new Error("it listens nowhere");
process.stdout.write(`http://127.0.0.1:${address.port}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "counters") {
    process.stdout.write(`${JSON.stringify({ deadlocks: app.cell.counters.deadlocks })}\n`);
  }
}
await app.stop();
process.exit(0);
