/** The tests that judge a channel; used by the channels' own `*.test.ts` alone. */
export { describeChannelContract } from "./contract.ts";
export type { CallFault, ChannelFault, CodeBehaviour, Environment, Harness, Placed } from "./harness.ts";
export { type Receiver, startReceiver } from "./receiver.ts";
