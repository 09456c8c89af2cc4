/** What operators watch: whether it runs, how it runs, what it offers, and whether the books are right. */
export { type AuditResult, runAudit } from "./audit.ts";
export { invariants } from "./invariants.ts";
export { type OperationsRoutesDeps, operationsRoutes } from "./routes.ts";
