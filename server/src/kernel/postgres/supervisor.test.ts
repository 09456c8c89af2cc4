import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { processesIn, processIdentity } from "../host/processes.ts";
import { StartRefused } from "../host/start-refused.ts";
import { silentLog } from "../log.ts";
import { findBinaries } from "./binaries.ts";
import { asUser, ordinaryAccount, type RunAs } from "./run-as.ts";
import { type EmbeddedPostgres, ensureDatabase, startEmbeddedPostgres } from "./supervisor.ts";

const ownerProgram = fileURLToPath(new URL("./testing/owner.ts", import.meta.url));
const patienceMs = 30_000;

let dataDir = "";
let owners: ChildProcess[] = [];
let servers: EmbeddedPostgres[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "tributary-supervisor-"));
  owners = [];
  servers = [];
});

afterEach(async () => {
  for (const owner of owners) owner.kill("SIGKILL");
  await Promise.all(servers.map((server) => server.stop()));
  await until("PostgreSQL has ended", () => processesIn(postgresFolder()).length === 0);
  rmSync(dataDir, { recursive: true, force: true });
});

const postgresFolder = () => join(dataDir, "postgres", "data");

async function start(ways?: RunAs[]): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    log: silentLog(),
    ...(ways === undefined ? {} : { ways }),
  });
  servers.push(server);
  return server;
}

type Owner = { process: ChildProcess; pid: number; url: string };

/** Another process that owns the data folder. */
async function startOwner(): Promise<Owner> {
  const child = spawn(process.execPath, [ownerProgram, dataDir], { stdio: ["pipe", "pipe", "inherit"] });
  owners.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { process: child, ...(JSON.parse(line) as { pid: number; url: string }) };
}

async function kill(owner: Owner): Promise<void> {
  owner.process.kill("SIGKILL");
  await once(owner.process, "exit");
}

async function until(what: string, reached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await reached())) {
    assert.ok(performance.now() < deadline, `waited too long until ${what}`);
    await sleep(20);
  }
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

const isGone = (pid: number) => processIdentity(pid) === null;

function refused(pattern: RegExp) {
  return (error: Error) => {
    assert.ok(error instanceof StartRefused, error.stack);
    assert.match(error.message, pattern);
    return true;
  };
}

/**
 * The shell that guards a postmaster, after its other half, which waits for the owner's end: killed in this
 * order, neither gets to do its work.
 */
function guardsOf(postmaster: number): number[] {
  const parentOf = (pid: string) => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
    } catch {
      return 0;
    }
  };
  const shell = parentOf(String(postmaster));
  const halves = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === shell);
  assert.ok(shell > 1, "the postmaster has no guard");
  return [...halves.map(Number).filter((pid) => pid !== postmaster), shell];
}

function commands(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8")];
    } catch {
      return [];
    }
  });
}

/** What is left when the owner and everything that watches it are killed at once. */
async function orphan(owner: Owner): Promise<void> {
  owner.process.kill("SIGSTOP");
  for (const pid of guardsOf(owner.pid)) process.kill(pid, "SIGKILL");
  await kill(owner);
}

test("data outlives a stop, which leaves no process and no owner behind", async () => {
  const first = await start();
  await query(first.url("postgres"), "create table kept as select 7 as value");
  const pid = first.pid;
  await first.stop();
  assert.ok(isGone(pid));
  assert.deepEqual(processesIn(postgresFolder()), []);
  assert.ok(!existsSync(join(dataDir, "server.json")));
  assert.equal(statSync(join(dataDir, "postgres", "password")).mode & 0o777, 0o600);
  const second = await start();
  assert.deepEqual(await query(second.url("postgres"), "select value from kept"), [7]);
});

test("the database is UTF-8, sorts the same everywhere, and wants a password", async () => {
  const server = await start();
  const database = await ensureDatabase(server.url("postgres"), "a b");
  assert.equal(await ensureDatabase(server.url("postgres"), "a b"), database);
  assert.deepEqual(
    await query(database, "select datlocale from pg_database where datname = current_database()"),
    ["C.UTF-8"],
  );
  assert.deepEqual(await query(database, "show server_encoding"), ["UTF8"]);
  assert.deepEqual(await query(database, "select upper('ä支')"), ["Ä支"]);
  const guess = new URL(database);
  guess.password = "guess";
  await assert.rejects(query(guess.href, "select 1"), { code: "28P01" });
});

test("kill -9 of the owner ends PostgreSQL, and the next start finds everything committed", async () => {
  const owner = await startOwner();
  await query(owner.url, "create table kept as select 7 as value");
  await kill(owner);
  await until("PostgreSQL has ended with its owner", () => isGone(owner.pid));
  const server = await start();
  assert.deepEqual(await query(server.url("postgres"), "select value from kept"), [7]);
});

test("a start right after kill -9 of the owner waits for the shutdown under way", async () => {
  const owner = await startOwner();
  owner.process.kill("SIGKILL");
  await until("the owner is gone", () => isGone(owner.process.pid ?? 0));
  const server = await start();
  assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
  await until("one postmaster is left", () => isGone(owner.pid) || server.pid === owner.pid);
});

test("a start before a killed owner's guard has acted takes over nothing about to end", async () => {
  const owner = await startOwner();
  const guards = guardsOf(owner.pid);
  for (const pid of guards) process.kill(pid, "SIGSTOP");
  await kill(owner);
  const starting = start();
  // It answers as ever: that alone would make it look like one to adopt.
  for (let n = 0; n < 5; n += 1)
    assert.deepEqual(await query(owner.url, "select pg_sleep(0.1) is null"), [false]);
  for (const pid of guards) process.kill(pid, "SIGCONT");
  const server = await starting;
  assert.notEqual(server.pid, owner.pid);
  assert.ok(isGone(owner.pid));
  assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
  assert.equal(server.restarts(), 0);
});

test("a second start on the same folder is refused, naming the pid that owns it", async () => {
  const owner = await startOwner();
  const { pid } = owner.process;
  await assert.rejects(start(), refused(new RegExp(`already runs .*\\(pid ${pid}\\).*kill ${pid}`)));
  assert.deepEqual(await query(owner.url, "select 7"), [7]);
});

test("PostgreSQL killed under a living server comes back at the same URL with its data", async () => {
  const server = await start();
  const url = server.url("postgres");
  await query(url, "create table kept as select 7 as value");
  const before = server.pid;
  process.kill(before, "SIGKILL");
  await until("it is back", () => server.restarts() === 1 && server.pid !== 0);
  assert.notEqual(server.pid, before);
  assert.equal(server.url("postgres"), url);
  assert.deepEqual(await query(url, "select value from kept"), [7]);
});

test("a stop while PostgreSQL is being started again leaves nothing running", async () => {
  const server = await start();
  const before = server.pid;
  process.kill(before, "SIGKILL");
  await until("its death was seen", () => server.pid !== before);
  await server.stop();
  assert.deepEqual(processesIn(postgresFolder()), []);
});

test("PostgreSQL that lost owner and guard is adopted, guarded, and ends with its new owner", async () => {
  const owner = await startOwner();
  await orphan(owner);
  assert.ok(!isGone(owner.pid));
  const adopter = await startOwner();
  assert.equal(adopter.pid, owner.pid);
  assert.equal(adopter.url, owner.url);
  await kill(adopter);
  await until("it has ended with the adopter", () => isGone(owner.pid));
});

test("a guard that is killed alone is replaced, and PostgreSQL runs on", async () => {
  const owner = await startOwner();
  for (const pid of guardsOf(owner.pid)) process.kill(pid, "SIGKILL");
  const guardsIt = (command: string) => command.endsWith(`tributary-postgres\0${owner.pid}\0`);
  await until("it is guarded again", () => commands().some(guardsIt));
  assert.deepEqual(await query(owner.url, "select 7"), [7]);
  await kill(owner);
  await until("it has ended with its owner", () => isGone(owner.pid));
});

test("an adopted PostgreSQL that dies is started again", async () => {
  const owner = await startOwner();
  await orphan(owner);
  const server = await start();
  assert.equal(server.pid, owner.pid);
  process.kill(owner.pid, "SIGKILL");
  await until("it is back", () => server.restarts() === 1 && server.pid !== 0);
  assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
});

test("backends that a killed postmaster left are ended, even one that does not react", async () => {
  const owner = await startOwner();
  const client = new pg.Client({ connectionString: owner.url });
  client.on("error", () => {});
  await client.connect();
  const [backend] = (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows;
  process.kill(backend?.pid ?? 0, "SIGSTOP");
  await orphan(owner);
  process.kill(owner.pid, "SIGKILL");
  await until("the postmaster is gone", () => isGone(owner.pid));
  assert.ok(processesIn(postgresFolder()).includes(backend?.pid ?? 0));
  const server = await start();
  assert.ok(isGone(backend?.pid ?? 0));
  assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
  await client.end().catch(() => {});
});

test("a stale postmaster.pid whose number a stranger has now keeps nothing from starting", async () => {
  await (await start()).stop();
  const stranger = process.pid;
  const lines = [stranger, postgresFolder(), 1, 1, "", "127.0.0.1", "", "ready"];
  writeFileSync(join(postgresFolder(), "postmaster.pid"), `${lines.join("\n")}\n`);
  const server = await start();
  assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
});

const staleOwners: { title: string; content: string }[] = [
  {
    title: "of a dead process",
    content: JSON.stringify({ pid: 2 ** 22 + 1, process: null, started_at: "" }),
  },
  {
    title: "whose pid a stranger has now",
    content: JSON.stringify({ pid: 1, process: "earlier/1", started_at: "" }),
  },
  { title: "that a full disk cut short", content: '{ "pid":' },
  { title: "that is empty", content: "" },
];
for (const { title, content } of staleOwners) {
  test(`a server.json ${title} is taken over`, async () => {
    writeFileSync(join(dataDir, "server.json"), content);
    const server = await start();
    const owner = JSON.parse(readFileSync(join(dataDir, "server.json"), "utf8")) as { pid: number };
    assert.equal(owner.pid, process.pid);
    assert.equal(statSync(join(dataDir, "server.json")).mode & 0o777, 0o600);
    await server.stop();
  });
}

test("of several processes that start at once over a stale server.json, one owns the folder", async () => {
  writeFileSync(
    join(dataDir, "server.json"),
    JSON.stringify({ pid: 2 ** 22 + 1, process: null, started_at: "" }),
  );
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, [ownerProgram, dataDir], { stdio: ["pipe", "pipe", "ignore"] }),
  );
  owners.push(...children);
  const ends = await Promise.all(
    children.map((child) =>
      Promise.race([
        once(createInterface(child.stdout), "line").then(() => "owns"),
        once(child, "exit").then(() => "refused"),
      ]),
    ),
  );
  assert.deepEqual(ends.sort(), ["owns", "refused", "refused"]);
});

test("a first start that was interrupted does not keep the next one from working", async () => {
  mkdirSync(join(dataDir, "postgres.new", "data"), { recursive: true });
  writeFileSync(join(dataDir, "postgres.new", "data", "half"), "made");
  const server = await start();
  assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
  assert.ok(!existsSync(join(dataDir, "postgres.new")));
});

test("a folder that is no finished cluster is left alone, with what to do", async () => {
  mkdirSync(join(dataDir, "postgres"));
  writeFileSync(join(dataDir, "postgres", "mine"), "precious");
  await assert.rejects(start(), refused(/holds no finished PostgreSQL data\. Move it away/));
  assert.equal(readFileSync(join(dataDir, "postgres", "mine"), "utf8"), "precious");
});

test("data of another major version is refused with the way to bring it over", async () => {
  await (await start()).stop();
  writeFileSync(join(postgresFolder(), "PG_VERSION"), "16\n");
  await assert.rejects(start(), refused(/written by PostgreSQL 16, older than the 18.*pg_dump.*restore/));
});

test("a password that is not the data's is told, not waited for", async () => {
  await (await start()).stop();
  writeFileSync(join(dataDir, "postgres", "password"), "another\n");
  await assert.rejects(start(), refused(/does not accept the password in .*password/));
});

test("links that a blocked install script did not make are made at start", async () => {
  const { binaries } = findBinaries();
  const list = readFileSync(join(binaries.folder, "pg-symlinks.json"), "utf8");
  const links = (JSON.parse(list) as { target: string }[]).map(({ target }) =>
    join(binaries.folder, "..", target),
  );
  assert.ok(links.length > 0);
  for (const link of links) assert.ok(existsSync(link), link);
});

// Only root can become somebody else; `npm test` is run both as root and as an ordinary user.
if (process.getuid?.() === 0) {
  const nobody = () => [asUser(ordinaryAccount())];

  test("as root without user namespaces, an ordinary user runs PostgreSQL", async () => {
    const server = await start(nobody());
    assert.equal(statSync(`/proc/${server.pid}`).uid, ordinaryAccount().uid);
    assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
    await server.stop();
    const again = await start();
    assert.equal(
      statSync(`/proc/${again.pid}`).uid,
      ordinaryAccount().uid,
      "data stays with the user who owns it",
    );
  });

  test("from a folder that nobody else can enter, data goes where it can be reached", async () => {
    chmodSync(dataDir, 0o700);
    const inner = join(dataDir, "closed", "deeper");
    mkdirSync(inner, { recursive: true });
    chmodSync(join(dataDir, "closed"), 0o700);
    const outer = dataDir;
    dataDir = inner;
    try {
      const server = await start(nobody());
      const home = realpathSync(join(inner, "postgres"));
      assert.equal(dirname(dirname(home)), "/var/lib");
      assert.deepEqual(await query(server.url("postgres"), "select 7"), [7]);
      await server.stop();
      const again = await start();
      assert.deepEqual(await query(again.url("postgres"), "select 7"), [7]);
      await again.stop();
      rmSync(dirname(home), { recursive: true });
    } finally {
      dataDir = outer;
    }
  });
}
