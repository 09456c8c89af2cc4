/** The contracts whose days are made up. */
import type { Contract } from "../books.ts";

export const CHANNELS: readonly Pick<
  Contract,
  "channel" | "method" | "currencies" | "costGross" | "fundFlow"
>[] = [
  {
    channel: "alipay",
    method: "alipay.qr",
    currencies: ["CNY"],
    costGross: false,
    fundFlow: "through_platform",
  },
  {
    channel: "alipay",
    method: "alipay.qr",
    currencies: ["CNY"],
    costGross: true,
    fundFlow: "through_platform",
  },
  {
    channel: "wechat",
    method: "wechat.code",
    currencies: ["CNY"],
    costGross: false,
    fundFlow: "through_platform",
  },
  {
    channel: "unionpay",
    method: "unionpay.code",
    currencies: ["CNY"],
    costGross: false,
    fundFlow: "through_platform",
  },
  {
    channel: "stripe",
    method: "card",
    currencies: ["USD", "EUR"],
    costGross: false,
    fundFlow: "through_platform",
  },
];
