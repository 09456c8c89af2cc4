/** How much memory this process and the engine's take together at the most. */
import { readdirSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4_096;
const LOOK_EVERY_MS = 100;

export type MemoryWatch = { stop(): number };

/** The greatest sum of resident memory, in MB, of a process, this one by default, and its engine. */
export function watchMemory(pid = process.pid): MemoryWatch {
  let most = 0;
  const look = () => {
    const bytes = [pid, ...childrenOf(pid)].reduce((sum, one) => sum + residentBytes(one), 0);
    most = Math.max(most, bytes);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    stop: () => {
      look();
      clearInterval(timer);
      return Math.round(most / 1e6);
    },
  };
}

/** The engine's program alone: the platform beside it is not what is measured. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
        const isChild = Number(fields.split(" ")[1]) === parent;
        return isChild && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("duckdb-cli");
      } catch {
        return false;
      }
    });
}

function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
