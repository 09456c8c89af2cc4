// Builds the cashier page: index.html, checkout.js, checkout.css. The root's `prepare` runs it into dist/.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;

/** Builds the page into a folder, whose earlier content is removed. */
export async function buildCheckout(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [
      { in: join(here, "src/main.ts"), out: "checkout" },
      { in: join(here, "src/go.ts"), out: "go" },
      { in: join(here, "src/checkout.css"), out: "checkout" },
    ],
    outdir: folder,
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2017"],
    charset: "utf8",
    logLevel: "warning",
  });
  // The names stay plain for whoever serves them; the digest in the query lets a browser keep them for long.
  const digests = new Map<string, string>();
  for (const file of ["checkout.js", "checkout.css"]) {
    const content = await readFile(join(folder, file));
    digests.set(file, createHash("sha256").update(content).digest("hex").slice(0, 12));
  }
  const template = await readFile(join(here, "src/index.html"), "utf8");
  const html = template.replace(/checkout\.(?:js|css)/g, (file) => `${file}?v=${digests.get(file)}`);
  await writeFile(join(folder, "index.html"), html);
}

if (import.meta.main) await buildCheckout(join(here, "dist"));
