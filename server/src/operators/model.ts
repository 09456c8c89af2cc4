/**
 * The people of the back office.
 *
 * - Operator: a person (or a program of theirs) with tokens and roles. Every change that one makes is an
 *   audit row.
 * - Permission: what a route asks for; `ROLE_PERMISSIONS` says which roles have it.
 * - Approval: a change that moves money or risk, proposed by one operator and carried out once another has
 *   approved it
 *   (maker-checker, 双人复核).
 */
import type { Id } from "../kernel/ids.ts";

export const ROLES = ["admin", "operations", "finance", "risk", "viewer"] as const;
export type Role = (typeof ROLES)[number];

/** Who may do what. `admin` runs the platform; money is `finance`'s; `viewer` only reads. */
export const PERMISSION_ROLES = {
  "operators.read": ["admin", "risk"],
  "operators.write": ["admin"],
  "audit.read": ["admin", "finance", "risk"],
  "approvals.read": ["admin", "operations", "finance", "risk", "viewer"],
  "merchants.read": ["admin", "operations", "finance", "risk", "viewer"],
  "merchants.write": ["admin", "operations"],
  "api_keys.write": ["admin", "operations"],
  "credit_lines.propose": ["admin", "operations", "finance"],
  "credit_lines.approve": ["admin", "finance", "risk"],
  "channel_accounts.read": ["admin", "operations", "finance", "viewer"],
  "channel_accounts.write": ["admin", "operations"],
  "channel_accounts.approve": ["admin", "finance", "risk"],
  "plates.read": ["admin", "operations", "finance", "risk", "viewer"],
  "plates.write": ["admin", "operations"],
  "routing.read": ["admin", "operations", "finance", "risk", "viewer"],
  "routing.write": ["admin", "operations"],
  "payments.read": ["admin", "operations", "finance", "risk", "viewer"],
  "payments.operate": ["admin", "operations"],
  "ledger.read": ["admin", "finance", "viewer"],
  "work_items.read": ["admin", "operations", "finance", "risk", "viewer"],
  "work_items.propose": ["admin", "operations", "finance"],
  "work_items.approve": ["admin", "finance"],
  "fees.read": ["admin", "operations", "finance", "viewer"],
  "fees.propose": ["admin", "operations", "finance"],
  "fees.approve": ["admin", "finance"],
  "statements.read": ["admin", "operations", "finance", "viewer"],
  "statements.write": ["admin", "operations", "finance"],
  "breaks.read": ["admin", "operations", "finance", "risk", "viewer"],
  "breaks.propose": ["admin", "operations", "finance"],
  "breaks.approve": ["admin", "finance"],
  "settlements.read": ["admin", "operations", "finance", "risk", "viewer"],
  "settlements.write": ["admin", "finance", "risk"],
  "settlements.approve": ["admin", "finance"],
  "payouts.read": ["admin", "operations", "finance", "risk", "viewer"],
  "payouts.propose": ["admin", "finance"],
  "payouts.approve": ["admin", "finance"],
  "days.read": ["admin", "operations", "finance", "viewer"],
  "days.close": ["admin", "finance"],
  "sharing.read": ["admin", "operations", "finance", "risk", "viewer"],
  "sharing.propose": ["admin", "operations", "finance"],
  "sharing.approve": ["admin", "finance", "risk"],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof PERMISSION_ROLES;

/** Whether any of these roles has the permission. */
export function mayDo(roles: readonly Role[], permission: Permission): boolean {
  const allowed: readonly Role[] = PERMISSION_ROLES[permission];
  return roles.some((role) => allowed.includes(role));
}

export type OperatorStatus = "active" | "disabled";

export type Operator = {
  readonly id: Id;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly status: OperatorStatus;
  readonly createdAt: Date;
};

/** Who acts, in which request: every audit row names it. */
export type Actor = {
  readonly operator: Operator;
  readonly requestId: string;
  /** The request's Idempotency-Key, and a hash of what was sent with it. */
  readonly idempotency: { readonly key: string; readonly fingerprint: Buffer } | null;
};

/** One change, as it is written down. */
export type AuditEntry = {
  /** `merchant.created`, `channel_account.enabled`, …: `<thing>.<what happened>`. */
  readonly action: string;
  /** The id of the thing as written on the wire: `mch_…`. */
  readonly subject: string;
  /**
   * What it was and what it is; secret fields are masked before they are written. Null: there was, or is,
   * nothing.
   */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
};

/** `approved` and `carried_out` are two steps: what was approved is carried out again after a crash. */
export type ApprovalStatus = "proposed" | "approved" | "carried_out" | "rejected";

export type Approval = {
  readonly id: Id;
  /** Names the action that carries it out: `merchant.raise_credit_line`. */
  readonly kind: string;
  /** The id of the thing as written on the wire. */
  readonly subject: string;
  /** What is to be done, as the action reads it; shown to whoever decides. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
  readonly status: ApprovalStatus;
  readonly proposedBy: Id;
  readonly proposedAt: Date;
  readonly decidedBy: Id | null;
  readonly decidedAt: Date | null;
  readonly decisionNote: string | null;
  readonly carriedOutAt: Date | null;
};

/**
 * The verdict on an approval, decided in this order of checks; `carry_out`: approved before, and not
 * finished.
 */
export function decideApproval(
  approval: Pick<Approval, "status" | "proposedBy" | "decidedBy">,
  operatorId: Id,
  verdict: "approve" | "reject",
): "decide" | "carry_out" | "second_person_required" | "already_decided" {
  if (approval.proposedBy === operatorId) return "second_person_required";
  if (approval.status === "proposed") return "decide";
  return approval.status === "approved" && verdict === "approve" ? "carry_out" : "already_decided";
}
