import { DAY } from "../../kernel/clock.ts";
import { formatDecimal } from "../../kernel/money.ts";
import type { ChannelContext, NewOrder } from "../port.ts";
import { AMOUNT_MAX, AMOUNT_MIN, LEAST_CHARGES } from "./amount.ts";
import type { StripeCredentials } from "./credentials.ts";
import { SUBJECT_CHARACTERS_MAX } from "./requests.ts";
import { PAGE_METHOD, STRIPE_TRAITS } from "./traits.ts";

type Fault = { readonly field: string; readonly detail: string };

/** A hosted page lives a day at the most. */
const PAGE_LIFETIME_MAX_MS = DAY;

/**
 * Why Stripe would not take this order, found without asking it: the first fault, in this order; null when
 * there is none. What the account does not settle is found only where its context is given.
 */
export function refuseOrder(order: NewOrder, context?: ChannelContext): Fault | null {
  const { amount, currency } = order;
  if (STRIPE_TRAITS.scenes[order.method] === undefined) {
    const methods = Object.keys(STRIPE_TRAITS.scenes).join(", ");
    return { field: "method", detail: `Stripe has no ${order.method}; use ${methods}.` };
  }
  const taken = context === undefined ? STRIPE_TRAITS.currencies : currenciesOf(context);
  if (!taken.includes(currency)) {
    return { field: "currency", detail: `This account settles ${taken.join(", ")}, not ${currency}.` };
  }
  const least = LEAST_CHARGES[currency] ?? AMOUNT_MIN;
  if (amount < least || amount > AMOUNT_MAX) {
    const [from, to, given] = [least, AMOUNT_MAX, amount].map((one) =>
      formatDecimal({ amount: one, currency }),
    );
    return { field: "amount", detail: `Stripe takes ${from} to ${to} ${currency}, not ${given}.` };
  }
  if (order.subject.trim() === "" || [...order.subject].length > SUBJECT_CHARACTERS_MAX) {
    return { field: "subject", detail: `Stripe takes 1 to ${SUBJECT_CHARACTERS_MAX} characters.` };
  }
  if (order.paymentCode !== null) {
    return { field: "payment_code", detail: `${order.method} takes no payment code; leave it out.` };
  }
  if (order.method !== PAGE_METHOD) return null;
  if (order.returnUrl === null) {
    return { field: "return_url", detail: "Stripe's page needs an address to lead the buyer back to." };
  }
  if (order.expiresAt.getTime() - order.createdAt.getTime() > PAGE_LIFETIME_MAX_MS) {
    return { field: "expires_in", detail: "Stripe's page lives for at most 24 hours." };
  }
  return null;
}

function currenciesOf(context: ChannelContext): readonly string[] {
  return (context.credentials as StripeCredentials).currencies;
}
