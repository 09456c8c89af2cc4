/** What all seeds of a run stand on: one migrated database on a real PostgreSQL, emptied between them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { systemClock } from "../../server/src/kernel/clock.ts";
import { openDatabase } from "../../server/src/kernel/database.ts";
import { silentLog } from "../../server/src/kernel/log.ts";
import { createEngine } from "../../server/src/reconciliation/index.ts";
import { createTestDatabase } from "../../tools/testing/database.ts";
import { createCompilers } from "./compilers.ts";
import { createWarmPools } from "./connections.ts";
import { makePairs } from "./keys.ts";
import type { Ground } from "./world.ts";

export type OwnedGround = Ground & {
  /** Empties every table but those that the migrations keep. */
  clear(): Promise<void>;
  close(): Promise<void>;
};

/** Deleting is quick for the few rows of a world; truncating now and then gives the room back. */
const TRUNCATE_EVERY = 25;

export async function prepareGround(): Promise<OwnedGround> {
  const database = await createTestDatabase();
  const admin = new pg.Pool({ connectionString: database.url, max: 1 });
  const pools = createWarmPools();
  const cell = openDatabase({
    url: database.url,
    schema: "cell_0",
    readersMax: 1,
    writersMax: 1,
    log: silentLog(),
  });
  const { rows } = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name
     from pg_tables
     where schemaname in ('platform', 'cell_0')
       and tablename not like '%migrations%'
       and tablename <> 'revision'
     order by 1`,
  );
  const tables = rows.map((row) => row.name);
  // Statistics that change under way change plans, and with them the order of rows that nobody ordered.
  for (const name of tables) await admin.query(`alter table ${name} set (autovacuum_enabled = off)`);
  let cleared = 0;
  const folder = mkdtempSync(join(tmpdir(), "tributary-simulation-"));
  const engine = createEngine({ clock: systemClock, folder: join(folder, "jobs"), threads: 1 });
  return {
    databaseUrl: database.url,
    pools,
    pairs: makePairs(),
    compilers: createCompilers(),
    cell,
    folder,
    engine,
    clear: async () => {
      cleared += 1;
      if (cleared % TRUNCATE_EVERY === 1) {
        await admin.query(`truncate ${tables.join(", ")} cascade`);
        return;
      }
      const deletions = tables.map((name) => `delete from ${name}`).join("; ");
      await admin.query(`begin; set local session_replication_role = replica; ${deletions}; commit`);
    },
    close: async () => {
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
      await pools.close();
      await cell.close();
      await admin.end();
      await database.drop();
    },
  };
}
