/** The people of the back office: tokens, roles, two-person approvals, the audit log. */

export type { ApiRequest, JsonObject } from "./admin/model.ts";
export { AdminStopped, ask, findPlatform, type Whereabouts } from "./admin/platform.ts";
export {
  type ApprovalAction,
  type Approvals,
  createApprovals,
} from "./approvals.ts";
export { changes } from "./audit.ts";
export type { Actor, Approval, AuditEntry, Operator, Permission, Role } from "./model.ts";
export { type OperatorRoutesDeps, registerOperators } from "./routes.ts";
export { newSecret, prefixOf, readBearer } from "./secrets.ts";
export { createOperators, type Made, type Operators, type OperatorsDeps } from "./service.ts";
export {
  ApprovalSchema,
  IdParams,
  opsSchema,
  optionalBody,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
  readIdField,
} from "./wire.ts";
