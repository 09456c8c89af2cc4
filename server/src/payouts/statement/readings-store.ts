import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";

export type Reading = {
  readonly statementId: Id;
  readonly accountNumber: string;
  readonly statementDate: string;
  readonly state: "waiting" | "read" | "refused";
  readonly dueAt: Date | null;
  readonly reason: string | null;
  readonly entries: number | null;
  readonly placed: number | null;
  readonly readAt: Date | null;
};

const COLUMNS = `
  statement_id, account_number, statement_date, state, due_at, reason, entries, placed, read_at`;

const noteSql = sql(
  "bank_readings_note",
  `insert into bank_readings (statement_id, account_number, statement_date, state, due_at)
   select s.id, s.account, s.statement_date, 'waiting', $1
   from statements s
   where s.kind = 'bank'
     and s.state = 'accepted'
     and not exists (
       select
       from bank_readings r
       where r.statement_id = s.id
     )
   order by s.id
   limit $2
   on conflict on constraint bank_readings_pkey do nothing`,
);

const claimSql = sql(
  "bank_readings_claim",
  `with due as materialized (
     select statement_id
     from bank_readings
     where due_at <= $1
     order by statement_id
     limit $3
     for no key update skip locked
   )
   update bank_readings r
   set due_at = $2
   from due
   where r.statement_id = due.statement_id
   returning r.statement_id`,
);

/** Claims statements of banks that are to be read, those among them that nobody has looked at yet. */
export async function claimReadings(tx: Tx, now: Date, leaseEnd: Date, limit: number): Promise<Id[]> {
  await tx.run(noteSql, [now, limit]);
  const rows = await tx.all<{ statementId: Id }>(claimSql, [now, leaseEnd, limit]);
  return rows.map(({ statementId }) => statementId);
}

const endSql = sql(
  "bank_reading_end",
  `update bank_readings
   set state = $2, due_at = null, reason = $3, entries = $4, placed = $5, read_at = $6
   where statement_id = $1
     and state = 'waiting'`,
);

export type ReadingEnd = Pick<Reading, "statementId" | "reason" | "entries" | "placed"> & {
  readonly state: "read" | "refused";
  readonly readAt: Date;
};

export function endReading(tx: Tx, end: ReadingEnd): Promise<number> {
  const { statementId, state, reason, entries, placed, readAt } = end;
  return tx.run(endSql, [statementId, state, reason, entries, placed, readAt]);
}

const againSql = sql(
  "bank_reading_again",
  `update bank_readings
   set state = 'waiting', due_at = $2, reason = null, read_at = null
   where statement_id = $1
     and state = 'refused'`,
);

/** 0: it is not refused. */
export function readAgain(tx: Tx, statementId: Id, now: Date): Promise<number> {
  return tx.run(againSql, [statementId, now]);
}

const byIdSql = sql("bank_reading_by_id", `select ${COLUMNS} from bank_readings where statement_id = $1`);

export function readingOf(db: Db, statementId: Id): Promise<Reading | null> {
  return db.one<Reading>(byIdSql, [statementId]);
}

const listSql = sql(
  "bank_readings_list",
  `select ${COLUMNS}
   from bank_readings
   where ($1::text is null or state = $1)
     and ($2::uuid is null or statement_id < $2)
   order by statement_id desc
   limit $3`,
);

/** Newest first. */
export function listReadings(
  db: Db,
  state: string | null,
  before: Id | null,
  limit: number,
): Promise<Reading[]> {
  return db.all<Reading>(listSql, [state, before, limit]);
}
