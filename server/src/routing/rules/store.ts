import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Rule, RuleStatus } from "../model.ts";

const COLUMNS = `
  id, version, name, status, priority, merchant_id, method, currency, condition, effect, created_at,
  updated_at`;

const allSql = sql(
  "routing_rules_all",
  `select ${COLUMNS}
   from routing_rules
   where status = 'active'
   order by id`,
);

/** Every rule that is asked. */
export function activeRules(db: Db): Promise<Rule[]> {
  return db.all<Rule>(allSql);
}

const pageSql = sql(
  "routing_rules_page",
  `select ${COLUMNS}
   from routing_rules
   where ($1::uuid is null or id < $1)
     and ($2::uuid is null or merchant_id = $2)
     and ($3::text is null or status = $3)
   order by id desc
   limit $4`,
);

export type RuleFilter = {
  readonly before: Id | null;
  readonly merchantId: Id | null;
  readonly status: RuleStatus | null;
};

/** Rules newest first. */
export function listRules(db: Db, filter: RuleFilter, limit: number): Promise<Rule[]> {
  return db.all<Rule>(pageSql, [filter.before, filter.merchantId, filter.status, limit]);
}

const findSql = sql(
  "routing_rule_by_id",
  `select ${COLUMNS}
   from routing_rules
   where id = $1`,
);

export function findRule(db: Db, id: Id): Promise<Rule | null> {
  return db.one<Rule>(findSql, [id]);
}

const lockSql = sql("routing_rule_lock", `${findSql.text} for no key update`);

export function lockRule(tx: Tx, id: Id): Promise<Rule | null> {
  return tx.one<Rule>(lockSql, [id]);
}

const insertSql = sql(
  "routing_rule_insert",
  `insert into routing_rules (${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12)`,
);

const updateSql = sql(
  "routing_rule_update",
  `update routing_rules
   set
     version = $2, name = $3, status = $4, priority = $5, merchant_id = $6, method = $7, currency = $8,
     condition = $9, effect = $10::jsonb, created_at = $11, updated_at = $12
   where id = $1`,
);

function columns(rule: Rule): unknown[] {
  const { id, version, name, status, priority, merchantId, method, currency, condition } = rule;
  const body = [id, version, name, status, priority, merchantId, method, currency, condition];
  return [...body, JSON.stringify(rule.effect), rule.createdAt, rule.updatedAt];
}

export async function insertRule(tx: Tx, rule: Rule): Promise<void> {
  await tx.run(insertSql, columns(rule));
}

export async function updateRule(tx: Tx, rule: Rule): Promise<void> {
  await tx.run(updateSql, columns(rule));
}

/** One version of a rule, as it was shown, and who made it. */
export type RuleVersion = {
  readonly version: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly operatorId: Id;
  readonly operatorName: string;
  readonly changedAt: Date;
};

const insertVersionSql = sql(
  "routing_rule_version_insert",
  `insert into routing_rule_versions (rule_id, version, body, operator_id, changed_at)
   values ($1, $2, $3::jsonb, $4, $5)`,
);

export async function insertRuleVersion(
  tx: Tx,
  rule: Rule,
  body: Readonly<Record<string, unknown>>,
  operatorId: Id,
): Promise<void> {
  await tx.run(insertVersionSql, [rule.id, rule.version, JSON.stringify(body), operatorId, rule.updatedAt]);
}

const versionsSql = sql(
  "routing_rule_versions_of",
  `select v.version, v.body, v.operator_id, o.name as operator_name, v.changed_at
   from routing_rule_versions v
   join operators o on o.id = v.operator_id
   where v.rule_id = $1
     and ($2::int is null or v.version < $2)
   order by v.version desc
   limit $3`,
);

/** A rule's versions, newest first, before one. */
export function ruleVersions(db: Db, id: Id, before: number | null, limit: number): Promise<RuleVersion[]> {
  return db.all<RuleVersion>(versionsSql, [id, before, limit]);
}
