import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether a process with this id exists (one that we may not signal exists too). */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * What tells this process from a later one with the same id: when it started, and on Linux in which boot.
 * `null` when no such process runs.
 */
export function processIdentity(pid: number): string | null {
  if (!isAlive(pid)) return null;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // The name in parentheses may hold anything; the start time is the 20th field after it.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? null : `${boot}/${fields[19]}`;
  } catch {
    return identityByPs(pid);
  }
}

function identityByPs(pid: number): string | null {
  try {
    return ps("lstart", pid) || null;
  } catch {
    return null;
  }
}

/** One column of what ps knows of a process; throws where there is no ps or no such process. */
function ps(column: string, pid: number): string {
  const args = ["-o", `${column}=`, "-p", String(pid)];
  return execFileSync("ps", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

/**
 * Ids of the processes whose working directory is `folder`: there is no /proc outside Linux, so none there.
 */
export function processesIn(folder: string): number[] {
  return processIds().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

/** The commands that run now, as lists of arguments: there is no /proc outside Linux, so none there. */
export function runningCommands(): readonly (readonly string[])[] {
  return processIds().map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    } catch {
      return [];
    }
  });
}

/** Whether `pid` works inside `folder`; where that cannot be seen, whether its command is PostgreSQL's. */
export function worksIn(pid: number, folder: string): boolean {
  if (process.platform === "linux") return processesIn(folder).includes(pid);
  try {
    return ps("comm", pid).includes("postgres");
  } catch {
    return false;
  }
}

/** The process that listens on a TCP port of this machine, as far as we may see it (Linux), else `null`. */
export function listenerOf(port: number): number | null {
  const inodes = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)),
  );
  if (inodes.size === 0) return null;
  return processIds().find((pid) => openSockets(pid).some((inode) => inodes.has(inode))) ?? null;
}

function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const listening = "0A";
  try {
    return readFileSync(table, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === listening)
      .map((fields) => fields[9] ?? "");
  } catch {
    return [];
  }
}

function openSockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function processIds(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
