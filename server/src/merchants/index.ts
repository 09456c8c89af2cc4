/** Merchants, their stores and terminals, and the API keys that speak for them. */
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
export { createMerchants, type Merchants, type MerchantsDeps } from "./service.ts";
