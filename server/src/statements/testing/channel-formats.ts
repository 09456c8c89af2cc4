import { alipayFormats } from "./alipay-formats.ts";
import type { Format } from "./format.ts";
import { stripeFormats } from "./stripe-formats.ts";
import { unionpayFormats } from "./unionpay-formats.ts";
import { wechatFormats } from "./wechat-formats.ts";

/** Every form in which a channel hands out what it says. */
export const channelFormats: readonly Format[] = [
  ...alipayFormats,
  ...wechatFormats,
  ...unionpayFormats,
  ...stripeFormats,
];
