/** Reconciliation: a channel's statement of a day held against the books, and what becomes of differences. */

export * from "./breaks/index.ts";
export {
  comparedOtherwise,
  countUnapplied,
  type DayTotals,
  dayMovements,
  dayTotals,
  lastDates,
  unappliedGenerations,
} from "./closing.ts";
export { createEngine, type Engine, EngineFailed } from "./engine/engine.ts";
export type {
  Reconciled,
  Reconciliation,
  ReconciliationDeps,
  StatementSource,
} from "./generation/service.ts";
export { createReconciliation } from "./generation/service.ts";
export { invariants } from "./invariants.ts";
export type { Finding, Generation, Scope } from "./model.ts";
export { appliedScopes, decidedReversalsOf, unendedBreaksOf } from "./reading.ts";
