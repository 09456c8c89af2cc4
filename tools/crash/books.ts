/** What the tests read and write in the platform's database, past the platform. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase, type Statement, sql } from "../../server/src/kernel/database.ts";
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

const lockPaymentsSql = sql(
  "crash_lock_payments",
  `select id
   from payments
   where id in (
     select p.id from payments p where p.finished_at is null
     union
     select a.payment_id from attempts a where a.finished_at is null
     union
     select r.payment_id from refunds r where r.finished_at is null
   )
   order by id
   for no key update`,
);

const agePaymentsSql = sql(
  "crash_age_payments",
  `update payments
   set due_at = due_at - $1::bigint * interval '1 millisecond',
     expires_at = expires_at - $1::bigint * interval '1 millisecond',
     closing_since = closing_since - $1::bigint * interval '1 millisecond',
     created_at = created_at - $1::bigint * interval '1 millisecond'
   where finished_at is null`,
);

const ageAttemptsSql = sql(
  "crash_age_attempts",
  `update attempts
   set due_at = due_at - $1::bigint * interval '1 millisecond',
     expires_at = expires_at - $1::bigint * interval '1 millisecond',
     created_at = created_at - $1::bigint * interval '1 millisecond'
   where finished_at is null`,
);

const ageRefundsSql = sql(
  "crash_age_refunds",
  `update refunds
   set due_at = due_at - $1::bigint * interval '1 millisecond',
     created_at = created_at - $1::bigint * interval '1 millisecond'
   where finished_at is null`,
);

const lockDeliveriesSql = sql(
  "crash_lock_deliveries",
  `select id
   from deliveries
   where state = 'scheduled'
   order by id
   for no key update`,
);

const ageDeliveriesSql = sql(
  "crash_age_deliveries",
  `update deliveries
   set due_at = due_at - $1::bigint * interval '1 millisecond'
   where state = 'scheduled'`,
);

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

export type OpenRow = {
  readonly kind: "payment" | "attempt" | "refund" | "delivery";
  readonly id: string;
  readonly dueAt: Date;
};

export type Books = {
  readonly database: Database;
  /** Everything that is not final, the next due first. */
  openRows(): Promise<readonly OpenRow[]>;
  /**
   * Lets `ms` milliseconds pass for everything that is not final, by moving its instants back: leases end and
   * due times come as they would, without anybody waiting. Locks are taken in the platform's own order.
   */
  age(ms: number): Promise<void>;
  /** Lets as much time pass as it takes until something is due, and `beyondMs` more. */
  ageToNextDue(beyondMs: number): Promise<void>;
  /** How much time was let pass in all. */
  readonly agedMs: () => number;
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
  let agedMs = 0;
  const age = async (ms: number) => {
    agedMs += ms;
    const inOrder = async (statements: readonly Statement[]) => {
      await patiently(() =>
        database.transact(async (tx) => {
          for (const statement of statements)
            await tx.run(statement, statement.text.includes("$1") ? [ms] : []);
        }),
      );
    };
    await inOrder([lockPaymentsSql, agePaymentsSql, ageAttemptsSql, ageRefundsSql]);
    await inOrder([lockDeliveriesSql, ageDeliveriesSql]);
    await inOrder([ageHealthSql]);
  };
  return {
    database,
    openRows,
    age,
    ageToNextDue: async (beyondMs) => {
      const [next] = await openRows();
      if (next === undefined) return;
      const ms = next.dueAt.getTime() - Date.now();
      if (ms > 0) await age(ms + beyondMs);
    },
    agedMs: () => agedMs,
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
