/** Merchants, their stores and terminals, and the API keys that speak for them. */
export type { CreditLines } from "./credit-lines.ts";
export type { ApiKeys } from "./keys/service.ts";
export {
  creditLineOf,
  type Merchant,
  type MerchantCurrency,
  type MerchantIdentity,
  type MerchantStatus,
  type Place,
  type Store,
  settlesIn,
  type Terminal,
} from "./model.ts";
export type { Places } from "./places/service.ts";
export { type MerchantRoutesDeps, registerMerchants } from "./routes.ts";
export {
  createMerchants,
  type MerchantChange,
  type Merchants,
  type MerchantsDeps,
  type NewMerchant,
} from "./service.ts";
