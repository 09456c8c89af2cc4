/**
 * `close-killed`: the same day closed twice on copies of one platform, once in peace and once with the server
 * killed as it begins and as it ends each step. Void unless each kill came and both came to the same.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type ClosingDay, endTheDay, writeStatements } from "../close/day.ts";
import { digestOf } from "../close/digest.ts";
import { openShops } from "../close/shops.ts";
import { fetchAll, startStatements } from "../close/statements.ts";
import { fill } from "../growth/fill.ts";
import { whileFrozen } from "../growth/frozen.ts";
import { type BenchPlatform, startPlatform } from "../platform.ts";
import { sleep } from "../run.ts";
import type { Given, Outcome } from "./scenario.ts";

const ZIPF = 1;
const LOOK_EVERY_MS = 20;
/** In which a kill finds the transaction that begins or ends a step. */
const HELD_SECONDS = 0.5;
const MOMENTS = ["begins", "ends"] as const;

export async function closeKilled({ scenario, payments, merchants, progress }: Given): Promise<Outcome> {
  const channel = await startStatements();
  const folder = mkdtempSync(join(tmpdir(), "tributary-bench-"));
  const [one, other] = [join(folder, "peace"), join(folder, "killed")];
  try {
    const day = await makeDay(one, { merchants, payments, progress, channel });
    // With owners and modes, which PostgreSQL is strict about.
    execFileSync("cp", ["-a", one, other]);
    const peace = await closeInPeace(one, day);
    const { digest: killed, kills, gone } = await closeWithKills(other, day, progress);
    const differ = [...peace].filter(([part, text]) => killed.get(part) !== text).map(([part]) => part);
    for (const part of differ) progress(`${part}: ${peace.get(part)}, and with kills ${killed.get(part)}`);
    const faults = [...differ.map((part) => `${part} differs`), ...gone.map((at) => `no kill: ${at}`)];
    const invariants = faults.length === 0 ? "ok" : faults.join(", ");
    const figures = { scenario, payments, merchants, kills: kills.length, killed_at: kills, invariants };
    return { figures, valid: invariants === "ok" };
  } finally {
    channel.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Making = Pick<Given, "merchants" | "payments" | "progress"> & {
  readonly channel: Awaited<ReturnType<typeof startStatements>>;
};

/** A platform whose day is over and whose statements are there, stopped. */
async function makeDay(dataDir: string, { channel, ...given }: Making): Promise<ClosingDay> {
  const { merchants, payments, progress } = given;
  return withPlatform(dataDir, async (platform, client) => {
    const { databaseUrl, pid } = platform;
    await openShops({ platform, merchants, gatewayUrl: channel.url, progress });
    await fill({ databaseUrl, pid, payments: payments - merchants, zipf: ZIPF, progress });
    const date = await whileFrozen(pid, client, () => endTheDay(client));
    const day = await writeStatements(client, date);
    channel.handOut(day);
    await fetchAll(platform, day);
    progress(`${payments} payments of ${date} wait for their close`);
    return day;
  });
}

function closeInPeace(dataDir: string, { date }: ClosingDay) {
  return withPlatform(dataDir, async ({ ops }, client) => {
    await ops("POST", `/v1/ops/days/${date}/close`, {});
    while ((await stateOf(client, date)) !== "done") await sleep(LOOK_EVERY_MS);
    return digestOf(client);
  });
}

/** Kills the server inside each transaction that begins or ends a step, and starts it again. */
async function closeWithKills(dataDir: string, { date }: ClosingDay, progress: Given["progress"]) {
  const kills: string[] = [];
  const gone: string[] = [];
  const steps = await withPlatform(dataDir, async ({ ops, kill }, client) => {
    await client.query(HOLD);
    await ops("POST", `/v1/ops/days/${date}/close`, {});
    const { rows } = await client.query("select name from close_steps order by place");
    await kill();
    return rows.map(({ name }) => String(name));
  });
  for (const step of steps) {
    for (const moment of MOMENTS) {
      const platform = await startPlatform({ dataDir, progress: () => {} });
      const client = await connect(platform.databaseUrl);
      await client.query("update bench_hold set step = $1, moment = $2", [step, moment]);
      await client.query(LEASE_OVER);
      const isHeld = await isHeldAt(client, date);
      await client.end();
      await platform.kill();
      (isHeld ? kills : gone).push(`${step} ${moment}`);
    }
    progress(`killed as ${step} began and ended`);
  }
  const digest = await withPlatform(dataDir, async (_, client) => {
    await client.query("update bench_hold set step = ''");
    await client.query(LEASE_OVER);
    while ((await stateOf(client, date)) !== "done") await sleep(LOOK_EVERY_MS);
    return digestOf(client);
  });
  return { digest, kills, gone };
}

/** The process that had the run is dead: nobody need wait until its lease is over. */
const LEASE_OVER = "update close_runs set due_at = now() where state <> 'done'";

/** What holds the transaction of one step, once told which. */
const HOLD = `
  create table bench_hold (step text not null, moment text not null);
  insert into bench_hold values ('previous_day', 'begins');
  create function bench_hold_step() returns trigger language plpgsql as $$
  begin
    if exists (
      select from cell_0.bench_hold
      where step = new.name
        and moment = case when new.state = 'done' then 'ends' else 'begins' end
    ) then
      perform pg_advisory_lock_shared(4711);
      perform pg_sleep(${HELD_SECONDS});
      perform pg_advisory_unlock_shared(4711);
    end if;
    return new;
  end $$;
  create trigger bench_hold_step before update on close_steps
    for each row execute function bench_hold_step()`;

/** True once a step is held; false when the close went by. */
async function isHeldAt(client: pg.Client, date: string): Promise<boolean> {
  for (;;) {
    const { rows } = await client.query(
      "select count(*)::int as held from pg_locks where locktype = 'advisory' and objid = 4711 and granted",
    );
    if (rows[0].held > 0) return true;
    if ((await stateOf(client, date)) === "done") return false;
    await sleep(LOOK_EVERY_MS);
  }
}

async function stateOf(client: pg.Client, date: string): Promise<string> {
  const { rows } = await client.query("select state from close_runs where accounting_date = $1", [date]);
  return String(rows[0]?.state);
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    options: "-c search_path=cell_0 -c timezone=UTC",
  });
  // Its PostgreSQL goes down with the server that is killed; a query under way says so.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function withPlatform<T>(
  dataDir: string,
  work: (platform: BenchPlatform, client: pg.Client) => Promise<T>,
): Promise<T> {
  const platform = await startPlatform({ dataDir, progress: () => {} });
  try {
    const client = await connect(platform.databaseUrl);
    try {
      return await work(platform, client);
    } finally {
      await client.end();
    }
  } finally {
    await platform.stop();
  }
}
