/** What a payment costs the merchant and us: schedules, the pure reckoning by them, what refunds return. */
export type { CostClause } from "./clauses.ts";
export { invariants } from "./invariants.ts";
export type { PostedMinimum } from "./minimums/service.ts";
export type { CardType, RefundPolicy, Schedule, Share, Terms } from "./model.ts";
export { type Charge, type FeeQuote, feeOf, quoteCost, quoteFees, type Transaction } from "./quote.ts";
export { type RefundStep, returnedNow, returnedSoFar } from "./returns.ts";
export { type FeeRoutesDeps, feeRoutes } from "./routes.ts";
export { createFees, type Fees, type FeesDeps } from "./service.ts";
export { divideAmong, type PartyShare, partnersLeft, partnersPart } from "./shares.ts";
export { CostClauseSchema, presentCostClause } from "./wire.ts";
