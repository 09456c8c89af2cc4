/** `npm run format`, after biome: fills comments that are too wide for a line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTree, root } from "./tree.ts";
import { wrapComments } from "./wrap-comments.ts";

const only = process.argv.slice(2);
for (const { path, text } of readTree()) {
  if (!/\.(ts|sql)$/.test(path)) continue;
  if (only.length > 0 && !only.some((prefix) => path.startsWith(prefix))) continue;
  const wrapped = wrapComments(text);
  if (wrapped !== text) {
    writeFileSync(join(root, path), wrapped);
    console.log(path);
  }
}
