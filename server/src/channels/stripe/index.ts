/** Cards through Stripe, API v1. Everything of Stripe's own stays in this folder. */
export { createStripe } from "./channel.ts";
export type { StripeCredentials, StripeCredentialsInput } from "./credentials.ts";
