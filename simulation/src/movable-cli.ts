/**
 * A whole platform with its sandbox, whose clock moves when it is told: for stories of several days, such as
 * `npm run demo`. Says on its output what programs need to know, takes milliseconds to jump ahead on its
 * input, one number a line, and ends with it.
 */
import { createInterface } from "node:readline";
import { startTestPlatform } from "../../tools/testing/platform.ts";

const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const platform = await startTestPlatform({ config: { closeAt: "00:10" } });
say({ ...platform.demo, now: platform.clock.now() });
for await (const line of createInterface({ input: process.stdin })) {
  platform.clock.advance(Number(line));
  say({ now: platform.clock.now() });
}
await platform.stop();
