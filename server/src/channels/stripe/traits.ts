import { DAY, HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import type { ChannelTraits, SceneTraits } from "../port.ts";
import { AMOUNT_MAX, AMOUNT_MIN, LEAST_CHARGES, STRIPE_CURRENCIES } from "./amount.ts";

/** The hosted page of a Checkout Session. */
export const PAGE_METHOD = "card";

/** A PaymentIntent that the merchant's own app confirms with Stripe's SDK. */
export const APP_METHOD = "card.app";

/** A page that waits for its buyer: nobody hurries, so the gaps grow. */
const WAITING_GAPS_MS = [10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE];

/** How long an order whose number is not known may take to appear in Stripe's search. */
const SEARCH_LAG_MS = 5 * MINUTE;

/** The call that places it makes the order; Stripe answers the same to the same idempotency key. */
const PLACED_BY_US: Omit<SceneTraits, "kind" | "devices"> = {
  afterCrash: "resend",
  orderAppearsWithBuyer: false,
  notFoundHorizonMs: SEARCH_LAG_MS,
  queryGapsMs: WAITING_GAPS_MS,
  actionLifetimeMs: null,
  reverseAfterMs: null,
  requiresBuyer: false,
  requiresBuyerIp: false,
  requiresPaymentCode: false,
};

export const STRIPE_TRAITS: ChannelTraits = {
  name: "stripe",
  displayName: "Stripe",
  scenes: {
    [PAGE_METHOD]: { ...PLACED_BY_US, kind: "redirect", devices: ["phone", "desktop"] },
    [APP_METHOD]: { ...PLACED_BY_US, kind: "app", devices: [] },
  },
  currencies: STRIPE_CURRENCIES,
  amountMin: AMOUNT_MIN,
  amountMax: AMOUNT_MAX,
  leastAmounts: LEAST_CHARGES,
  refundQueryGapsMs: [MINUTE, 5 * MINUTE, 30 * MINUTE, ...Array<number>(23).fill(HOUR), DAY],
  refundNotFoundHorizonMs: 10 * MINUTE,
  timeZone: "UTC",
  dayStartMinutes: 0,
  statements: {
    // Listed as they happen: after the day nothing is added, but for what its clock and ours differ.
    publishedAfterMinutes: 60,
    gapsMs: [5 * MINUTE, 15 * MINUTE, HOUR],
    emptyAfterAsking: 1,
    showsReturns: true,
    omitsFailedRefunds: false,
    omitsReversedOf: [],
    // 2: what the channel moves by itself is a line.
    readerVersion: 2,
  },
};
