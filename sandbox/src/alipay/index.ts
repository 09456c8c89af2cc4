export { registerActionRoutes } from "./actions.ts";
export { registerAppRoutes } from "./apps/routes.ts";
export { registerAlipayPayout } from "./bill/payout.ts";
export { registerBillRoutes } from "./bill/routes.ts";
export { composeAlipay } from "./compose-notification.ts";
export type { AlipayDeps } from "./context.ts";
export { registerGateway } from "./gateway.ts";
export { runDueJobs } from "./jobs.ts";
export { refundedOf } from "./machine/refund.ts";
export { alipayCollections, apps, jobs, type Order, orders, type PaymentCode } from "./model.ts";
export { alipayNotifications } from "./notification-kind.ts";
export { registerAlipayOauth } from "./oauth.ts";
export {
  abandonInWallet,
  asOfNow,
  failInWallet,
  newPaymentCode,
  orderOfToken,
  payInWallet,
  returnUrl,
  scan,
} from "./wallet.ts";
