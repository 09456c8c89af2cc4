import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { AuditResult } from "./audit.ts";

/** An audit that was carried out to its end, and what it found. */
export type AuditRow = { readonly id: Id; readonly beganAt: Date; readonly endedAt: Date };
export type ResultRow = {
  readonly invariant: string;
  readonly sentence: string;
  readonly checked: number;
  readonly violations: number;
  readonly detail: string;
};

/** Named in a stored result; `npm run audit` names more. */
const VIOLATIONS_KEPT_MAX = 20;

const insertAuditSql = sql(
  "audits_insert",
  `insert into audits (id, began_at, ended_at)
   values ($1, $2, $3)
   on conflict on constraint audits_pkey do nothing`,
);

const insertResultsSql = sql(
  "audits_insert_results",
  `insert into audit_results (audit_id, invariant, sentence, checked, violations, detail)
   select *
   from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::text[])
   on conflict on constraint audit_results_pkey do nothing`,
);

const lastAuditSql = sql(
  "audits_last",
  `select id, began_at, ended_at
   from audits
   order by ended_at desc, id desc
   limit 1`,
);

const resultsSql = sql(
  "audits_results",
  `select invariant, sentence, checked, violations, detail
   from audit_results
   where audit_id = $1
   order by invariant`,
);

/** Keeps an audit; keeping it twice changes nothing. */
export async function insertAudit(tx: Tx, audit: AuditRow, results: readonly AuditResult[]): Promise<void> {
  await tx.run(insertAuditSql, [audit.id, audit.beganAt, audit.endedAt]);
  const rows = results.map(({ name, sentence, checked, violations }) => ({
    auditId: audit.id,
    invariant: name,
    sentence,
    checked,
    violations: violations.length,
    detail: violations
      .slice(0, VIOLATIONS_KEPT_MAX)
      .map(({ subject, detail }) => `${subject}: ${detail}`)
      .join("\n"),
  }));
  if (rows.length === 0) return;
  const keys = ["auditId", "invariant", "sentence", "checked", "violations", "detail"] as const;
  await tx.run(insertResultsSql, columnsOf(rows, keys));
}

/** The audit that ended last, with its results in the order of their names; null before the first. */
export async function lastAudit(
  db: Db,
): Promise<{ readonly audit: AuditRow; readonly results: readonly ResultRow[] } | null> {
  const audit = await db.one<AuditRow>(lastAuditSql);
  return audit === null ? null : { audit, results: await db.all<ResultRow>(resultsSql, [audit.id]) };
}
