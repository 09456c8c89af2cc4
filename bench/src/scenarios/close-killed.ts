/**
 * `close-killed`: the same day closed on copies of one platform, once in peace and then, each time on a copy
 * of its own, with the server killed as it begins or as it ends one of the steps. Void unless each kill came
 * and each close came to the same.
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
  const [made, copy] = [join(folder, "made"), join(folder, "copy")];
  const fresh = () => {
    rmSync(copy, { recursive: true, force: true });
    // With owners and modes, which PostgreSQL is strict about.
    execFileSync("cp", ["-a", made, copy]);
    return copy;
  };
  try {
    const day = await makeDay(made, { merchants, payments, progress, channel });
    const peace = await closeInPeace(fresh(), day);
    const kills: string[] = [];
    const faults: string[] = [];
    for (const step of peace.steps) {
      for (const moment of MOMENTS) {
        const killed = await closeWithKill(fresh(), day, { step, moment });
        if (!killed.isHeld) faults.push(`no kill: ${step} ${moment}`);
        else kills.push(`${step} ${moment}`);
        for (const [part, text] of peace.digest) {
          const other = killed.digest.get(part);
          if (other === text) continue;
          progress(`${part}: ${text}, and killed as ${step} ${moment} ${other}`);
          faults.push(`${part} differs: ${step} ${moment}`);
        }
      }
      progress(`killed as ${step} began and ended`);
    }
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
    const { rows } = await client.query("select name from close_steps order by place");
    return { steps: rows.map(({ name }) => String(name)), digest: await digestOf(client) };
  });
}

type Moment = { readonly step: string; readonly moment: (typeof MOMENTS)[number] };

/** Kills the server inside the transaction that begins or ends a step, and lets another one go on. */
async function closeWithKill(dataDir: string, { date }: ClosingDay, { step, moment }: Moment) {
  const isHeld = await withPlatform(dataDir, async ({ ops, kill }, client) => {
    await client.query(HOLD);
    await client.query("update bench_hold set step = $1, moment = $2", [step, moment]);
    await ops("POST", `/v1/ops/days/${date}/close`, {});
    const held = await isHeldAt(client, date);
    await kill();
    return held;
  });
  const digest = await withPlatform(dataDir, async (_, client) => {
    await client.query("update bench_hold set step = ''");
    await client.query(LEASE_OVER);
    while ((await stateOf(client, date)) !== "done") await sleep(LOOK_EVERY_MS);
    return digestOf(client);
  });
  return { isHeld, digest };
}

/** The process that had the run is dead: nobody need wait until its lease is over. */
const LEASE_OVER = "update close_runs set due_at = now() where state <> 'done'";

/** What holds the transaction of one step, once told which. */
const HOLD = `
  create table bench_hold (step text not null, moment text not null);
  insert into bench_hold values ('', '');
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
