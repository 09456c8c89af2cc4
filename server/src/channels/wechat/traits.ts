import { DAY, HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import type { ChannelTraits, SceneTraits } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN } from "./amount.ts";

/** A code or a page that waits for its buyer: nobody hurries, so the gaps grow. */
const WAITING_GAPS_MS = [10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE];

/** How long a call that lost its answer may still be on its way inside WeChat Pay. */
const ON_ITS_WAY_MS = MINUTE;

/** The method of payment codes, which go by v2. */
export const CODE_METHOD = "wechat.code";

/** Five seconds after a system error, and every ten while the buyer enters his password. */
const CODE_GAPS_MS = [5 * SECOND, 10 * SECOND];

/** How long the buyer has. A reversal is refused sooner than 15 seconds after the call; this is later. */
const CODE_PATIENCE_MS = 45 * SECOND;

/** A `code_url` and a `prepay_id` can be opened this long, an `h5_url` much shorter. */
const PREPAY_MS = 2 * HOUR;
const H5_LINK_MS = 5 * MINUTE;

/** The call that places it makes the order; the same number and content make it only once. */
const PLACED_BY_US: Omit<SceneTraits, "kind" | "devices"> = {
  afterCrash: "resend",
  orderAppearsWithBuyer: false,
  notFoundHorizonMs: ON_ITS_WAY_MS,
  queryGapsMs: WAITING_GAPS_MS,
  actionLifetimeMs: PREPAY_MS,
  reverseAfterMs: null,
  requiresBuyer: false,
  requiresBuyerIp: false,
  requiresPaymentCode: false,
};

export const WECHAT_TRAITS: ChannelTraits = {
  name: "wechat",
  displayName: "WeChat Pay",
  scenes: {
    "wechat.native": { ...PLACED_BY_US, kind: "qr", devices: ["desktop"] },
    "wechat.jsapi": { ...PLACED_BY_US, kind: "jsapi", devices: [], requiresBuyer: true },
    "wechat.h5": {
      ...PLACED_BY_US,
      kind: "redirect",
      devices: ["phone"],
      actionLifetimeMs: H5_LINK_MS,
      requiresBuyerIp: true,
    },
    "wechat.app": { ...PLACED_BY_US, kind: "app", devices: [] },
    // A payment code is good for one payment: a call that may have been made is asked about, never repeated.
    [CODE_METHOD]: {
      ...PLACED_BY_US,
      kind: "payment_code",
      devices: [],
      afterCrash: "query_then_cancel",
      queryGapsMs: CODE_GAPS_MS,
      actionLifetimeMs: null,
      reverseAfterMs: CODE_PATIENCE_MS,
      requiresPaymentCode: true,
    },
  },
  currencies: ["CNY"],
  amountMin: AMOUNT_MIN_FEN,
  amountMax: AMOUNT_MAX_FEN,
  refundQueryGapsMs: [MINUTE, 5 * MINUTE, 30 * MINUTE, ...Array<number>(23).fill(HOUR), DAY],
  refundNotFoundHorizonMs: 10 * MINUTE,
  refundSpacingMs: MINUTE,
  refundPartsMax: 50,
  timeZone: "Asia/Shanghai",
  dayStartMinutes: 0,
  statements: {
    // Made from 09:00; 10:00 is recommended. One that is being made is told apart from one that is not there.
    publishedAfterMinutes: 10 * 60,
    gapsMs: [15 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
    emptyAfterAsking: 3,
    showsReturns: false,
    // It says FAIL of such a refund, which is no line of moved money.
    omitsFailedRefunds: true,
    omitsReversedOf: [],
  },
};
