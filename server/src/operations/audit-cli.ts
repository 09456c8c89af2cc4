/**
 * `npm run audit`: checks every invariant against a database, one line each; exit code 1 when any is
 * violated. It reads the database of the running platform, of DATABASE_URL, or starts the embedded PostgreSQL
 * for the time of the audit.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../config.ts";
import { systemClock, systemRandom } from "../kernel/clock.ts";
import { type Database, openDatabase } from "../kernel/database.ts";
import { claimDataDir, isRunning, readOwner } from "../kernel/host/owner.ts";
import { StartRefused } from "../kernel/host/start-refused.ts";
import { createIdMaker } from "../kernel/ids.ts";
import { createLog, type Log } from "../kernel/log.ts";
import { ensureDatabase, startEmbeddedPostgres } from "../kernel/postgres/supervisor.ts";
import { AUDIT_STATEMENT_TIMEOUT_MS, type AuditResult, runAudit } from "./audit.ts";
import { insertAudit } from "./audit-store.ts";
import { invariants } from "./invariants.ts";

const CELL = 0;
const READERS_MAX = 2;
const VIOLATIONS_SHOWN_MAX = 5;

async function main(): Promise<number> {
  const config = readConfig();
  const log = createLog({ level: "warn", readable: true });
  const { url, release } = await reach(config, log);
  const database = openDatabase({
    url,
    schema: "cell_0",
    readersMax: READERS_MAX,
    writersMax: 1,
    log,
    statementTimeoutMs: AUDIT_STATEMENT_TIMEOUT_MS,
    answerTimeoutMs: 2 * AUDIT_STATEMENT_TIMEOUT_MS,
  });
  try {
    const beganAt = systemClock.now();
    const results = await runAudit(database.db, invariants, print);
    await keep(database, beganAt, results);
    const violated = results.filter((result) => result.violations.length > 0).length;
    const verdict =
      violated === 0
        ? `All ${results.length} invariants hold.`
        : `${violated} of ${results.length} are violated. Stop paying out until each is explained.`;
    process.stdout.write(`\n${verdict}\n`);
    return violated === 0 ? 0 : 1;
  } finally {
    await database.close();
    await release();
  }
}

/** For /metrics and the operators' API; an audit of a database that takes no writes is one all the same. */
async function keep(database: Database, beganAt: Date, results: readonly AuditResult[]): Promise<void> {
  const newId = createIdMaker({ clock: systemClock, random: systemRandom }, CELL);
  const audit = { id: newId(), beganAt, endedAt: systemClock.now() };
  try {
    await database.transact((tx) => insertAudit(tx, audit, results), { repeatable: true });
  } catch (error) {
    process.stderr.write(`The result could not be kept, and /metrics does not tell it: ${String(error)}\n`);
  }
}

type Config = ReturnType<typeof readConfig>;

type Reached = { readonly url: string; readonly release: () => Promise<void> };

async function reach(config: Config, log: Log): Promise<Reached> {
  const nothing = async () => {};
  if (config.databaseUrl !== null) return { url: config.databaseUrl, release: nothing };
  const owner = readOwner(config.dataDir);
  if (owner !== null && isRunning(owner)) {
    if (owner.database_url !== undefined) return { url: owner.database_url, release: nothing };
    throw new StartRefused("The platform is still starting. Run the audit again when it is ready.");
  }
  if (!existsSync(join(config.dataDir, "postgres"))) {
    throw new StartRefused(
      `There is nothing to audit in ${config.dataDir}: start the platform first, or name its place with ` +
        "DATABASE_URL or TRIBUTARY_DATA_DIR.",
    );
  }
  return startForItself(config, log);
}

async function startForItself(config: Config, log: Log): Promise<Reached> {
  const ownership = claimDataDir(config.dataDir, systemClock.now());
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, durable: true, log });
    const release = async () => {
      await postgres.stop();
      ownership.release();
    };
    return { url: await ensureDatabase(postgres.url("postgres"), "tributary"), release };
  } catch (error) {
    ownership.release();
    throw error;
  }
}

function print({ name, sentence, checked, violations }: AuditResult): void {
  const mark = violations.length === 0 ? "ok       " : "VIOLATED ";
  const scope = checked === 1 ? "" : ` (${checked} books)`;
  process.stdout.write(`${mark} ${name}${scope}: ${sentence}\n`);
  for (const violation of violations.slice(0, VIOLATIONS_SHOWN_MAX)) {
    process.stdout.write(`            ${violation.subject}: ${violation.detail}\n`);
  }
  const more = violations.length - VIOLATIONS_SHOWN_MAX;
  if (more > 0) process.stdout.write(`            and ${more} more\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const sentence =
    error instanceof StartRefused ? error.message : `The audit could not be finished: ${String(error)}`;
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 2;
}
