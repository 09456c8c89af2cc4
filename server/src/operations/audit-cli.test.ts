import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createEmptyDatabase, createTestDatabase } from "../../../tools/testing/database.ts";
import { systemClock } from "../kernel/clock.ts";
import { claimDataDir, readOwner } from "../kernel/host/owner.ts";
import { processesIn } from "../kernel/host/processes.ts";

const platformProgram = fileURLToPath(new URL("../main.ts", import.meta.url));
const auditProgram = fileURLToPath(new URL("./audit-cli.ts", import.meta.url));

let folder = "";
let started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-audit-"));
  started = [];
});

afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  while (processesIn(join(folder, ".data", "postgres", "data")).length > 0) await sleep(20);
  rmSync(folder, { recursive: true, force: true });
});

type Run = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
};

function run(program: string, env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

/** The audit's exit code and everything that it printed. */
async function audit(env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const running = run(auditProgram, env);
  return { code: await running.ended, output: running.output() };
}

async function platform(): Promise<Run & { databaseUrl: string }> {
  const running = run(platformProgram, { PORT: "0", TRIBUTARY_SANDBOX_PORT: "0" });
  let code: number | null | undefined;
  void running.ended.then((end) => {
    code = end;
  });
  while (!running.output().includes("is ready in")) {
    assert.equal(code, undefined, running.output());
    await sleep(20);
  }
  return { ...running, databaseUrl: readOwner(join(folder, ".data"))?.database_url as string };
}

async function corrupt(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rowCount } = await client.query(
    `update cell_0.accounts set balance = balance + 1
     where id = (select id from cell_0.accounts where floor is null order by id limit 1)`,
  );
  await client.end();
  assert.equal(rowCount, 1);
}

describe("npm run audit", () => {
  it("finds the invariants held, or names the wrong row, beside a running platform and alone", async () => {
    const running = await platform();
    const good = await audit();
    assert.equal(good.code, 0, good.output);
    assert.match(good.output, /^All \d+ invariants hold\.$/m);
    assert.doesNotMatch(good.output, /VIOLATED/);
    // Beside it: the platform is not disturbed.
    assert.notEqual(readOwner(join(folder, ".data")), null);

    await corrupt(running.databaseUrl);
    const bad = await audit();
    assert.equal(bad.code, 1, bad.output);
    assert.match(bad.output, /^VIOLATED +1 balances follow entries.*: .+\n +\S.*: its balance is .+$/m);
    assert.match(bad.output, /^VIOLATED +1 currencies sum to zero: /m);
    assert.match(bad.output, /^\d+ of \d+ .*violated\. Stop paying out/m);

    running.child.kill("SIGINT");
    assert.equal(await running.ended, 0, running.output());
    const alone = await audit();
    assert.equal(alone.code, 1, alone.output);
    assert.match(alone.output, /^VIOLATED +1 balances follow entries/m);
    // It started PostgreSQL for itself, and leaves nothing behind.
    assert.ok(!existsSync(join(folder, ".data", "server.json")));
    assert.deepEqual(processesIn(join(folder, ".data", "postgres", "data")), []);
  });

  it("of a database of one's own goes there, and makes nothing here", async (t) => {
    const database = await createTestDatabase();
    t.after(() => database.drop());
    const { code, output } = await audit({ DATABASE_URL: database.url });
    assert.equal(code, 0, output);
    assert.match(output, /^All \d+ invariants hold\.$/m);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("of a platform that was never started has nothing to look at, and makes nothing", async () => {
    const { code, output } = await audit();
    assert.equal(code, 2, output);
    assert.match(output, /^There is nothing to audit in .+\.data/);
    assert.equal(output.trim().split("\n").length, 1, "one line, no stack");
    assert.deepEqual(readdirSync(folder), []);
  });

  it("of a platform that is still starting says so", async (t) => {
    const ownership = claimDataDir(join(folder, ".data"), systemClock.now());
    t.after(() => ownership.release());
    const { code, output } = await audit();
    assert.equal(code, 2, output);
    assert.match(output, /still starting/);
  });

  it("of a database that cannot be reached never says that the books are right", async () => {
    const { code, output } = await audit({ DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/nothing" });
    assert.equal(code, 2, output);
    assert.match(output, /^The audit could not be finished: .*database/);
    assert.doesNotMatch(output, /hold\.|secret/);
  });

  it("of a database that holds something else says what is missing", async (t) => {
    const database = await createEmptyDatabase();
    t.after(() => database.drop());
    const { code, output } = await audit({ DATABASE_URL: database.url });
    assert.equal(code, 2, output);
    assert.match(output, /^The audit could not be finished: /);
    assert.equal(output.trim().split("\n").length, 1, "one line, no stack");
  });

  it("with settings that are wrong tells them", async () => {
    const { code, output } = await audit({ TRIBUTARY_SANDBX: "on" });
    assert.equal(code, 2, output);
    assert.match(output, /TRIBUTARY_SANDBX is not a setting/);
  });
});
