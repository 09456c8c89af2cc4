import pg from "pg";
import type { Gauge } from "../measure.ts";

/** Gives a database of its own on the platform's server, gone afterwards. */
export async function withDatabase<T>(
  gauge: Pick<Gauge, "databaseUrl">,
  name: string,
  use: (databaseUrl: string) => Promise<T>,
): Promise<T> {
  const admin = new pg.Client({ connectionString: gauge.databaseUrl });
  await admin.connect();
  try {
    await admin.query(`create database ${admin.escapeIdentifier(name)}`);
    const url = new URL(gauge.databaseUrl);
    url.pathname = `/${name}`;
    const result = await use(url.href);
    await admin.query(`drop database ${admin.escapeIdentifier(name)} with (force)`);
    return result;
  } finally {
    await admin.end();
  }
}
