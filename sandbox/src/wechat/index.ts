import type { FastifyInstance } from "fastify";
import { registerWechatActionRoutes } from "./actions.ts";
import { registerWechatArrival } from "./arrival.ts";
import { registerWechatPayout } from "./bill/payout.ts";
import { registerWechatBillRoutes } from "./bill/routes.ts";
import type { WechatDeps } from "./context.ts";
import { registerWechatGateway } from "./gateway.ts";
import { registerMerchantRoutes } from "./merchants/routes.ts";
import { registerWechatOauth } from "./oauth.ts";
import { registerWechatV2 } from "./v2/gateway.ts";

export {
  abandonWithWechat,
  failWithWechat,
  isWechatCode,
  openInWallet,
  payWithWechat,
  wechatAsOfNow,
  wechatOrderOfToken,
  wechatReturnUrl,
} from "./buyer.ts";
export { composeWechat } from "./compose-notification.ts";
export type { WechatDeps } from "./context.ts";
export { runDueWechatJobs } from "./jobs.ts";
export { tradeStateOf } from "./machine/order.ts";
export { refundedOf as wechatRefundedOf } from "./machine/refund.ts";
export {
  jobs as wechatJobs,
  type Order as WechatOrder,
  orders as wechatOrders,
  wechatCollections,
} from "./model.ts";
export { wechatNotifications } from "./notification-kind.ts";
export { newWechatPaymentCode } from "./payment-codes.ts";

/** WeChat Pay: its protocol, its merchants, its buyers' actions and its bills. */
export function registerWechat(
  app: FastifyInstance,
  deps: WechatDeps & { log: (line: string) => void },
): void {
  registerWechatGateway(app, deps);
  registerWechatV2(app, deps);
  registerWechatArrival(app, deps);
  registerWechatOauth(app, deps);
  registerMerchantRoutes(app, deps);
  registerWechatActionRoutes(app, deps);
  registerWechatBillRoutes(app, deps);
  registerWechatPayout(app, deps);
}
