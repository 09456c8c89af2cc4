import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { StartRefused } from "../host/start-refused.ts";
import { type Binaries, copyBinaries, findBinaries } from "./binaries.ts";
import { canRun, type RunAs, waysToRun } from "./run-as.ts";

/** The role that owns everything in an embedded PostgreSQL. */
export const superuser = "tributary";

/** Data files that are ready to be served, and by whom. */
export type Cluster = {
  /** PostgreSQL's own data folder, links resolved: the working directory of all its processes. */
  folder: string;
  logFile: string;
  password: string;
  binaries: Binaries;
  way: RunAs;
};

/** What PostgreSQL's programs are given: nothing of ours, so that no PG* variable changes what they do. */
export const programEnvironment = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };

/**
 * Finds the data files under `dataDir/postgres`, or makes them once: everything is prepared beside and moved
 * into place at the end, so that a start that was interrupted leaves nothing half made.
 */
export function openCluster(dataDir: string, durable: boolean, ways?: readonly RunAs[]): Cluster {
  const home = join(dataDir, "postgres");
  const exists = existsSync(home);
  const owner = exists ? statSync(realpathSync(home)).uid : null;
  const place = exists ? dirname(realpathSync(home)) : dataDir;
  const { way, binaries, reachable } = chooseWay(place, ways ?? waysToRun(owner, dirname(dataDir)), owner);
  if (exists) refuseForeign(home, binaries);
  else if (reachable) createCluster(home, way, binaries, durable);
  else linkToReachable(home, way, binaries, durable);
  const realHome = realpathSync(home);
  return {
    folder: join(realHome, "data"),
    logFile: join(realHome, "server.log"),
    password: readFileSync(join(realHome, "password"), "utf8").trim(),
    binaries,
    way,
  };
}

type Choice = { way: RunAs; binaries: Binaries; reachable: boolean };

/**
 * The first way that works. Programs are copied to `place` when only they are out of reach; new data goes
 * elsewhere as a last resort.
 */
function chooseWay(place: string, ways: readonly RunAs[], owner: number | null): Choice {
  const { binaries, whole } = findBinaries();
  for (const way of ways) {
    if (way.user !== undefined) letOthersPass(place);
    if (whole && canRun(way, binaries.postgres, place)) return { way, binaries, reachable: true };
    if (!canRun(way, "true", place)) continue;
    const copy = copyBinaries(binaries, place);
    if (canRun(way, copy.postgres, place)) return { way, binaries: copy, reachable: true };
  }
  const last = ways.at(-1);
  if (last?.user === undefined || owner !== null) throw cannotRun(place, ways, owner);
  const elsewhere = mkdtempSync("/var/lib/tributary-");
  chmodSync(elsewhere, 0o711);
  const copy = copyBinaries(binaries, elsewhere);
  if (!canRun(last, copy.postgres, elsewhere)) throw cannotRun(place, ways, owner);
  return { way: last, binaries: copy, reachable: false };
}

function cannotRun(dataDir: string, ways: readonly RunAs[], owner: number | null): StartRefused {
  const tried = ways.map((way) => way.label).join("; as ");
  const whose = owner === null ? "" : ` Its files belong to user id ${owner}: start as that user.`;
  return new StartRefused(
    `PostgreSQL cannot run on ${dataDir} (tried as ${tried}).${whose} ` +
      "Or name another folder in TRIBUTARY_DATA_DIR, or your own server in DATABASE_URL.",
  );
}

/** The folder holds secrets in files of mode 0600; being passed through gives nothing away. */
function letOthersPass(folder: string): void {
  chmodSync(folder, statSync(folder).mode | 0o011);
}

/** Root's home cannot be entered by others, so the data lies in /var/lib and a link shows where. */
function linkToReachable(home: string, way: RunAs, binaries: Binaries, durable: boolean): void {
  const realHome = join(dirname(binaries.folder), "postgres");
  createCluster(realHome, way, binaries, durable);
  symlinkSync(realHome, home);
}

function createCluster(home: string, way: RunAs, binaries: Binaries, durable: boolean): void {
  const unfinished = `${home}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  const passwordFile = join(unfinished, "password");
  writeFileSync(passwordFile, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  writeFileSync(join(unfinished, "server.log"), "", { mode: 0o600 });
  for (const path of [unfinished, passwordFile]) {
    if (way.user !== undefined) chownSync(path, way.user.uid, way.user.gid);
  }
  const [file = "", ...args] = way.wrap([
    binaries.initdb,
    `--pgdata=${join(unfinished, "data")}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // PostgreSQL's own C.UTF-8: the same order on every system, whatever locales it has.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    ...(durable ? [] : ["--no-sync"]),
  ]);
  const options = { ...way.user, cwd: unfinished, env: programEnvironment, encoding: "utf8" } as const;
  const result = spawnSync(file, args, options);
  if (result.status !== 0) {
    const reason = result.error?.message ?? result.stderr.trim();
    throw new StartRefused(
      `PostgreSQL's data files could not be made in ${home} (as ${way.label}): ${reason}`,
    );
  }
  renameSync(unfinished, home);
}

/** Data that another major version wrote, or that is not PostgreSQL's at all, is left as it is. */
function refuseForeign(home: string, binaries: Binaries): void {
  const versionFile = join(home, "data", "PG_VERSION");
  if (!existsSync(versionFile)) {
    const empty = readdirSync(home).length === 0 ? "is empty" : "holds no finished PostgreSQL data";
    throw new StartRefused(
      `${home} ${empty}. Move it away (or delete it, if it holds nothing of yours) and start again: ` +
        "it is then made anew.",
    );
  }
  const major = Number(readFileSync(versionFile, "utf8").trim());
  if (major === binaries.major) return;
  const way = major < binaries.major ? "older" : "newer";
  throw new StartRefused(
    `The data in ${home} was written by PostgreSQL ${major}, ${way} than the ${binaries.major} that comes ` +
      "with this version. Serve it once more with the version of Tributary that wrote it, take a pg_dump, " +
      "move the folder away, start again and restore the dump (docs/operate.md, Upgrade).",
  );
}
