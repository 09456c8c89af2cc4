import pg from "pg";
import type { Connections, PoolGauges } from "./database.ts";
import { problem } from "./errors.ts";

/**
 * Who waits for a connection, per pool. The library's own list has no end: at a database that has become slow
 * it would hold every request for the 5 s that a wait may take, and all would fail together. A read takes
 * about a millisecond, so even the last of so many is soon served while the database is well.
 */
export const POOL_WAITING_MAX = 1_024;

/**
 * A pool of connections. With every connection busy and `waitingMax` waiting already, it refuses with
 * `overloaded` before anything has happened.
 */
export function openPool(
  config: pg.PoolConfig,
  onIdleError: (error: Error) => void,
  waitingMax = POOL_WAITING_MAX,
): Connections {
  const pool = new pg.Pool(config);
  // An idle connection that breaks is replaced by the pool; the next user of a broken one gets the error
  // itself.
  pool.on("error", onIdleError);
  const isFull = () => pool.waitingCount >= waitingMax;
  const refused = () => Promise.reject(problem("overloaded", { retryAfterSeconds: 1 }));
  const gauges: PoolGauges = {
    get busy() {
      return pool.totalCount - pool.idleCount;
    },
    get idle() {
      return pool.idleCount;
    },
    get waiting() {
      return pool.waitingCount;
    },
  };
  return {
    connect: () => (isFull() ? refused() : pool.connect()),
    query: (given) => (isFull() ? refused() : pool.query(given)),
    end: () => pool.end(),
    gauges,
  };
}
