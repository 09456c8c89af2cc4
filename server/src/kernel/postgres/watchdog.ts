import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { runningCommands } from "../host/processes.ts";
import { type Cluster, programEnvironment } from "./cluster.ts";

/**
 * Runs a command and ends it when the pipe on standard input closes, which the system does when the process
 * that holds the other end dies, however it dies. INT is PostgreSQL's fast shutdown; it is repeated, since a
 * shell's background command ignores it until it listens itself. The command stays this shell's own child
 * until it is reaped, so the id it signals can belong to nothing else.
 */
const guardCommand = `
exec 3<&0
"$@" </dev/null 3<&- &
guarded=$!
( read -r _ <&3; while kill -INT "$guarded"; do sleep 1; done ) 2>/dev/null &
watch=$!
exec 3<&-
wait "$guarded"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

/** The same for a process that somebody else started. */
const guardProcess = 'read -r _; while kill -INT "$1" 2>/dev/null; do sleep 1; done';

/** What a guard calls itself in its command. */
const guardName = "tributary-postgres";

/**
 * Whether a guard of the postmaster `pid` on `folder` lives. When its owner is dead, it is about to shut the
 * postmaster down, however well that one still answers.
 */
export function isGuarded(folder: string, pid: number): boolean {
  return runningCommands().some(
    (args) => args.includes(guardName) && (args.includes(folder) || args.at(-1) === String(pid)),
  );
}

/** A shell that stands guard; let go of, it ends what it guards. */
export type Guard = {
  /** Resolves with what ended the shell, and thereby the command it ran. */
  ended: Promise<string>;
  /** Closes the pipe: what is guarded is shut down. */
  release(): void;
};

/** Starts a command under guard, as the cluster's user, its output appended to the cluster's log. */
export function startGuarded(cluster: Cluster, command: readonly string[]): Guard {
  const [file = "", ...args] = cluster.way.wrap(["/bin/sh", "-c", guardCommand, guardName, ...command]);
  setOldLogAside(cluster.logFile);
  const output = openSync(cluster.logFile, "a", 0o600);
  const shell = spawn(file, args, {
    ...cluster.way.user,
    cwd: "/",
    env: programEnvironment,
    stdio: ["pipe", output, output],
    // A session of its own: Ctrl-C in the terminal reaches the owner alone, which then stops in order.
    detached: true,
  });
  closeSync(output);
  return guardOf(shell);
}

const logBytesMax = 10_000_000;

/** One older log is kept, so that a noisy year fills no disk. */
function setOldLogAside(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) renameSync(logFile, `${logFile}.1`);
}

/** Stands guard over a running postmaster that this process did not start. */
export function guardRunning(cluster: Cluster, pid: number): Guard {
  const args = ["-c", guardProcess, guardName, String(pid)];
  return guardOf(
    spawn("/bin/sh", args, {
      cwd: "/",
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      ...cluster.way.user,
    }),
  );
}

function guardOf(shell: ChildProcess): Guard {
  const pipe = shell.stdin as Socket;
  pipe.on("error", () => {});
  // Nothing here keeps the owner alive: an owner that ends takes what is guarded with it.
  pipe.unref();
  shell.unref();
  const ended = new Promise<string>((resolve) => {
    shell.once("error", (error) => resolve(error.message));
    shell.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  return { ended, release: () => pipe.destroy() };
}
