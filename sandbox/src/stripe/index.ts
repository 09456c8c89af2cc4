import type { FastifyInstance } from "fastify";
import { registerAccountRoutes } from "./accounts/routes.ts";
import { registerStripeActionRoutes } from "./actions.ts";
import { registerStripeArrival } from "./arrival.ts";
import { registerCloseDay } from "./close-day.ts";
import type { StripeDeps } from "./context.ts";
import { registerStripeGateway } from "./gateway.ts";
import { registerStripeMovements } from "./own-movements.ts";
import { registerStripePayout } from "./payout.ts";

export {
  abandonWithStripe,
  failWithStripe,
  isStripeCode,
  openWithStripe,
  payWithStripe,
  stripeOrderOfToken,
  stripeReturnUrl,
} from "./buyer.ts";
export { composeStripe } from "./compose-notification.ts";
export type { StripeDeps } from "./context.ts";
export { runDueStripeJobs } from "./jobs.ts";
export { refundedOf as stripeRefundedOf } from "./machine/refund.ts";
export { paidCharge as stripePaidCharge } from "./machine/step.ts";
export {
  jobs as stripeJobs,
  type Order as StripeOrder,
  orders as stripeOrders,
  stripeCollections,
} from "./model.ts";
export { stripeNotifications } from "./notification-kind.ts";

/** Stripe: its API, its accounts, its hosted page, and what cardholders and their banks do. */
export function registerStripe(
  app: FastifyInstance,
  deps: StripeDeps & { log: (line: string) => void },
): void {
  registerStripeGateway(app, deps);
  registerStripeArrival(app);
  registerAccountRoutes(app, deps);
  registerStripeActionRoutes(app, deps);
  registerCloseDay(app, deps);
  registerStripePayout(app, deps);
  registerStripeMovements(app, deps);
}
