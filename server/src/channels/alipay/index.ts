/** Alipay (支付宝), gateway v2. Everything of Alipay's own stays in this folder. */

export type { AlipayColumn } from "./bill.ts";
export { type AlipayFrame, readAlipayFrame } from "./bill-frame.ts";
export { createAlipay } from "./channel.ts";
export type { AlipayCredentials, AlipayCredentialsInput } from "./credentials.ts";
