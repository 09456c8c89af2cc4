import { DAY, HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import type { ChannelTraits, SceneTraits } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN } from "./amount.ts";

/** A code or a page that waits for its buyer: nobody hurries, so the gaps grow. */
const WAITING_GAPS_MS = [10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE];

/** How long a call that lost its answer may still be on its way inside Alipay. */
const ON_ITS_WAY_MS = MINUTE;

/** A code of `trade.precreate` can be scanned this long at most, whatever the order's own expiry. */
const QR_CODE_MS = 2 * HOUR;

/** The buyer brings the order into being: by scanning the code, or by opening the signed page or app call. */
const BUYER_OPENS: Omit<SceneTraits, "kind" | "devices"> = {
  afterCrash: "resend",
  orderAppearsWithBuyer: true,
  notFoundHorizonMs: ON_ITS_WAY_MS,
  queryGapsMs: WAITING_GAPS_MS,
  actionLifetimeMs: null,
  reverseAfterMs: null,
  requiresBuyer: false,
  requiresBuyerIp: false,
  requiresPaymentCode: false,
};

export const ALIPAY_TRAITS: ChannelTraits = {
  name: "alipay",
  displayName: "Alipay",
  scenes: {
    "alipay.qr": { ...BUYER_OPENS, kind: "qr", devices: ["desktop"], actionLifetimeMs: QR_CODE_MS },
    "alipay.page": { ...BUYER_OPENS, kind: "redirect", devices: ["desktop"] },
    "alipay.wap": { ...BUYER_OPENS, kind: "redirect", devices: ["phone"] },
    "alipay.app": { ...BUYER_OPENS, kind: "app", devices: [] },
    // Made at once by `trade.create`, which the same number makes only once.
    "alipay.jsapi": {
      ...BUYER_OPENS,
      kind: "jsapi",
      devices: [],
      orderAppearsWithBuyer: false,
      requiresBuyer: true,
    },
    // A payment code is good for one payment: a call that may have been made is asked about, never repeated.
    "alipay.code": {
      kind: "payment_code",
      devices: [],
      afterCrash: "query_then_cancel",
      orderAppearsWithBuyer: false,
      notFoundHorizonMs: ON_ITS_WAY_MS,
      queryGapsMs: [5 * SECOND],
      actionLifetimeMs: null,
      reverseAfterMs: 40 * SECOND,
      requiresBuyer: false,
      requiresBuyerIp: false,
      requiresPaymentCode: true,
    },
  },
  currencies: ["CNY"],
  amountMin: AMOUNT_MIN_FEN,
  amountMax: AMOUNT_MAX_FEN,
  refundQueryGapsMs: [MINUTE, 5 * MINUTE, 30 * MINUTE, ...Array<number>(23).fill(HOUR), DAY],
  refundNotFoundHorizonMs: 10 * MINUTE,
  timeZone: "Asia/Shanghai",
  dayStartMinutes: 0,
  statements: {
    // Promised by 09:00. It says "bill_not_exist" of a day without trades and of a bill that is late alike.
    publishedAfterMinutes: 9 * 60,
    gapsMs: [15 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
    emptyAfterAsking: 6,
    showsReturns: false,
    omitsFailedRefunds: false,
    omitsReversedOf: [],
  },
};
