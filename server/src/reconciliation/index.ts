/** Reconciliation: a channel's statement of a day held against the books, both ways. */
export type { Scope } from "./model.ts";
export { appliedScopes, unendedBreaksOf } from "./reading.ts";
