/** UnionPay (银联), full channel 5.1.0. Everything of UnionPay's own stays in this folder. */
export { createUnionpay } from "./channel.ts";
export type { UnionpayCredentials, UnionpayCredentialsInput } from "./credentials.ts";
