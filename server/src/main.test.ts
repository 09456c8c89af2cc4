import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { OwnerFile } from "./kernel/host/owner.ts";
import { processesIn, processIdentity } from "./kernel/host/processes.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));

let folder = "";
let started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-main-"));
  started = [];
});

afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  while (processesIn(join(folder, ".data", "postgres", "data")).length > 0) await sleep(20);
  rmSync(folder, { recursive: true, force: true });
});

type Run = { child: ChildProcess; output: () => string; ended: Promise<number | null> };

/** Starts the program in a folder of its own; any free ports unless told otherwise. */
function run(env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", PORT: "0", TRIBUTARY_SANDBOX_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

async function ready(server: Run): Promise<OwnerFile> {
  let code: number | null | undefined;
  void server.ended.then((end) => (code = end));
  while (!server.output().includes("is ready in")) {
    assert.equal(code, undefined, server.output());
    await sleep(20);
  }
  return JSON.parse(readFileSync(join(folder, ".data", "server.json"), "utf8")) as OwnerFile;
}

test("one command starts everything, tells where, answers, and stops in order on Ctrl-C", async () => {
  const server = run();
  const { pid, base_url, sandbox_url } = await ready(server);
  assert.equal(pid, server.child.pid);
  for (const url of [`${base_url}/docs`, `${sandbox_url}/wallet`, `${sandbox_url}/inbox`]) {
    assert.ok(server.output().includes(url), `${url} is not told:\n${server.output()}`);
    assert.equal((await fetch(url)).status, 200, url);
  }
  for (const file of ["server.json", "secrets.json", "demo.json"]) {
    assert.equal(statSync(join(folder, ".data", file)).mode & 0o777, 0o600, file);
  }
  server.child.kill("SIGINT");
  // npm passes a terminal's Ctrl-C on a second time: that is no impatience.
  server.child.kill("SIGINT");
  assert.equal(await server.ended, 0, server.output());
  assert.ok(!existsSync(join(folder, ".data", "server.json")));
  assert.deepEqual(processesIn(join(folder, ".data", "postgres", "data")), []);
});

test("a second start on the same data is refused, naming the first one's pid and address", async () => {
  const first = run();
  const { base_url } = await ready(first);
  const second = run();
  assert.equal(await second.ended, 1);
  assert.ok(
    second.output().includes(`already runs at ${base_url} (pid ${first.child.pid})`),
    second.output(),
  );
  assert.equal(second.output().trim().split("\n").length, 1, "one line, no stack");
  assert.equal((await fetch(`${base_url}/health`)).status, 200);
});

test("a port that somebody has is refused, naming the setting and who, before anything is made", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  try {
    const api = run({ PORT: String(port) });
    assert.equal(await api.ended, 1);
    assert.match(
      api.output(),
      new RegExp(`^Port ${port} is taken by process ${process.pid} .*set PORT to another`),
    );
    const sandbox = run({ TRIBUTARY_SANDBOX_PORT: String(port) });
    assert.equal(await sandbox.ended, 1);
    assert.match(sandbox.output(), /set TRIBUTARY_SANDBOX_PORT to another/);
    assert.ok(!existsSync(join(folder, ".data", "postgres")));
  } finally {
    other.close();
  }
});

test("it stops in order although its terminal was closed and takes no more output", async () => {
  const server = run();
  const { base_url } = await ready(server);
  for (const stream of [server.child.stdout, server.child.stderr]) stream?.destroy();
  server.child.kill("SIGHUP");
  assert.equal(await server.ended, 0);
  assert.ok(!existsSync(join(folder, ".data", "server.json")));
  await assert.rejects(fetch(`${base_url}/health`));
});

test("a clock that is not the database's is refused, and nothing is left running", async () => {
  const late = `const { now } = Date; const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { super(...(given.length === 0 ? [now() - 60000] : given)); }
    };`;
  const server = run({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(late)}` });
  assert.equal(await server.ended, 1);
  assert.match(
    server.output(),
    /^This machine's clock is (59|60)\.\d s behind the database's; .*start again\.\n$/,
  );
  assert.ok(!existsSync(join(folder, ".data", "server.json")));
  assert.deepEqual(processesIn(join(folder, ".data", "postgres", "data")), []);
});

test("a data folder that is a file is refused in a sentence", async () => {
  writeFileSync(join(folder, "file"), "");
  const server = run({ TRIBUTARY_DATA_DIR: join(folder, "file") });
  assert.equal(await server.ended, 1);
  assert.match(server.output(), /leads through a file: set TRIBUTARY_DATA_DIR to a folder\.\n$/);
});

test("settings that are wrong are told one per line, with exit code 1", async () => {
  const server = run({ TRIBUTARY_SANDBX: "on", NODE_ENV: "prod" });
  assert.equal(await server.ended, 1);
  assert.match(server.output(), /^NODE_ENV is "prod".*\n/m);
  assert.match(server.output(), /^TRIBUTARY_SANDBX is not a setting: did you mean TRIBUTARY_SANDBOX\?/m);
});

test("killed with -9 and started again, it serves the same merchant on the same data", async () => {
  const first = run();
  await ready(first);
  const demo = readFileSync(join(folder, ".data", "demo.json"), "utf8");
  first.child.kill("SIGKILL");
  await first.ended;
  const second = run();
  const { base_url } = await ready(second);
  const { secret_key } = JSON.parse(demo) as { secret_key: string };
  const answer = await fetch(`${base_url}/v1/payments`, {
    headers: { authorization: `Bearer ${secret_key}` },
  });
  assert.equal(answer.status, 200);
  assert.equal(processIdentity(first.child.pid ?? 0), null);
});
