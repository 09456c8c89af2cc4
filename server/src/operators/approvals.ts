import { problem } from "../kernel/errors.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import {
  type Actor,
  type Approval,
  decideApproval,
  mayDo,
  type Operator,
  PERMISSION_ROLES,
  type Permission,
} from "./model.ts";
import type { Operators, OperatorsDeps } from "./service.ts";
import * as store from "./store.ts";

/** How one kind of approved change is carried out. */
export type ApprovalAction = {
  readonly kind: string;
  /** Who may approve or reject it. */
  readonly permission: Permission;
  /**
   * Does it. Called again with the same approval after a crash, so it is safe to repeat (the approval's id is
   * its number). A refusal rejects the approval for good; a problem thrown leaves it approved, to be carried
   * out by approving again.
   */
  readonly carryOut: (approval: Approval) => Promise<{ done: true } | { refused: string }>;
  /**
   * Why this operator, who has the permission, may not approve this one, such as an amount beyond the rank;
   * null: the operator may. Absent: the permission is enough. Rejecting needs nothing more.
   */
  readonly mayApprove?: (approval: Approval, operator: Operator) => Promise<string | null>;
  /** What follows a rejection; safe to repeat. A crash before it leaves it undone. */
  readonly rejected?: (approval: Approval) => Promise<void>;
};

/** What a second person decides. */
export type Approvals = {
  /**
   * Approves and carries out. Throws `not_found`, `forbidden`, `second_person_required`, `conflict` (decided
   * already, or no longer possible).
   */
  approve(actor: Actor, id: Id, note: string | null): Promise<Approval>;
  /** Throws as `approve`. */
  reject(actor: Actor, id: Id, note: string | null): Promise<Approval>;
  /** Carries out what was approved before a crash; gives how many. Called at start. */
  resume(): Promise<number>;
};

const RESUME_MAX = 100;

export type ApprovalsDeps = OperatorsDeps & {
  readonly operators: Operators;
  readonly actions: readonly ApprovalAction[];
};

/** Builds the approvals over every action that a room above offers; their kinds are unique. */
export function createApprovals(deps: ApprovalsDeps): Approvals {
  return {
    approve: async (actor, id, note) => {
      const approved = await decide(deps, actor, id, "approve", note);
      return carryOut(deps, actor, approved);
    },
    reject: async (actor, id, note) => {
      const rejected = await decide(deps, actor, id, "reject", note);
      await actionOf(deps, rejected).rejected?.(rejected);
      return rejected;
    },
    resume: async () => {
      const filter = { before: null, status: "approved", subject: null } as const;
      const unfinished = await store.listApprovals(deps.platform.db, filter, RESUME_MAX);
      for (const approval of unfinished) await resumeOne(deps, approval);
      return unfinished.length;
    },
  };
}

async function decide(
  deps: ApprovalsDeps,
  actor: Actor,
  id: Id,
  verdict: "approve" | "reject",
  note: string | null,
): Promise<Approval> {
  return deps.platform.transact(async (tx) => {
    const approval = await store.lockApproval(tx, id);
    if (approval === null) throw problem("not_found");
    const { permission, mayApprove } = actionOf(deps, approval);
    if (!mayDo(actor.operator.roles, permission)) {
      throw problem("forbidden", {
        detail: `deciding this needs one of the roles ${PERMISSION_ROLES[permission].join(", ")}`,
      });
    }
    const decision = decideApproval(approval, actor.operator.id, verdict);
    if (decision === "second_person_required") throw problem("second_person_required");
    if (decision === "already_decided") {
      throw problem("conflict", { detail: `this proposal is already ${approval.status.replace("_", " ")}` });
    }
    if (decision === "carry_out") return approval;
    const beyond = verdict === "approve" ? await mayApprove?.(approval, actor.operator) : null;
    if (beyond != null) throw problem("forbidden", { detail: beyond });
    const decided: Approval = {
      ...approval,
      status: verdict === "approve" ? "approved" : "rejected",
      decidedBy: actor.operator.id,
      decidedAt: deps.clock.now(),
      decisionNote: note,
    };
    await store.updateApproval(tx, decided);
    await deps.operators.audit(tx, actor, auditOf(decided, approval));
    return decided;
  });
}

/** The action runs outside the transaction: it may concern a cell, whose transactions are its own. */
async function carryOut(deps: ApprovalsDeps, actor: Actor, approved: Approval): Promise<Approval> {
  const outcome = await actionOf(deps, approved).carryOut(approved);
  const finished = await deps.platform.transact(async (tx) => {
    const approval = await store.lockApproval(tx, approved.id);
    if (approval === null) throw problem("not_found");
    // Somebody else carried it out meanwhile: the action is safe to repeat, and its end is written once.
    if (approval.status !== "approved") return approval;
    const ended: Approval =
      "done" in outcome
        ? { ...approval, status: "carried_out", carriedOutAt: deps.clock.now() }
        : { ...approval, status: "rejected", decisionNote: outcome.refused };
    await store.updateApproval(tx, ended);
    await deps.operators.audit(tx, actor, auditOf(ended, approval));
    return ended;
  });
  if ("refused" in outcome) {
    throw problem("conflict", { detail: `it could not be carried out: ${outcome.refused}` });
  }
  return finished;
}

async function resumeOne(deps: ApprovalsDeps, approval: Approval): Promise<void> {
  const id = formatId("apr", approval.id);
  try {
    const operator = await store.findOperator(deps.platform.db, approval.decidedBy as Id);
    if (operator === null) throw new Error("the operator who approved it is unknown");
    await carryOut(deps, { operator, requestId: "resumed at start", idempotency: null }, approval);
    deps.log.info({ approval: id }, "an approved change was carried out after a restart");
  } catch (error) {
    deps.log.warn(
      { err: error, approval: id },
      "an approved change could not be carried out; approve it again",
    );
  }
}

function actionOf(deps: ApprovalsDeps, approval: Approval): ApprovalAction {
  const action = deps.actions.find((candidate) => candidate.kind === approval.kind);
  if (action === undefined) throw new Error(`nothing carries out approvals of the kind ${approval.kind}`);
  return action;
}

function auditOf(after: Approval, before: Approval) {
  return {
    action: `${after.kind}.${after.status}`,
    subject: after.subject,
    before: { approval: formatId("apr", after.id), status: before.status },
    after: {
      approval: formatId("apr", after.id),
      status: after.status,
      ...after.payload,
      note: after.decisionNote,
    },
  };
}
