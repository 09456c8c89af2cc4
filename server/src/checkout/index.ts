/** The cashier: a page that takes a buyer from an amount to a payment, by its token alone. */
export { type CheckoutRoutesDeps, checkoutRoutes } from "./routes.ts";
