import { ALIPAY_TRAITS } from "../../channels/alipay/traits.ts";
import type { StatementTraits } from "../../channels/index.ts";
import { STRIPE_TRAITS } from "../../channels/stripe/traits.ts";
import { UNIONPAY_TRAITS } from "../../channels/unionpay/traits.ts";
import { WECHAT_TRAITS } from "../../channels/wechat/traits.ts";

const ALL = [ALIPAY_TRAITS, WECHAT_TRAITS, UNIONPAY_TRAITS, STRIPE_TRAITS];

/** What reconciliation has to know of the channels, as the platform hands it in. */
export const channelTerms = {
  traitsOf: (channel: string): StatementTraits | null =>
    ALL.find(({ name }) => name === channel)?.statements ?? null,
  quietMethods: ALL.flatMap(({ statements }) => statements.omitsReversedOf),
};
