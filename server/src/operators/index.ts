/** The people of the back office: tokens, roles, two-person approvals, the audit log. */
export {
  type ApprovalAction,
  type Approvals,
  createApprovals,
} from "./approvals.ts";
export {
  type Actor,
  type Approval,
  type AuditEntry,
  type Operator,
  type Permission,
  type Role,
} from "./model.ts";
export { createOperators, type Operators, type OperatorsDeps } from "./service.ts";
