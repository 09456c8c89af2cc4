export type { SandboxClock, SandboxRandom } from "./clock.ts";
export { createInstantChannel, type InstantReport } from "./instant/index.ts";
export type { PostMessage } from "./notifications/index.ts";
export { type RunningSandbox, type SandboxOptions, startSandbox } from "./server.ts";
