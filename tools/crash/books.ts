/** What the tests read and write in the platform's database, past the platform. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase, sql } from "../../server/src/kernel/database.ts";
import { silentLog } from "../../server/src/kernel/log.ts";
import { type AuditResult, runAudit } from "../../server/src/operations/audit.ts";
import { invariants } from "../../server/src/operations/invariants.ts";

const openRowsSql = sql(
  "crash_open_rows",
  `select kind, id, due_at
   from (
     select 'payment' as kind, id, due_at from payments where finished_at is null
     union all
     select 'attempt', id, due_at from attempts where finished_at is null
     union all
     select 'refund', id, due_at from refunds where finished_at is null
     union all
     select 'delivery', id, due_at from deliveries where state = 'scheduled'
   ) open
   order by due_at, kind, id`,
);

const ageSql = {
  payment: sql(
    "crash_age_payment",
    `update payments
     set due_at = due_at - $2::bigint * interval '1 millisecond',
       expires_at = expires_at - $2::bigint * interval '1 millisecond',
       closing_since = closing_since - $2::bigint * interval '1 millisecond',
       created_at = created_at - $2::bigint * interval '1 millisecond'
     where id = $1
       and finished_at is null`,
  ),
  attempt: sql(
    "crash_age_attempt",
    `update attempts
     set due_at = due_at - $2::bigint * interval '1 millisecond',
       expires_at = expires_at - $2::bigint * interval '1 millisecond',
       created_at = created_at - $2::bigint * interval '1 millisecond'
     where id = $1
       and finished_at is null`,
  ),
  refund: sql(
    "crash_age_refund",
    `update refunds
     set due_at = due_at - $2::bigint * interval '1 millisecond',
       created_at = created_at - $2::bigint * interval '1 millisecond'
     where id = $1
       and finished_at is null`,
  ),
  delivery: sql(
    "crash_age_delivery",
    `update deliveries
     set due_at = due_at - $2::bigint * interval '1 millisecond'
     where id = $1
       and state = 'scheduled'`,
  ),
} as const;

const ageHealthSql = sql(
  "crash_age_health",
  `update endpoint_health
   set paused_until = paused_until - $1::bigint * interval '1 millisecond',
     failing_since = failing_since - $1::bigint * interval '1 millisecond',
     failed_at = failed_at - $1::bigint * interval '1 millisecond'`,
);

const deadlocksSql = sql(
  "crash_deadlocks",
  "select deadlocks from pg_stat_database where datname = current_database() order by datname",
);

export type OpenRow = { readonly kind: keyof typeof ageSql; readonly id: string; readonly dueAt: Date };

export type Books = {
  readonly database: Database;
  /** Everything that is not final, the next due first. */
  openRows(): Promise<readonly OpenRow[]>;
  /**
   * Lets `ms` milliseconds pass for everything that is not final, by moving its instants back: leases end and
   * due times come as they would, without anybody waiting. Each row in a transaction of its own, so that no
   * lock is held while another is waited for.
   */
  age(ms: number): Promise<void>;
  /** Lets as much time pass as it takes until something is due. */
  ageToNextDue(): Promise<void>;
  /** Every invariant that is violated, in words. */
  violations(): Promise<readonly string[]>;
  /** Deadlocks that PostgreSQL counted in this database since it last recovered. */
  deadlocks(): Promise<number>;
  close(): Promise<void>;
};

/** @param url the database itself, past every proxy. */
export function openBooks(url: string): Books {
  const log = silentLog();
  const database = openDatabase({ url, schema: "cell_0", readersMax: 2, writersMax: 1, log });
  const openRows = () => patiently(() => database.db.all<OpenRow>(openRowsSql));
  const age = async (ms: number) => {
    for (const { kind, id } of await openRows()) {
      await patiently(() => database.transact((tx) => tx.run(ageSql[kind], [id, ms])));
    }
    await patiently(() => database.transact((tx) => tx.run(ageHealthSql, [ms])));
  };
  return {
    database,
    openRows,
    age,
    ageToNextDue: async () => {
      const [next] = await openRows();
      const ms = next === undefined ? 0 : next.dueAt.getTime() - Date.now();
      if (ms > 0) await age(ms);
    },
    violations: async () => {
      const results = await patiently(() => runAudit(database.db, invariants));
      return results.flatMap(described);
    },
    deadlocks: async () => {
      const row = await patiently(() => database.db.one<{ deadlocks: bigint }>(deadlocksSql));
      return Number(row?.deadlocks ?? 0n);
    },
    close: () => database.close(),
  };
}

function described({ name, violations }: AuditResult): string[] {
  return violations.map(({ subject, detail }) => `${name}: ${subject}: ${detail}`);
}

const triesMax = 100;
const pauseMs = 200;

/** Reads and small writes of the tests outlast a PostgreSQL that is just being killed and started again. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === triesMax) throw error;
      await sleep(pauseMs);
    }
  }
}
