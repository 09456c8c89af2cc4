/** What a figure was measured on. */
import { spawnSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GB = 1_024 ** 3;

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly platform: string;
  readonly node: string;
  readonly commit: string;
};

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memory_gb: Math.round(totalmem() / GB),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    commit: commitOf(ROOT),
  };
}

/** The commit of the checkout, marked where files differ from it; unknown outside a repository. */
function commitOf(folder: string): string {
  const git = (...args: string[]) => {
    const { status, stdout } = spawnSync("git", args, { cwd: folder, encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  };
  const commit = git("rev-parse", "--short=10", "HEAD");
  if (commit === null) return "unknown";
  // Results that earlier runs recorded change nothing of what is measured.
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results");
  return changed === "" ? commit : `${commit}+`;
}
