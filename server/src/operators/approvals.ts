import type { Approval, Permission } from "./model.ts";
import type { Operators, OperatorsDeps } from "./service.ts";

/** How one kind of approved change is carried out. */
export type ApprovalAction = {
  readonly kind: string;
  /** Who may approve or reject it. */
  readonly permission: Permission;
  /**
   * Does it. Called again with the same approval after a crash, so it is safe to repeat (the approval's id is its number).
   * Throwing a problem leaves the approval `approved`, to be carried out by approving again.
   */
  readonly carryOut: (approval: Approval) => Promise<void>;
};

export type Approvals = {
  /** Carries out what was approved before a crash. Called at start. */
  resume(): Promise<void>;
};

export declare function createApprovals(
  deps: OperatorsDeps & { operators: Operators; actions: readonly ApprovalAction[] },
): Approvals;
