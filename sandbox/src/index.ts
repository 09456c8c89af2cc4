export type { SandboxClock, SandboxRandom } from "./clock.ts";
export { type RunningSandbox, type SandboxOptions, startSandbox } from "./server.ts";
