/** Trying a contract with a channel out, with a real cent, before it takes orders. */
export type { Verification, VerificationState } from "./model.ts";
export type { VerificationsDeps } from "./progress.ts";
export { type VerificationRoutesDeps, verificationRoutes } from "./routes.ts";
export { createVerifications, type Verifications, type VerificationWish } from "./service.ts";
export { startVerificationWorker } from "./worker.ts";
