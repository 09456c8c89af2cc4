/** A platform that does nothing for a while: its process is stopped between two transactions. */
import type pg from "pg";
import { sleep } from "../run.ts";

const TRIES_MAX = 200;
const PAUSE_MS = 20;

const OPEN = `
  select count(*)::integer as open
  from pg_stat_activity
  where datname = current_database()
    and pid <> pg_backend_pid()
    and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')`;

/** Stops the process, works, lets the process go on. Throws when it is never without a transaction. */
export async function whileFrozen<T>(pid: number, client: pg.Client, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    process.kill(pid, "SIGSTOP");
    try {
      // What it sent before it was stopped is over by then.
      await sleep(PAUSE_MS);
      const { rows } = await client.query(OPEN);
      if (rows[0].open === 0) return await work();
      if (tries === TRIES_MAX) throw new Error("the platform is never between two transactions");
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await sleep(PAUSE_MS);
  }
}
