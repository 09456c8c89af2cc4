/** Reconciliation: a channel's statement of a day held against the books, and what becomes of differences. */
export * from "./breaks/index.ts";
export type { Scope } from "./model.ts";
export { appliedScopes, unendedBreaksOf } from "./reading.ts";
