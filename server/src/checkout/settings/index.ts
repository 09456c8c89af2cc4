/** How a merchant's cashier looks, and which ways to pay it offers. */
export type { CashierSettings, Device, MethodRule } from "./model.ts";
export { cashierSettingsRoutes } from "./routes.ts";
export { type CashierSettingsService, createCashierSettings } from "./service.ts";
