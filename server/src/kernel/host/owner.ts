import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processIdentity } from "./processes.ts";
import { StartRefused } from "./start-refused.ts";

/** What `server.json` in the data folder tells other programs about the server that owns the folder. */
export type OwnerFile = {
  pid: number;
  /** Tells the owner from a later process with the same id. */
  process: string | null;
  started_at: string;
  base_url?: string;
  sandbox_url?: string | null;
  database_url?: string;
};

/** The data folder is this process's own until `release`. */
export type Ownership = {
  /** Adds what is known only later (the URLs), so that the demo, the audit and the bench can connect. */
  publish(details: Pick<OwnerFile, "base_url" | "sandbox_url" | "database_url">): void;
  release(): void;
};

/**
 * Makes this process the owner of `dataDir`, creating the folder.
 *
 * Throws `StartRefused`, naming the owner's pid and URL, while another living process owns it. A file whose
 * owner is dead (kill -9, power cut, a reused pid) is taken over. A second claim by the same process shares
 * the first.
 */
export function claimDataDir(dataDir: string, startedAt: Date): Ownership {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = ownerFile(dataDir);
  const mine: OwnerFile = {
    pid: process.pid,
    process: processIdentity(process.pid),
    started_at: startedAt.toISOString(),
  };
  for (let round = 0; round < takeoversMax; round++) {
    if (createExclusively(file, mine)) return ownershipOf(file, mine, true);
    const owner = readOwner(dataDir);
    if (owner?.pid === process.pid) return ownershipOf(file, owner, false);
    if (owner !== null && isRunning(owner)) throw alreadyOwned(dataDir, owner);
    setAside(file);
  }
  throw new StartRefused(`Several processes are starting on ${dataDir} at once. Start one.`);
}

/** More rounds than this mean that somebody else keeps taking the file at the same instant. */
const takeoversMax = 10;

/** The owner file of a data folder, or `null` when there is none or it cannot be read as one. */
export function readOwner(dataDir: string): OwnerFile | null {
  try {
    const owner = JSON.parse(readFileSync(ownerFile(dataDir), "utf8")) as OwnerFile;
    return Number.isInteger(owner.pid) ? owner : null;
  } catch {
    return null;
  }
}

/** Whether the process that wrote the file still runs; a later process with its id does not count. */
export function isRunning(owner: OwnerFile): boolean {
  const present = processIdentity(owner.pid);
  return present !== null && (owner.process === null || owner.process === present);
}

function ownerFile(dataDir: string): string {
  return join(dataDir, "server.json");
}

function alreadyOwned(dataDir: string, owner: OwnerFile): StartRefused {
  const at = owner.base_url === undefined ? "and is still starting" : `at ${owner.base_url}`;
  return new StartRefused(
    `Tributary already runs ${at} (pid ${owner.pid}) on ${dataDir}. ` +
      `Use that one, stop it with: kill ${owner.pid}, or give this one its own TRIBUTARY_DATA_DIR and PORT.`,
  );
}

/** A link fails when its name exists, and the file it names is whole: no reader sees half of it. */
function createExclusively(file: string, owner: OwnerFile): boolean {
  const draft = `${file}.${process.pid}`;
  writeOwner(draft, owner);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function setAside(file: string): void {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  rmSync(aside, { force: true });
}

function ownershipOf(file: string, owner: OwnerFile, first: boolean): Ownership {
  return {
    publish: (details) => {
      const draft = `${file}.${process.pid}`;
      writeOwner(draft, { ...owner, ...details });
      renameSync(draft, file);
    },
    release: () => {
      if (first) rmSync(file, { force: true });
    },
  };
}

function writeOwner(file: string, owner: OwnerFile): void {
  writeFileSync(file, `${JSON.stringify(owner, null, 2)}\n`, { mode: 0o600 });
}
