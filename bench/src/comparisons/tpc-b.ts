/**
 * TPC-B-like transactions as pgbench's default script makes them, on the platform's PostgreSQL: what it does
 * with one transaction for each transfer. By pgbench where the machine has it, else by clients of our own.
 */
import { spawn, spawnSync } from "node:child_process";
import pg from "pg";
import type { Gauge } from "../measure.ts";
import { type Figures, round } from "../summary.ts";
import { withDatabase } from "./database.ts";

const CLIENTS = 16;
/** Branches: at least one for each client, or they would wait for each other alone. */
const SCALE = 16;
const TELLERS = 10;
const ACCOUNTS = 100_000;
const SECONDS_MAX = 20;

const TABLES = `
  create table pgbench_branches (bid int primary key, bbalance int, filler char(88)) with (fillfactor = 100);
  create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84))
    with (fillfactor = 100);
  create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84))
    with (fillfactor = 100);
  create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
  insert into pgbench_branches select bid, 0, '' from generate_series(1, ${SCALE}) bid;
  insert into pgbench_tellers
    select tid, (tid - 1) / ${TELLERS} + 1, 0, '' from generate_series(1, ${SCALE * TELLERS}) tid;
  insert into pgbench_accounts
    select aid, (aid - 1) / ${ACCOUNTS} + 1, 0, '' from generate_series(1, ${SCALE * ACCOUNTS}) aid`;

const SCRIPT = [
  "update pgbench_accounts set abalance = abalance + $1 where aid = $2",
  "select abalance from pgbench_accounts where aid = $1",
  "update pgbench_tellers set tbalance = tbalance + $1 where tid = $2",
  "update pgbench_branches set bbalance = bbalance + $1 where bid = $2",
  `insert into pgbench_history (tid, bid, aid, delta, mtime)
   values ($1, $2, $3, $4, current_timestamp)`,
] as const;

export async function compareTpcB(
  {
    gauge,
    progress,
  }: { readonly gauge: Pick<Gauge, "databaseUrl">; readonly progress: (line: string) => void },
  seconds: number,
): Promise<Figures> {
  return withDatabase(gauge, "tpc_b", async (databaseUrl) => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(TABLES);
    await client.query("vacuum analyze");
    await client.end();
    const lasts = Math.min(SECONDS_MAX, seconds);
    const version = pgbenchVersion();
    const perSecond =
      version === null ? await byOwnClients(databaseUrl, lasts) : await byPgbench(databaseUrl, lasts);
    const by = version ?? "clients of the bench's own";
    progress(`TPC-B-like, ${CLIENTS} clients, by ${by}: ${Math.round(perSecond)}/s`);
    return { tpc_b: { transactions_per_second: round(perSecond), clients: CLIENTS, scale: SCALE, by } };
  });
}

function pgbenchVersion(): string | null {
  const { status, stdout } = spawnSync("pgbench", ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

async function byPgbench(databaseUrl: string, seconds: number): Promise<number> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const options = [
    "--client",
    CLIENTS,
    "--jobs",
    2,
    "--time",
    seconds,
    "--protocol",
    "prepared",
    "--no-vacuum",
  ];
  const place = ["--host", hostname, "--port", port, "--username", username];
  const args = [...options, ...place, pathname.slice(1)].map(String);
  const child = spawn("pgbench", args, {
    env: { PATH: process.env.PATH, PGPASSWORD: decodeURIComponent(password) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await new Promise((resolve) => child.once("close", resolve));
  const perSecond = /^tps = ([\d.]+)/m.exec(output)?.[1];
  if (perSecond === undefined) throw new Error(`pgbench did not end well:\n${output}`);
  return Number(perSecond);
}

async function byOwnClients(databaseUrl: string, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  const counts = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      let done = 0;
      for (; performance.now() < until; done += 1) await transfer(client);
      await client.end();
      return done;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

async function transfer(client: pg.Client): Promise<void> {
  const upTo = (count: number) => 1 + Math.floor(Math.random() * count);
  const [aid, tid, bid] = [upTo(SCALE * ACCOUNTS), upTo(SCALE * TELLERS), upTo(SCALE)];
  const delta = upTo(10_001) - 5_001;
  const params = [[delta, aid], [aid], [delta, tid], [delta, bid], [tid, bid, aid, delta]];
  await client.query("begin");
  for (const [index, text] of SCRIPT.entries()) {
    await client.query({ name: `tpc_b_${index}`, text, values: params[index] as number[] });
  }
  await client.query("commit");
}
