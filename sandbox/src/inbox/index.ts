// The shop inbox: a webhook receiver for pretend shops. What others may use of it.

export type { InboxDeps } from "./routes.ts";
export { registerInbox } from "./routes.ts";
export type { InboxStore } from "./store.ts";
export { memoryInboxStore } from "./store-memory.ts";
export { postgresInboxStore } from "./store-postgres.ts";
