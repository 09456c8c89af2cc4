import type { FastifyInstance } from "fastify";
import { registerUnionpayActionRoutes } from "./actions.ts";
import { registerUnionpayBillRoutes } from "./bill/routes.ts";
import { registerCashier } from "./cashier/routes.ts";
import type { UnionpayDeps } from "./context.ts";
import { registerUnionpayGateway } from "./gateway.ts";
import { registerUnionpayMerchantRoutes } from "./merchants/routes.ts";

export {
  abandonWithUnionpay,
  failWithUnionpay,
  isUnionpayCode,
  openWithUnionpay,
  payWithUnionpay,
  unionpayOrderOfToken,
  unionpayReturnUrl,
} from "./buyer.ts";
export { composeUnionpay } from "./compose-notification.ts";
export type { UnionpayDeps } from "./context.ts";
export { runDueUnionpayJobs } from "./jobs.ts";
export { refundedOf as unionpayRefundedOf } from "./machine/follow-up.ts";
export { stateOf as unionpayStateOf } from "./machine/purchase.ts";
export {
  jobs as unionpayJobs,
  type Order as UnionpayOrder,
  orders as unionpayOrders,
  unionpayCollections,
} from "./model.ts";
export { unionpayNotifications } from "./notification-kind.ts";
export { newUnionpayPaymentCode } from "./payment-codes.ts";

/** UnionPay's full channel 5.1.0: its protocol, its merchants, its buyers' actions and its statements. */
export function registerUnionpay(
  app: FastifyInstance,
  deps: UnionpayDeps & { log: (line: string) => void },
): void {
  registerUnionpayGateway(app, deps);
  registerCashier(app, deps);
  registerUnionpayMerchantRoutes(app, deps);
  registerUnionpayActionRoutes(app, deps);
  registerUnionpayBillRoutes(app, deps);
}
