/** The books of a day that lies on disk, and what is found when they are compared. */
import pg from "pg";
import type { DayFiles } from "./day-files.ts";

export const DATE = "2026-03-06";

/** The row that says what the extract's file is. */
export async function keepExtract(databaseUrl: string, day: DayFiles): Promise<void> {
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

export async function countOf(databaseUrl: string, generationId: string): Promise<Record<string, number>> {
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
export function judge(day: DayFiles, found: Readonly<Record<string, number>>, lines: number): string {
  const shown = (counts: Readonly<Record<string, number>>) =>
    JSON.stringify(Object.entries(counts).sort(byKind));
  if (lines !== day.lines) return `${lines} of ${day.lines} lines were read`;
  return shown(found) === shown(day.key) ? "ok" : `found ${shown(found)}, not ${shown(day.key)}`;
}

function byKind([one]: readonly [string, number], [other]: readonly [string, number]): number {
  return one < other ? -1 : 1;
}
