import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Approval, ApprovalStatus, Operator, OperatorStatus } from "./model.ts";

const OPERATOR = "id, name, roles, status, created_at";

const operatorById = sql("operators_by_id", `select ${OPERATOR} from operators where id = $1`);

export function findOperator(db: Db, id: Id): Promise<Operator | null> {
  return db.one<Operator>(operatorById, [id]);
}

const operatorByName = sql("operators_by_name", `select ${OPERATOR} from operators where name = $1`);

export function findOperatorByName(db: Db, name: string): Promise<Operator | null> {
  return db.one<Operator>(operatorByName, [name]);
}

const operatorsPage = sql(
  "operators_page",
  `select ${OPERATOR}
  from operators
  where ($1::uuid is null or id < $1)
  order by id desc
  limit $2`,
);

export function listOperators(db: Db, before: Id | null, limit: number): Promise<Operator[]> {
  return db.all<Operator>(operatorsPage, [before, limit]);
}

const operatorInsert = sql(
  "operators_insert",
  `insert into operators (${OPERATOR})
  values ($1, $2, $3, $4, $5)
  on conflict on constraint operators_name_key do nothing`,
);

/** False when the name is taken. */
export async function insertOperator(tx: Tx, operator: Operator): Promise<boolean> {
  const { id, name, roles, status, createdAt } = operator;
  return (await tx.run(operatorInsert, [id, name, roles, status, createdAt])) === 1;
}

const activeAdminsLocked = sql(
  "operators_active_admins_locked",
  `select ${OPERATOR}
  from operators
  where status = 'active'
    and 'admin' = any (roles)
  order by id
  for no key update`,
);

/** Locked, so that two requests cannot disable the last two administrators at once. */
export function lockActiveAdmins(tx: Tx): Promise<Operator[]> {
  return tx.all<Operator>(activeAdminsLocked);
}

const operatorStatus = sql("operators_set_status", "update operators set status = $2 where id = $1");

export function setOperatorStatus(tx: Tx, id: Id, status: OperatorStatus): Promise<number> {
  return tx.run(operatorStatus, [id, status]);
}

export type TokenRow = Operator & { readonly expiresAt: Date | null };

const operatorByToken = sql(
  "operators_by_token",
  `select o.id, o.name, o.roles, o.status, o.created_at, t.expires_at
  from operator_tokens t
  join operators o on o.id = t.operator_id
  where t.hash = $1`,
);

export function findByTokenHash(db: Db, hash: Buffer): Promise<TokenRow | null> {
  return db.one<TokenRow>(operatorByToken, [hash]);
}

const tokensEnd = sql(
  "operator_tokens_end",
  `update operator_tokens
  set expires_at = $2
  where operator_id = $1
    and (expires_at is null or expires_at > $2)`,
);

/** Every token of the operator ends at the instant, unless it ends before. */
export function endTokens(tx: Tx, operatorId: Id, at: Date): Promise<number> {
  return tx.run(tokensEnd, [operatorId, at]);
}

const tokenInsert = sql(
  "operator_tokens_insert",
  `insert into operator_tokens (hash, operator_id, prefix, created_at, expires_at)
  values ($1, $2, $3, $4, null)
  on conflict on constraint operator_tokens_pkey do update set expires_at = null`,
);

export function insertToken(
  tx: Tx,
  token: { hash: Buffer; operatorId: Id; prefix: string; createdAt: Date },
): Promise<number> {
  return tx.run(tokenInsert, [token.hash, token.operatorId, token.prefix, token.createdAt]);
}

const tokensOf = sql(
  "operator_tokens_of",
  `select prefix, created_at, expires_at
  from operator_tokens
  where operator_id = $1
  order by created_at desc, hash
  limit 20`,
);

export type TokenShown = {
  readonly prefix: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
};

export function listTokens(db: Db, operatorId: Id): Promise<TokenShown[]> {
  return db.all<TokenShown>(tokensOf, [operatorId]);
}

export type AuditRow = {
  readonly id: Id;
  readonly at: Date;
  readonly operatorId: Id;
  readonly operatorName: string;
  readonly requestId: string;
  readonly action: string;
  readonly subject: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
};

const auditInsert = sql(
  "audit_log_insert",
  `insert into audit_log (id, at, operator_id, request_id, action, subject, before, after)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

export function insertAudit(tx: Tx, row: Omit<AuditRow, "operatorName">): Promise<number> {
  const { id, at, operatorId, requestId, action, subject, before, after } = row;
  return tx.run(auditInsert, [id, at, operatorId, requestId, action, subject, json(before), json(after)]);
}

const auditPage = sql(
  "audit_log_page",
  `select a.id, a.at, a.operator_id, o.name as operator_name, a.request_id, a.action, a.subject, a.before,
    a.after
  from audit_log a
  join operators o on o.id = a.operator_id
  where ($1::uuid is null or a.id < $1)
    and ($2::text is null or a.subject = $2)
    and ($3::uuid is null or a.operator_id = $3)
    and ($4::text is null or a.action = $4)
  order by a.id desc
  limit $5`,
);

export type AuditFilter = {
  readonly before: Id | null;
  readonly subject: string | null;
  readonly operatorId: Id | null;
  readonly action: string | null;
};

export function listAudit(db: Db, filter: AuditFilter, limit: number): Promise<AuditRow[]> {
  return db.all<AuditRow>(auditPage, [
    filter.before,
    filter.subject,
    filter.operatorId,
    filter.action,
    limit,
  ]);
}

const APPROVAL = `id, kind, subject, payload, reason, status, proposed_by, proposed_at, decided_by,
  decided_at, decision_note, carried_out_at`;

const approvalById = sql("approvals_by_id", `select ${APPROVAL} from approvals where id = $1`);

export function findApproval(db: Db, id: Id): Promise<Approval | null> {
  return db.one<Approval>(approvalById, [id]);
}

const approvalLocked = sql(
  "approvals_by_id_locked",
  `select ${APPROVAL} from approvals where id = $1 for no key update`,
);

export function lockApproval(tx: Tx, id: Id): Promise<Approval | null> {
  return tx.one<Approval>(approvalLocked, [id]);
}

const approvalOpen = sql(
  "approvals_open",
  `select ${APPROVAL}
  from approvals
  where kind = $1
    and subject = $2
    and status in ('proposed', 'approved')`,
);

export function findOpenApproval(db: Db, kind: string, subject: string): Promise<Approval | null> {
  return db.one<Approval>(approvalOpen, [kind, subject]);
}

const approvalInsert = sql(
  "approvals_insert",
  `insert into approvals (${APPROVAL})
  values ($1, $2, $3, $4, $5, $6, $7, $8, null, null, null, null)
  on conflict (kind, subject) where status in ('proposed', 'approved') do nothing`,
);

/** False when another approval of this kind is open for the subject. */
export async function insertApproval(tx: Tx, approval: Approval): Promise<boolean> {
  const { id, kind, subject, payload, reason, status, proposedBy, proposedAt } = approval;
  const params = [id, kind, subject, json(payload), reason, status, proposedBy, proposedAt];
  return (await tx.run(approvalInsert, params)) === 1;
}

const approvalUpdate = sql(
  "approvals_update",
  `update approvals
  set status = $2, decided_by = $3, decided_at = $4, decision_note = $5, carried_out_at = $6
  where id = $1`,
);

export function updateApproval(tx: Tx, approval: Approval): Promise<number> {
  const { id, status, decidedBy, decidedAt, decisionNote, carriedOutAt } = approval;
  return tx.run(approvalUpdate, [id, status, decidedBy, decidedAt, decisionNote, carriedOutAt]);
}

const approvalsPage = sql(
  "approvals_page",
  `select ${APPROVAL}
  from approvals
  where ($1::uuid is null or id < $1)
    and ($2::text is null or status = $2)
    and ($3::text is null or subject = $3)
  order by id desc
  limit $4`,
);

export function listApprovals(
  db: Db,
  filter: { before: Id | null; status: ApprovalStatus | null; subject: string | null },
  limit: number,
): Promise<Approval[]> {
  return db.all<Approval>(approvalsPage, [filter.before, filter.status, filter.subject, limit]);
}

const requestInsert = sql(
  "operator_requests_insert",
  `insert into operator_requests (operator_id, idempotency_key, fingerprint, resource_id, created_at)
  values ($1, $2, $3, $4, $5)
  on conflict on constraint operator_requests_pkey do nothing`,
);

export type RequestRow = {
  readonly operatorId: Id;
  readonly key: string;
  readonly fingerprint: Buffer;
  readonly resourceId: Id;
  readonly createdAt: Date;
};

/** False when this operator used the key before. */
export async function insertRequest(tx: Tx, row: RequestRow): Promise<boolean> {
  const params = [row.operatorId, row.key, row.fingerprint, row.resourceId, row.createdAt];
  return (await tx.run(requestInsert, params)) === 1;
}

const requestFind = sql(
  "operator_requests_find",
  `select fingerprint, resource_id
  from operator_requests
  where operator_id = $1
    and idempotency_key = $2`,
);

export function findRequest(
  db: Db,
  operatorId: Id,
  key: string,
): Promise<Pick<RequestRow, "fingerprint" | "resourceId"> | null> {
  return db.one(requestFind, [operatorId, key]);
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
