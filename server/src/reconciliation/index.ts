/** Holding what channels say of a day against what the books say of it. */

export { createEngine, EngineFailed } from "./engine/engine.ts";
export type {
  Reconciled,
  Reconciliation,
  ReconciliationDeps,
  StatementSource,
} from "./generation/service.ts";
export { createReconciliation } from "./generation/service.ts";
export type { Finding, Generation, Scope } from "./model.ts";
