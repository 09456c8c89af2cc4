import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning, readOwner } from "../../server/src/kernel/host/owner.ts";
import { silentLog } from "../../server/src/kernel/log.ts";
import { migrate } from "../../server/src/kernel/postgres/migrate.ts";
import {
  type EmbeddedPostgres,
  ensureDatabase,
  startEmbeddedPostgres,
} from "../../server/src/kernel/postgres/supervisor.ts";

/** The database that every test's own one is copied from: migrated, otherwise empty. */
export const templateName = "tributary_template";

const folderPrefix = "tributary-test-";

/** A PostgreSQL for tests, with the template in it, and the folder that holds its data. */
export type TestServer = { postgres: EmbeddedPostgres; dataDir: string };

/** Starts PostgreSQL in a folder of its own and prepares the template. */
export async function startTestServer(): Promise<TestServer> {
  sweep();
  const dataDir = mkdtempSync(join(tmpdir(), folderPrefix));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, log: silentLog() });
  await migrate({ url: await ensureDatabase(postgres.url("postgres"), templateName), log: silentLog() });
  return { postgres, dataDir };
}

/**
 * A run that was killed could not clean up: its PostgreSQL ended with it, its folder is removed by the next
 * run.
 */
function sweep(): void {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(folderPrefix));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    const owner = readOwner(folder);
    if (owner !== null && !isRunning(owner)) rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends the server and leaves nothing behind. */
export async function stopTestServer({ postgres, dataDir }: TestServer): Promise<void> {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
