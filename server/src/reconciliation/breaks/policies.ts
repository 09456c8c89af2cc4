/**
 * What operators set about breaks, in versions: who may approve how much, which breaks a rule resolves alone,
 * and when a surplus that nobody claims may become income. Two people set them, one of them an administrator.
 */
import { type Cell, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { Approval, ApprovalAction, Operator, Role } from "../../operators/index.ts";
import type { Resolution } from "./model.ts";

export const LIMITED_ROLES = ["finance", "admin"] as const;
export type LimitedRole = (typeof LIMITED_ROLES)[number];

/** Kinds that are understood well enough, and how a rule ends them. */
export const RULED_KINDS = ["fee", "amount"] as const;
export type RuledKind = (typeof RULED_KINDS)[number];
export const RULED: Readonly<Record<RuledKind, Resolution>> = { fee: "adjust_fee", amount: "loss" };

/** Amounts in minor units. */
export type Policy =
  /** What a role may approve of one break; null: any amount. */
  | {
      readonly policy: "limit";
      readonly role: LimitedRole;
      readonly currency: Currency;
      readonly amountMax: bigint | null;
    }
  /** Resolved alone: differences up to so much each, and so much a day and currency in all. */
  | {
      readonly policy: "rule";
      readonly kind: RuledKind;
      readonly currency: Currency;
      readonly enabled: boolean;
      readonly perBreakMax: bigint;
      readonly perDayMax: bigint;
    }
  | { readonly policy: "income_term"; readonly days: number };

export type KeptPolicy = {
  readonly id: Id;
  /** What it is about: `limit/finance/CNY`. */
  readonly name: string;
  /** From 1 for each name. */
  readonly version: number;
  readonly value: Policy;
  readonly approvalId: Id;
  readonly setBy: Id | null;
  readonly setAt: Date;
};

export const SET_POLICY_KIND = "break_policy.set";

const DEFAULT_LIMITS: Readonly<Record<LimitedRole, bigint | null>> = { finance: 100_000n, admin: null };
export const INCOME_TERM_DAYS = 180;

export function nameOf(policy: Policy): string {
  switch (policy.policy) {
    case "limit":
      return `limit/${policy.role}/${policy.currency}`;
    case "rule":
      return `rule/${policy.kind}/${policy.currency}`;
    case "income_term":
      return "income_term";
  }
}

type Row = Omit<KeptPolicy, "value"> & { readonly value: string };

const newestSql = sql(
  "break_policies_newest",
  `select distinct on (name) id, name, version, value, approval_id, set_by, set_at
   from break_policies
   order by name, version desc`,
);

/** The newest version of each. */
export async function newestPolicies(db: Db): Promise<KeptPolicy[]> {
  return (await db.all<Row>(newestSql)).map(kept);
}

const historySql = sql(
  "break_policies_history",
  `select id, name, version, value, approval_id, set_by, set_at
   from break_policies
   where $1::uuid is null or id < $1
   order by id desc
   limit $2`,
);

/** Every version, newest first. */
export async function policyHistory(db: Db, before: Id | null, limit: number): Promise<KeptPolicy[]> {
  return (await db.all<Row>(historySql, [before, limit])).map(kept);
}

// Two that are set at once get the same version: the second one is decided again.
const insertSql = sql(
  "break_policies_insert",
  `insert into break_policies (id, name, version, value, approval_id, set_by, set_at)
   select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6
   from break_policies
   where name = $2
   on conflict on constraint break_policies_approval do nothing`,
);

function kept(row: Row): KeptPolicy {
  return { ...row, value: policyOf(JSON.parse(row.value) as Written) };
}

type Written = Readonly<Record<string, string | number | boolean | null>>;

/** A policy as JSON, amounts as digits. */
export function written(policy: Policy): Written {
  return Object.fromEntries(
    Object.entries(policy).map(([name, value]) => [name, typeof value === "bigint" ? String(value) : value]),
  );
}

function policyOf(value: Written): Policy {
  const amount = (name: string) => BigInt(String(value[name]));
  switch (value.policy) {
    case "limit":
      return {
        policy: "limit",
        role: value.role as LimitedRole,
        currency: String(value.currency),
        amountMax: value.amountMax === null ? null : amount("amountMax"),
      };
    case "rule":
      return {
        policy: "rule",
        kind: value.kind as RuledKind,
        currency: String(value.currency),
        enabled: value.enabled === true,
        perBreakMax: amount("perBreakMax"),
        perDayMax: amount("perDayMax"),
      };
    case "income_term":
      return { policy: "income_term", days: Number(value.days) };
    default:
      throw new Error(`a policy about breaks is of no known kind: ${JSON.stringify(value)}`);
  }
}

/** Days after which a surplus of an unknown payer may become income. */
export function incomeTermDays(policies: readonly KeptPolicy[]): number {
  for (const { value } of policies) if (value.policy === "income_term") return value.days;
  return INCOME_TERM_DAYS;
}

/** Why an operator may not approve so much; null: one of the roles covers it. */
export function beyondRank(
  roles: readonly Role[],
  { amount, currency }: { readonly amount: bigint; readonly currency: Currency },
  policies: readonly KeptPolicy[],
): string | null {
  const limits = LIMITED_ROLES.filter((role) => roles.includes(role)).map((role) =>
    limitOf(role, currency, policies),
  );
  if (limits.some((limit) => limit === null || amount <= limit)) return null;
  const most = limits.reduce<bigint>((max, limit) => (limit !== null && limit > max ? limit : max), 0n);
  return `your roles approve up to ${most} ${currency} in minor units, and this is ${amount}`;
}

function limitOf(role: LimitedRole, currency: Currency, policies: readonly KeptPolicy[]): bigint | null {
  for (const { value } of policies) {
    if (value.policy === "limit" && value.role === role && value.currency === currency) {
      return value.amountMax;
    }
  }
  return DEFAULT_LIMITS[role];
}

/** Carries out a policy that two people agreed on. */
export function policyAction(cell: Cell): ApprovalAction {
  return {
    kind: SET_POLICY_KIND,
    permission: "breaks.approve",
    // Nobody widens what their own role may do.
    mayApprove: async (_: Approval, operator: Operator) =>
      operator.roles.includes("admin") ? null : "limits and rules are approved by an administrator",
    carryOut: async (approval) => {
      const policy = policyOf(approval.payload as Written);
      const id = cell.newId();
      await cell.transact((tx) => insertPolicy(tx, { id, policy, approval, at: cell.clock.now() }), {
        repeatable: true,
      });
      return { done: true };
    },
  };
}

async function insertPolicy(
  tx: Tx,
  { id, policy, approval, at }: { id: Id; policy: Policy; approval: Approval; at: Date },
): Promise<void> {
  const value = JSON.stringify(written(policy));
  await tx.run(insertSql, [id, nameOf(policy), value, approval.id, approval.decidedBy, at]);
}
