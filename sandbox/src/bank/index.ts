// A bank: it pays by pain.001, reports by pain.002, and publishes its accounts' days as camt.053.

export { type BankDeps, runDueReturns } from "./carry-out.ts";
export { bankCollections, bankReturns } from "./model.ts";
export { type Payout, registerPayout } from "./pay-in.ts";
export { registerBank } from "./routes.ts";
