import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../server/src/kernel/log.ts";
import { migrate } from "../../server/src/kernel/postgres/migrate.ts";
import {
  type EmbeddedPostgres,
  ensureDatabase,
  startEmbeddedPostgres,
} from "../../server/src/kernel/postgres/supervisor.ts";

/** The database that every test's own one is copied from: migrated, otherwise empty. */
export const templateName = "tributary_template";

/** A PostgreSQL for tests, with the template in it, and the folder that holds its data. */
export type TestServer = { postgres: EmbeddedPostgres; dataDir: string };

/** Starts PostgreSQL in a folder of its own and prepares the template. */
export async function startTestServer(): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-test-"));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, log: silentLog() });
  await migrate({ url: await ensureDatabase(postgres.url("postgres"), templateName), log: silentLog() });
  return { postgres, dataDir };
}

/** Ends the server and leaves nothing behind. */
export async function stopTestServer({ postgres, dataDir }: TestServer): Promise<void> {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
