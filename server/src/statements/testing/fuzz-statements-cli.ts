/**
 * `npm run fuzz:statements -- [--files N] [--seed S]`: damages N statements in their real layouts, and says
 * how many were read exactly and how many refused with line and reason. Exit code 1 at the first that is
 * neither, with its seed.
 */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: { files: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
try {
  const results = await fuzz(Number(values.files), Number(values.seed));
  for (const [name, { files, read, refused }] of Object.entries(results)) {
    say(`${name.padEnd(20)} ${files} files: ${read} read exactly, ${refused} refused`);
  }
} catch (error) {
  say(String(error));
  process.exitCode = 1;
}
