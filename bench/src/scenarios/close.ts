/**
 * `close`: a day of so many payments of so many merchants, from the word that closes it until its report is
 * there: statements fetched and read, compared, breaks applied, merchants settled and billed, books proved.
 */
import pg from "pg";
import { type ClosingDay, endTheDay, writeStatements } from "../close/day.ts";
import { openShops } from "../close/shops.ts";
import { fetchAll, startStatements } from "../close/statements.ts";
import { fill } from "../growth/fill.ts";
import { whileFrozen } from "../growth/frozen.ts";
import { type BenchPlatform, startPlatform } from "../platform.ts";
import { watchMemory } from "../reconcile/memory.ts";
import { sleep } from "../run.ts";
import { round } from "../summary.ts";
import type { Given, Outcome } from "./scenario.ts";

const ZIPF = 1;
const LOOK_EVERY_MS = 200;
const MS_PER_SECOND = 1_000;

export async function close({
  scenario,
  payments,
  merchants,
  progress,
  profileDir,
}: Given): Promise<Outcome> {
  const channel = await startStatements();
  const platform = await startPlatform({ progress, profileDir });
  const client = new pg.Client({
    connectionString: platform.databaseUrl,
    options: "-c search_path=cell_0 -c timezone=UTC",
  });
  await client.connect();
  try {
    await openShops({ platform, merchants, gatewayUrl: channel.url, progress });
    const { databaseUrl, pid } = platform;
    await fill({ databaseUrl, pid, payments: payments - merchants, zipf: ZIPF, progress });
    const date = await whileFrozen(pid, client, () => endTheDay(client));
    progress(`${payments} payments are of ${date}`);
    const day = await writeStatements(client, date);
    channel.handOut(day);
    const memory = watchMemory(pid);
    const fetching = performance.now();
    await fetchAll(platform, day);
    const begun = performance.now();
    const steps = await closeDay(platform, client, date, progress);
    const seconds = secondsSince(begun, performance.now());
    const rssMbMax = memory.stop();
    const found = await findingsOf(client);
    const breaks = Object.values(found).reduce((sum, count) => sum + count, 0);
    const invariants = await judge(platform, day, found);
    const figures = {
      scenario,
      payments,
      merchants,
      seconds,
      rss_mb_max: rssMbMax,
      breaks,
      invariants,
      fetch_s: secondsSince(fetching, begun),
      steps_s: steps,
    };
    return { figures, valid: invariants === "ok" };
  } finally {
    await client.end();
    await platform.stop();
    channel.stop();
  }
}

function secondsSince(from: number, to: number): number {
  return round((to - from) / MS_PER_SECOND, 2);
}

/** How long each step took, in seconds. */
async function closeDay(
  { ops }: BenchPlatform,
  client: pg.Client,
  date: string,
  progress: (line: string) => void,
): Promise<Readonly<Record<string, number>>> {
  await ops("POST", `/v1/ops/days/${date}/close`, {});
  let told = "";
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    const { rows } = await client.query<{ name: string; state: string; detail: string; took: string | null }>(
      `select s.name, s.state, s.detail, extract(epoch from s.ended_at - s.began_at) as took
       from close_steps s
       join close_runs r on r.id = s.run_id
       where r.accounting_date = $1
       order by s.place`,
      [date],
    );
    const under = rows.find(({ state }) => state !== "done");
    if (under === undefined && rows.length > 0) {
      return Object.fromEntries(rows.map(({ name, took }) => [name, round(Number(took), 2)]));
    }
    if (under !== undefined && under.name !== told) progress(`closing: ${under.name}`);
    told = under?.name ?? told;
    if (under?.state === "failed") throw new Error(`${under.name} failed: ${under.detail}`);
  }
}

async function findingsOf(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ kind: string; count: number }>(
    "select kind, count(*)::int as count from findings group by kind order by kind",
  );
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
}

/** All that must be found is, and the day's own audit holds. */
async function judge(
  { ops }: BenchPlatform,
  { date, key }: ClosingDay,
  found: Readonly<Record<string, number>>,
): Promise<string> {
  type Report = { invariants: { name: string; violations: number }[]; chain: { ties: boolean }[] };
  const { report } = (await ops("GET", `/v1/ops/days/${date}/report`)) as unknown as { report: Report };
  const violated = report.invariants.filter(({ violations }) => violations > 0).map(({ name }) => name);
  if (violated.length > 0) return `violated: ${violated.join(", ")}`;
  if (report.chain.some(({ ties }) => !ties)) return "the chain does not tie";
  const same = Object.keys({ ...key, ...found }).every((kind) => key[kind] === found[kind]);
  return same ? "ok" : `found ${JSON.stringify(found)}, not ${JSON.stringify(key)}`;
}
