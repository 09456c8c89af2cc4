/** Trying a contract with a channel out, with a real cent, before it takes orders. */
export type { Verification, VerificationState } from "./model.ts";
export { type VerificationRoutesDeps, verificationRoutes } from "./routes.ts";
export {
  createVerifications,
  type Verifications,
  type VerificationsDeps,
  type VerificationWish,
} from "./service.ts";
export { startVerificationWorker } from "./worker.ts";
