/**
 * `reconcile`: an Alipay statement of so many rows and as many movements on disk, until what differs can be
 * asked for in PostgreSQL.
 */
import { mkdirSync } from "node:fs";
import { link } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, systemRandom } from "../../../server/src/kernel/clock.ts";
import { openDatabase } from "../../../server/src/kernel/database.ts";
import { createIdMaker } from "../../../server/src/kernel/ids.ts";
import { silentLog } from "../../../server/src/kernel/log.ts";
import { createEngine, createReconciliation } from "../../../server/src/reconciliation/index.ts";
import { startPlatform } from "../platform.ts";
import { countOf, DATE, judge, keepExtract } from "../reconcile/books.ts";
import { watchMemory } from "../reconcile/memory.ts";
import { writeDayApart } from "../reconcile/write-apart.ts";
import { round } from "../summary.ts";
import type { Given, Outcome } from "./scenario.ts";

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
    statementsOf: async (scopes: readonly object[]) => {
      const alipayFile = async () => ({ bytes: day.lines, writeTo: (path: string) => link(statement, path) });
      return scopes.map(() => ({ id: newId(), hash: day.statementHash, lines: async () => [], alipayFile }));
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
