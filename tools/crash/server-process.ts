/** The platform as its own operating-system process, to be killed and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../server/src/kernel/host/ports.ts";

export type ServerProcess = {
  /** Where it listens, also after it was started again. */
  readonly baseUrl: string;
  readonly pid: number | null;
  /** Starts it; resolves when it is ready. A start that fails is tried again, as a service manager does. */
  start(): Promise<void>;
  /** `kill -9`, and its end awaited. */
  kill(): Promise<void>;
  /** Sends another signal, if it runs. */
  signal(name: NodeJS.Signals): void;
  /** `kill -9` for good: a start that is under way is given up. */
  end(): Promise<void>;
  /** How it ended; null while it runs, and after a kill. */
  exitCode(): number | null;
  /** What it wrote since it was last started. */
  output(): string;
};

export type ServerOptions = {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
};

const program = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
/** Compiled modules are kept, where that is allowed: each start then costs half. */
const cacheDir = fileURLToPath(new URL("../../node_modules/.cache/tributary/compiled", import.meta.url));
const startMsMax = 120_000;
const stopMsMax = 35_000;
const pauseMs = 100;

/** A server on a fixed free port. Nothing is started yet. */
export async function createServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  let output = "";
  let over = false;

  const launch = async (): Promise<boolean> => {
    const env = {
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: cacheDir,
      HOST: "127.0.0.1",
      PORT: String(port),
      TRIBUTARY_DATA_DIR: join(options.dataDir, "data"),
      TRIBUTARY_LOG_LEVEL: "warn",
      ...options.env,
    };
    const started = spawn(process.execPath, [program], {
      cwd: options.dataDir,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    output = "";
    const ready = new Promise<boolean>((resolve) => {
      for (const stream of [started.stdout, started.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString("utf8");
          if (output.includes("Tributary is ready in")) resolve(true);
        });
      }
      started.once("exit", () => resolve(false));
    });
    takeAlong(started);
    return ready;
  };

  const kill = async () => {
    const present = child;
    if (present === null) return;
    present.kill("SIGKILL");
    await ended(present);
  };
  const ended = async (present: ChildProcess) => {
    if (present.exitCode === null && present.signalCode === null) await once(present, "exit");
  };

  /** Asks it to stop; true when it ended by itself and without an error. */
  const stop = async (): Promise<boolean> => {
    const present = child;
    if (present === null) return true;
    present.kill("SIGTERM");
    const late = setTimeout(() => present.kill("SIGKILL"), stopMsMax);
    await ended(present);
    clearTimeout(late);
    return present.exitCode === 0;
  };

  return {
    baseUrl: `http://127.0.0.1:${port}`,
    get pid() {
      return child?.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null;
    },
    start: async () => {
      const cold = !existsSync(cacheDir);
      const giveUpAt = performance.now() + startMsMax;
      while (!over && !(await launch())) {
        if (performance.now() > giveUpAt) throw new Error(`the server did not start:\n${output}`);
        await sleep(pauseMs);
      }
      // Node writes what it compiled when a program ends by itself: one clean stop serves every later start.
      if (cold && !over && (await stop())) await launch();
    },
    kill,
    signal: (name) => {
      child?.kill(name);
    },
    end: async () => {
      over = true;
      await kill();
    },
    exitCode: () => child?.exitCode ?? null,
    output: () => output,
  };
}

/** However this process ends, kill -9 included: its pipe to the guard closes, and the platform ends too. */
function takeAlong(started: ChildProcess): void {
  const command = 'read -r _; kill -9 "$1"';
  const guard = spawn("/bin/sh", ["-c", command, "crash-guard", String(started.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.stdin?.on("error", () => {});
  started.once("exit", () => guard.kill("SIGKILL"));
}
