/**
 * Makes a package of plain JavaScript with its types, fit for Node 20 and for publishing: `npm run build`,
 * then `dist/`.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** Writes the package into `folder`, in place of what was there. */
export function buildPackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
  );
  const project = join(here, "tsconfig.build.json");
  execFileSync(process.execPath, [compiler, "--project", project, "--outDir", folder], { stdio: "inherit" });
  const { name, version, license, type } = JSON.parse(
    readFileSync(join(here, "package.json"), "utf8"),
  ) as Record<string, string>;
  const exports = { ".": { types: "./index.d.ts", default: "./index.js" } };
  const published = { name, version, license, type, engines: { node: ">=20" }, sideEffects: false, exports };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  copyFileSync(join(here, "README.md"), join(folder, "README.md"));
  copyFileSync(join(here, "../LICENSE"), join(folder, "LICENSE"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildPackage(resolve(here, "dist"));
