/**
 * A server that owns an embedded PostgreSQL and does nothing else, for tests that kill it. Says what it
 * started.
 */
import { silentLog } from "../../log.ts";
import { startEmbeddedPostgres } from "../supervisor.ts";

const dataDir = process.argv[2] ?? "";
const postgres = await startEmbeddedPostgres({ dataDir, durable: false, log: silentLog() });
process.stdout.write(`${JSON.stringify({ pid: postgres.pid, url: postgres.url("postgres") })}\n`);
process.stdin.resume();
