import { DAY, HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import type { ChannelTraits, SceneTraits } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN } from "./amount.ts";

/** A code or a page that waits for its buyer: nobody hurries, so the gaps grow. */
const WAITING_GAPS_MS = [10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE];

/** The method of payment codes. */
export const CODE_METHOD = "unionpay.code";

/** As UnionPay recommends where it said "under way". */
const CODE_GAPS_MS = [5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE];

/** How long the buyer has to enter his password. */
const CODE_PATIENCE_MS = MINUTE;

/**
 * UnionPay closes nothing, and calls an order unknown (34) until its buyer came. Sent again it is a duplicate
 * (12), so that repeating is safe.
 */
const BUYER_OPENS: Omit<SceneTraits, "kind" | "devices"> = {
  afterCrash: "resend",
  orderAppearsWithBuyer: true,
  // What was sent may be under way for as long as its clearing day lasts.
  notFoundHorizonMs: DAY,
  queryGapsMs: WAITING_GAPS_MS,
  actionLifetimeMs: null,
  reverseAfterMs: null,
  requiresBuyer: false,
  requiresBuyerIp: false,
  requiresPaymentCode: false,
};

export const UNIONPAY_TRAITS: ChannelTraits = {
  name: "unionpay",
  displayName: "UnionPay",
  scenes: {
    "unionpay.page": { ...BUYER_OPENS, kind: "redirect", devices: ["phone", "desktop"] },
    "unionpay.qr": { ...BUYER_OPENS, kind: "qr", devices: ["desktop"] },
    "unionpay.app": { ...BUYER_OPENS, kind: "app", devices: [] },
    // A payment code is good for one payment: a call that may have been made is asked about, never repeated.
    [CODE_METHOD]: {
      ...BUYER_OPENS,
      kind: "payment_code",
      devices: [],
      afterCrash: "query_then_cancel",
      orderAppearsWithBuyer: false,
      queryGapsMs: CODE_GAPS_MS,
      reverseAfterMs: CODE_PATIENCE_MS,
      requiresPaymentCode: true,
    },
  },
  currencies: ["CNY"],
  amountMin: AMOUNT_MIN_FEN,
  amountMax: AMOUNT_MAX_FEN,
  refundQueryGapsMs: [MINUTE, 5 * MINUTE, 30 * MINUTE, ...Array<number>(23).fill(HOUR), DAY],
  // Sent again under its number and time it would be a duplicate, so the wait need not be the day's end.
  refundNotFoundHorizonMs: HOUR,
  timeZone: "Asia/Shanghai",
  // The clearing day runs from 23:00 to 23:00.
  dayStartMinutes: -60,
  statements: {
    // About 09:00. Code 98 is "no file" and "not yet" alike.
    publishedAfterMinutes: 10 * 60,
    gapsMs: [15 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
    emptyAfterAsking: 6,
    showsReturns: false,
    // Only what was cleared stands in it.
    omitsFailedRefunds: true,
    omitsReversedOf: ["unionpay.code"],
    // 2: what the channel moves by itself is a line.
    readerVersion: 2,
  },
};
