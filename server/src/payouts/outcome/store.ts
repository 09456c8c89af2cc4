import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { ReportEvidence, ReportOutcome, Verdict } from "../model.ts";

export type ReportRow = Pick<ReportEvidence, "source" | "reference" | "code" | "detail"> & {
  readonly id: Id;
  readonly payoutId: Id;
  readonly outcome: ReportOutcome;
  readonly verdict: Verdict;
  readonly at: Date;
};

const insertSql = sql(
  "payout_reports_insert",
  `insert into payout_reports (id, payout_id, outcome, source, reference, code, detail, verdict, at)
   select u.*, $9
   from unnest(
     $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]
   ) as u
   on conflict on constraint payout_reports_once do nothing`,
);

const KEYS = ["id", "payoutId", "outcome", "source", "reference", "code", "detail", "verdict"] as const;

/** Keeps words about payouts that this transaction has locked; one that was kept before stays as it is. */
export async function insertReports(tx: Tx, rows: readonly ReportRow[], at: Date): Promise<void> {
  if (rows.length > 0) await tx.run(insertSql, [...columnsOf(rows, KEYS), at]);
}

const ofPayoutSql = sql(
  "payout_reports_of_payout",
  `select id, payout_id, outcome, source, reference, code, detail, verdict, at
   from payout_reports
   where payout_id = $1
   order by id
   limit 200`,
);

/** In the order in which they came. */
export function reportsOf(db: Db, payoutId: Id): Promise<ReportRow[]> {
  return db.all<ReportRow>(ofPayoutSql, [payoutId]);
}
