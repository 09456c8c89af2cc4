import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestPlatform } from "../../../../tools/testing/platform.ts";

/** Another process of the same platform: its own pools, batchers and pollers on the same database. */
export type SecondProcess = {
  /** Calls it as the demo merchant. */
  api: TestPlatform["api"];
  counters(): Promise<{ readonly deadlocks: number }>;
  stop(): Promise<void>;
};

const PROGRAM = fileURLToPath(new URL("second-process-main.ts", import.meta.url));

/** Starts it; it ends with `stop`, or with this process. */
export async function startSecondProcess(platform: TestPlatform): Promise<SecondProcess> {
  const child = spawn(process.execPath, [PROGRAM, platform.databaseUrl, platform.baseUrl], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const next = async (): Promise<string> => {
    const [line] = (await once(lines, "line")) as [string];
    return line;
  };
  const baseUrl = await next();
  return {
    api: (method, path, body, key = platform.demo.secret_key) => call(method, baseUrl + path, body, key),
    counters: async () => {
      const answer = next();
      child.stdin?.write("counters\n");
      return JSON.parse(await answer) as { deadlocks: number };
    },
    stop: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, "exit");
  child.stdin?.end();
  await exit;
}

async function call(method: string, url: string, body: unknown, key: string | null) {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json(), headers: answer.headers };
}
