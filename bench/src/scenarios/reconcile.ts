/**
 * `reconcile`: an Alipay statement of so many rows and as many movements on disk, until what differs can be
 * asked for in PostgreSQL.
 */
import { mkdirSync } from "node:fs";
import { link } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { systemClock, systemRandom } from "../../../server/src/kernel/clock.ts";
import { openDatabase } from "../../../server/src/kernel/database.ts";
import { createIdMaker } from "../../../server/src/kernel/ids.ts";
import { silentLog } from "../../../server/src/kernel/log.ts";
import { createEngine, createReconciliation } from "../../../server/src/reconciliation/index.ts";
import { startPlatform } from "../platform.ts";
import type { DayFiles } from "../reconcile/day-files.ts";
import { watchMemory } from "../reconcile/memory.ts";
import { writeDayApart } from "../reconcile/write-apart.ts";
import { round } from "../summary.ts";
import type { Given, Outcome } from "./scenario.ts";

const DATE = "2026-03-06";
const MS_PER_SECOND = 1_000;

export async function reconcile({ scenario, rows, progress }: Given): Promise<Outcome> {
  const platform = await startPlatform({ progress });
  try {
    const folder = join(platform.dataDir, "reconciliation");
    mkdirSync(folder, { recursive: true });
    return await measure({ scenario, rows, progress, folder, databaseUrl: platform.databaseUrl });
  } finally {
    await platform.stop();
  }
}

type Bench = Pick<Given, "scenario" | "rows" | "progress"> & {
  readonly folder: string;
  readonly databaseUrl: string;
};

async function measure({ scenario, rows, progress, folder, databaseUrl }: Bench): Promise<Outcome> {
  const newId = createIdMaker({ clock: systemClock, random: systemRandom }, 0);
  const channelAccountId = newId();
  const statement = join(folder, "statement.csv");
  const movements = join(folder, `movements-${DATE}.csv`);
  progress(`writing ${rows} rows and their movements`);
  const day = await writeDayApart({ statement, movements, channelAccountId, date: DATE }, rows);
  await keepExtract(databaseUrl, day);
  const log = silentLog();
  const database = openDatabase({ url: databaseUrl, schema: "cell_0", readersMax: 2, writersMax: 2, log });
  const cell = { ...database, cell: 0, clock: systemClock, random: systemRandom, newId };
  const engine = createEngine({ clock: systemClock, folder });
  const statements = {
    statementOf: async () => {
      const alipayFile = async () => ({ bytes: day.lines, writeTo: (path: string) => link(statement, path) });
      return { id: newId(), hash: day.statementHash, lines: [], alipayFile };
    },
  };
  const accountOf = async () => ({ channel: "alipay", fundFlow: "through_platform" });
  const terms = { traitsOf: () => null, quietMethods: [] };
  const deps = { cell, engine, folder, statements, accountOf, ...terms, largeBytesMin: 1 };
  const reconciliation = createReconciliation(deps);
  const goOn = async () => {};
  try {
    // The extract is there, packed as it is when its date was closed.
    await reconciliation.extract(DATE, goOn);
    progress("comparing");
    const memory = watchMemory();
    const begun = performance.now();
    const scope = { channelAccountId, channelDate: DATE };
    const [result] = await reconciliation.reconcile([scope], { closedThrough: DATE, goOn });
    const seconds = round((performance.now() - begun) / MS_PER_SECOND, 2);
    const rssMbMax = memory.stop();
    if (result?.end !== "done") throw new Error(`it was not compared: ${JSON.stringify(result)}`);
    const found = await countOf(databaseUrl, result.generation.id);
    const invariants = judge(day, found, result.generation.lines);
    const breaks = Object.values(found).reduce((sum, count) => sum + count, 0);
    const figures = { scenario, rows: day.lines, seconds, rss_mb_max: rssMbMax, breaks, invariants };
    return { figures, valid: invariants === "ok" };
  } finally {
    await engine.stop();
    await database.close();
  }
}

/** The row that says what the extract's file is. */
async function keepExtract(databaseUrl: string, day: DayFiles): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const at = `${DATE}T16:00:00Z`;
    await client.query("insert into days (accounting_date, opened_at, closed_at) values ($1, $2, $2)", [
      DATE,
      at,
    ]);
    await client.query(
      `insert into extracts (accounting_date, hash, bytes, accounts, entries, journals, made_at)
       values ($1, $2, $3, 1, $4, $4, $5)`,
      [DATE, day.movementsHash, day.movementsBytes, day.movements, at],
    );
  });
}

async function countOf(databaseUrl: string, generationId: string): Promise<Record<string, number>> {
  return await withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ kind: string; count: number }>(
      `select kind, count(*)::int as count
       from findings
       where reconciliation_id = $1
       group by kind
       order by kind`,
      [generationId],
    );
    return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
  });
}

async function withClient<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, options: "-c search_path=cell_0" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** All that must be found is, and nothing else; every line was read. */
function judge(day: DayFiles, found: Readonly<Record<string, number>>, lines: number): string {
  const shown = (counts: Readonly<Record<string, number>>) =>
    JSON.stringify(Object.entries(counts).sort(byKind));
  if (lines !== day.lines) return `${lines} of ${day.lines} lines were read`;
  return shown(found) === shown(day.key) ? "ok" : `found ${shown(found)}, not ${shown(day.key)}`;
}

function byKind([one]: readonly [string, number], [other]: readonly [string, number]): number {
  return one < other ? -1 : 1;
}
