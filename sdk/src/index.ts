/**
 * A typed client of the platform for servers: Node 20 or later, and whatever else has `fetch` and Web Crypto.
 */
export { Tributary } from "./client.ts";
export { CONNECTION_FAILED, TributaryError } from "./errors.ts";
export type { List, Page } from "./list.ts";
export type { CallOptions, TransportOptions } from "./transport.ts";
export type * from "./types.ts";
export {
  verifyWebhook,
  type WebhookFault,
  type WebhookRequest,
  WebhookVerificationError,
} from "./webhook.ts";
