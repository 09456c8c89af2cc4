// Builds the cashier page into dist/: index.html, checkout.js, checkout.css. Run by the root's `prepare`.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const dist = join(here, "dist");

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  entryPoints: { checkout: join(here, "src/main.ts"), "checkout-style": join(here, "src/checkout.css") },
  outdir: dist,
  entryNames: "checkout",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2017"],
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
});

// The names stay plain for whoever serves them; the digest in the query lets a browser keep them for long.
const template = await readFile(join(here, "src/index.html"), "utf8");
const digests = new Map<string, string>();
for (const file of ["checkout.js", "checkout.css"]) {
  const content = await readFile(join(dist, file));
  digests.set(file, createHash("sha256").update(content).digest("hex").slice(0, 12));
}
const html = template.replace(/checkout\.(?:js|css)/g, (file) => `${file}?v=${digests.get(file)}`);
await writeFile(join(dist, "index.html"), html);
