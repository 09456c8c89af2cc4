/** WeChat Pay (微信支付), API v3. Everything of WeChat Pay's own stays in this folder. */
export { createWechat } from "./channel.ts";
export type { WechatCredentials, WechatCredentialsInput } from "./credentials.ts";
