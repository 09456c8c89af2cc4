/** Accepted statements that are to be read once more for one purpose: claimed, read, and marked. */
import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";

/** One column of `statements` for each purpose. */
export type DuePurpose = "payouts" | "commissions";

export type DueReadings = {
  /** Claims accepted statements that are to be read so: moves their due times to `until`. */
  claim(tx: Tx, now: Date, until: Date, limit: number): Promise<Id[]>;
  /**
   * Whether it is still the current one of its day. In the transaction that ends with `done`, so that the
   * versions of a day are taken one after another.
   */
  lockCurrent(tx: Tx, id: Id): Promise<boolean>;
  /** The effect of reading it is written, in this transaction. */
  done(tx: Tx, id: Id): Promise<void>;
  /** How many are due at `now`, and since when. */
  backlog(now: Date): Promise<{ readonly due: bigint; readonly oldestDueAt: Date | null }>;
};

const lockSql = sql(
  "statements_lock_scope",
  `select f.id
   from statements s
   join statements f on f.kind = s.kind
     and f.channel_account_id = s.channel_account_id
     and f.account = s.account
     and f.statement_date = s.statement_date
     and f.version = 1
   where s.id = $1
   for no key update of f`,
);

const newerSql = sql(
  "statements_newer",
  `select n.id
   from statements s
   join statements n on n.kind = s.kind
     and n.channel_account_id = s.channel_account_id
     and n.account = s.account
     and n.statement_date = s.statement_date
     and n.version > s.version
   where s.id = $1
   limit 1`,
);

function statementsOf(purpose: DuePurpose) {
  const dueAt = `${purpose}_due_at`;
  return {
    claim: sql(
      `statements_claim_${purpose}`,
      `with due as materialized (
         select id
         from statements
         where ${dueAt} <= $1
         order by ${dueAt}, id
         limit $3
         for no key update skip locked
       )
       update statements s
       set ${dueAt} = $2
       from due
       where s.id = due.id
       returning s.id`,
    ),
    done: sql(`statement_${purpose}_done`, `update statements set ${dueAt} = null where id = $1`),
    backlog: sql(
      `statements_${purpose}_backlog`,
      `select count(*) as due, min(${dueAt}) as oldest_due_at
       from statements
       where ${dueAt} <= $1`,
    ),
  };
}

const STATEMENTS = { payouts: statementsOf("payouts"), commissions: statementsOf("commissions") } as const;

export function dueReadings(db: Db, purpose: DuePurpose): DueReadings {
  const { claim, done, backlog } = STATEMENTS[purpose];
  return {
    claim: async (tx, now, until, limit) =>
      (await tx.all<{ id: Id }>(claim, [now, until, limit])).map(({ id }) => id),
    lockCurrent: async (tx, id) => {
      await tx.one(lockSql, [id]);
      return (await tx.one(newerSql, [id])) === null;
    },
    done: async (tx, id) => {
      await tx.run(done, [id]);
    },
    backlog: async (now) =>
      (await db.one<{ due: bigint; oldestDueAt: Date | null }>(backlog, [now])) ?? {
        due: 0n,
        oldestDueAt: null,
      },
  };
}
