/** What operators watch: whether it runs, how it runs, what it offers, and whether the books are right. */
export { AUDIT_STATEMENT_TIMEOUT_MS, type AuditResult, runAudit } from "./audit.ts";
export { auditForClose } from "./close-audit.ts";
export { invariants } from "./invariants.ts";
export { nightlyAudit } from "./nightly-audit.ts";
export { type OperationsRoutesDeps, operationsRoutes } from "./routes.ts";
