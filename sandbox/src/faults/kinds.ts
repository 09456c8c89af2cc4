// Every kind of misbehaviour the sandbox knows, described once: `GET /faults/kinds` answers this table,
// arming a fault is checked against it, and a test holds sandbox/README.md to it.

export type Param = {
  type: "number" | "text" | "boolean";
  default?: string | number | boolean;
  oneOf?: readonly string[];
  means: string;
};

type Kind = { happens: string; at: string; params: Record<string, Param> };

const heldMs = 30_000;

export const faultKinds = {
  answer_lost_after_success: {
    happens: "The call is carried out, and its answer never arrives.",
    at: "any gateway call that succeeded",
    params: {
      ms: { type: "number", default: 0, means: "hold the connection this long before it is cut" },
    },
  },
  timeout_before: {
    happens: "The call is not carried out, and nobody answers.",
    at: "any gateway call",
    params: {
      ms: { type: "number", default: heldMs, means: "hold the connection this long before it is cut" },
    },
  },
  http_5xx: {
    happens: "The gateway answers with an HTTP error instead of its own answer.",
    at: "any gateway call",
    params: {
      status: { type: "number", default: 502, means: "the HTTP status, 500 to 599" },
      executed: { type: "boolean", default: false, means: "whether the call is carried out first" },
    },
  },
  slow: {
    happens: "The answer takes its time.",
    at: "any gateway call",
    params: {
      ms: { type: "number", default: 3_000, means: "how long" },
      when: {
        type: "text",
        default: "before",
        oneOf: ["before", "after"],
        means: "wait before or after carrying it out (after: a notification may overtake the answer)",
      },
    },
  },
  rate_refusal: {
    happens: "Too many calls (40005, 429 FREQUENCY_LIMITED, 37, rate_limit); the call is not carried out.",
    at: "any gateway call",
    params: {},
  },
  system_error: {
    happens: "The gateway says that it does not know.",
    at: "any gateway call",
    params: {
      form: {
        type: "text",
        default: "20000",
        oneOf: ["20000", "acq", "03", "04", "05", "06", "99"],
        means:
          "Alipay: 20000 isp.unknow-error, or 40004 ACQ.SYSTEM_ERROR for acq; " +
          "UnionPay: respCode 03, 04, 05 or 06, else 99",
      },
      executed: { type: "boolean", default: false, means: "whether the call is carried out first" },
    },
  },
  share_closed: {
    happens: "The channel does not split off the share, and says why.",
    at: "a split (WeChat Pay, Alipay)",
    params: { reason: { type: "text", default: "ACCOUNT_ABNORMAL", means: "the reason that it tells" } },
  },
  share_return_failed: {
    happens: "What a receiver should give back does not come.",
    at: "a return of a share (WeChat Pay), a refund with receivers' parts (Alipay)",
    params: { reason: { type: "text", default: "PAYEE_NOT_ENOUGH", means: "the reason that it tells" } },
  },
  notification_duplicate: {
    happens: "The same notification is delivered again although it was acknowledged.",
    at: "any notification",
    params: { copies: { type: "number", default: 1, means: "how many more times" } },
  },
  notification_late: {
    happens: "The first delivery comes late.",
    at: "any notification",
    params: { ms: { type: "number", default: 60_000, means: "how late" } },
  },
  notification_reordered: {
    happens: "The notification waits until the order's next one has been delivered.",
    at: "any notification",
    params: { ms: { type: "number", default: heldMs, means: "how long it waits at most" } },
  },
  notification_lost: {
    happens: "The notification is never sent.",
    at: "any notification",
    params: {},
  },
  notification_forged: {
    happens: "A forgery of the notification is delivered ahead of it.",
    at: "any notification",
    params: {
      how: {
        type: "text",
        default: "tampered",
        oneOf: ["tampered", "foreign_key", "unsigned"],
        means: "amount changed after signing, signed with a stranger's key, or without a signature",
      },
    },
  },
  notification_probe: {
    happens: "A probe is delivered ahead, whose signature begins with WECHATPAY/SIGNTEST/.",
    at: "any notification of WeChat Pay",
    params: {},
  },
  notification_wrong_amount: {
    happens: "An authentic notification names another amount than the trade has.",
    at: "any notification",
    params: { delta: { type: "number", default: 1, means: "fen added to the amount" } },
  },
  trade_wrong_amount: {
    happens: "The buyer really pays another amount; query, notification and bill agree on it.",
    at: "a payment",
    params: {
      amount: { type: "number", means: "the amount in fen" },
      delta: { type: "number", default: 1, means: "fen added to the amount, where amount is not given" },
    },
  },
  paid_after_close: {
    happens: "The trade is closed, and then the buyer's money arrives.",
    at: "any call that ends an unpaid order: close, cancel, reverse, reversal, checkout.sessions.expire",
    params: { ms: { type: "number", default: 0, means: "how long after the close" } },
  },
  abandoned_code_paid: {
    happens: "A code that nobody had opened when it was given up is opened and paid.",
    at: "alipay.trade.close and alipay.trade.cancel of a precreated code without a trade",
    params: { ms: { type: "number", default: 0, means: "how long after" } },
  },
  channel_reverses_after_success: {
    happens: "The channel gives the buyer's money back although nobody asked for it.",
    at: "a payment at Alipay or Stripe",
    params: {
      ms: { type: "number", default: 0, means: "how long after the payment" },
      amount: { type: "number", means: "how much in fen; all of it where absent" },
    },
  },
  refund_refused: {
    happens:
      "For lack of funds (ACQ.SELLER_BALANCE_NOT_ENOUGH, NOT_ENOUGH, 64, balance_insufficient); no refund.",
    at: "alipay.trade.refund, refunds.create and refund",
    params: {
      final: {
        type: "boolean",
        default: false,
        means: "for good instead (ACQ.REFUND_AMT_NOT_EQUAL_TOTAL, INVALID_REQUEST, 36, charge_disputed)",
      },
      executed: { type: "boolean", default: false, means: "whether it is carried out all the same" },
    },
  },
  refund_returned: {
    happens: "The refund goes to the buyer's bank and comes back (dback_status F, ABNORMAL, 01, failed).",
    at: "alipay.trade.refund, refunds.create and refund",
    params: {
      ms: { type: "number", default: 0, means: "how long after the refund" },
      closed: { type: "boolean", default: false, means: "WeChat Pay only: ends as CLOSED, not ABNORMAL" },
    },
  },
  cancel_retry_flag: {
    happens: "retry_flag=Y without an action, recall=Y, 05; nothing is cancelled yet.",
    at: "alipay.trade.cancel, reverse and reversal",
    params: {},
  },
  fund_change_n: {
    happens: "The refund answers fund_change=N.",
    at: "alipay.trade.refund",
    params: {
      moved: { type: "boolean", default: true, means: "whether the money was given back all the same" },
    },
  },
  query_lag: {
    happens: "The transaction's first queries do not see it as it is: 34, then 05.",
    at: "purchase.code, void and refund of UnionPay",
    params: {
      not_found: { type: "number", default: 1, means: "how many queries say 34" },
      unknown: { type: "number", default: 1, means: "how many then say 05" },
    },
  },
  clearing_cut_over: {
    happens: "While the clearing day is cut at 23:00 in Beijing, UnionPay says 05.",
    at: "purchase.code, void, refund, reversal and query of UnionPay, around the cut",
    params: {
      minutes: { type: "number", default: 5, means: "how many minutes before and after the cut" },
      executed: { type: "boolean", default: true, means: "whether the call is carried out all the same" },
    },
  },
  bank_rejects: {
    happens: "The bank takes the message and rejects the transfer (RJCT).",
    at: "a transfer of a pain.001; out_trade_no is its EndToEndId, app_id the account",
    params: { code: { type: "text", default: "AC04", means: "the reason" } },
  },
  bank_returns: {
    happens: "The transfer is paid and comes back later (退汇).",
    at: "a transfer of a pain.001; out_trade_no is its EndToEndId, app_id the account",
    params: {
      ms: { type: "number", default: 0, means: "how long after" },
      code: { type: "text", default: "AC04", means: "the reason" },
    },
  },
  bank_silent: {
    happens: "The transfer is paid, and the bank's answers say PDNG; only the statement shows it.",
    at: "a transfer of a pain.001; out_trade_no is its EndToEndId, app_id the account",
    params: {},
  },
  bill_disagrees: {
    happens: "The bill differs from what happened.",
    at: "a line of a bill, when the bill is published",
    params: {
      difference: {
        type: "text",
        default: "amount_off",
        oneOf: [
          "missing_row",
          "extra_row",
          "amount_off",
          "duplicate_row",
          "fee_difference",
          "wrong_day",
          "other_currency",
          "other_merchant",
        ],
        means:
          "in what: amount_off and fee_difference by 0.01, extra_row is a trade nobody knows, the last two " +
          "where a line names them (WeChat)",
      },
      of: {
        type: "text",
        default: "any",
        oneOf: ["any", "payment", "refund", "dispute"],
        means: "only a line of this; an extra_row looks like one",
      },
    },
  },
} as const satisfies Record<string, Kind>;
