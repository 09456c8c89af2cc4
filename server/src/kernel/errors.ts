/**
 * Every error that a person or a program can meet, from one registry: a stable code, its HTTP status, a
 * title, and a sentence that says what to do. Answers are RFC 9457 problem documents.
 *
 * Business outcomes are values, not exceptions; routes turn a refusal into a problem with `problem(code, …)`.
 */
export type ErrorEntry = {
  readonly status: number;
  readonly title: string;
  /** What to do about it, for whoever integrates. */
  readonly remedy: string;
};

export const ERRORS = {
  // The request itself.
  invalid_request: {
    status: 400,
    title: "The request is not valid",
    remedy: "Correct the named field and send the request again.",
  },
  invalid_json: {
    status: 400,
    title: "The body is not JSON",
    remedy: "Send one JSON object in UTF-8 with the header content-type: application/json.",
  },
  body_too_large: {
    status: 413,
    title: "The body is too large",
    remedy:
      "Send at most 64 kB; keep long data on your side and reference it in metadata. A statement's file " +
      "may be as large as the setting TRIBUTARY_STATEMENT_MEGABYTES_MAX says.",
  },
  headers_too_large: {
    status: 431,
    title: "The headers are too large",
    remedy: "Send at most 16 kB of headers; leave out cookies.",
  },
  request_timeout: {
    status: 408,
    title: "The request did not arrive in time",
    remedy: "Send the same request with the same number again.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The content type is not supported",
    remedy: "Send the header content-type: application/json.",
  },
  unauthenticated: {
    status: 401,
    title: "The key is missing or not valid",
    remedy:
      "Send the header authorization: Bearer <secret key> with a key that is neither expired nor revoked.",
  },
  forbidden: {
    status: 403,
    title: "This key or role may not do that",
    remedy: "Use a key or an operator whose role allows this action.",
  },
  not_found: {
    status: 404,
    title: "There is no such resource",
    remedy: "Check the address and the id; a key sees only what belongs to its own merchant.",
  },
  method_not_allowed: {
    status: 405,
    title: "This address does not take that method",
    remedy: "See /docs for the methods of each address.",
  },
  conflict: {
    status: 409,
    title: "The resource is not in a state that allows this",
    remedy: "Fetch the resource, and decide from its present state.",
  },
  number_reused: {
    status: 409,
    title: "This number was used with a different request",
    remedy:
      "Use a new number for a new order, or repeat the first request unchanged; the differing fields are " +
      "named.",
  },
  idempotency_key_reused: {
    status: 409,
    title: "This Idempotency-Key was used with a different request",
    remedy: "Use a new key for a new request, or repeat the first request unchanged.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests with this key",
    remedy: "Wait for the seconds in Retry-After, then send at a lower rate.",
  },
  cursor_invalid: {
    status: 400,
    title: "The cursor is not valid",
    remedy: "Pass next_cursor of the previous page unchanged, with the same filters.",
  },

  // Days.
  day_open: {
    status: 409,
    title: "The day is still open",
    remedy: "A day is cut over at midnight in the platform's time zone; ask for its close after that.",
  },

  // Payments.
  currency_not_supported: {
    status: 422,
    title: "The channel does not take this currency",
    remedy: "Use one of the currencies named in the detail.",
  },
  amount_out_of_range: {
    status: 422,
    title: "The amount is outside what the contract allows",
    remedy: "Use an amount inside the limits named in the detail.",
  },
  method_not_available: {
    status: 422,
    title: "No channel account of this merchant serves the method",
    remedy: "Use one of the methods named in the detail, or ask the operator to enable the method.",
  },
  sharing_not_available: {
    status: 422,
    title: "The payment's money cannot be split there",
    remedy:
      "Leave out profit_sharing, or use a method whose channel and contract split money; the detail names " +
      "what is missing.",
  },
  sharing_not_licensed: {
    status: 422,
    title: "This platform may not hold receivers' money",
    remedy:
      "Let the channel split it (mode channel), or set TRIBUTARY_LICENSED_TO_HOLD_SHARES once a licence " +
      "allows it.",
  },
  payment_not_shareable: {
    status: 409,
    title: "The payment has no money to be split",
    remedy:
      "Only a payment that was created with profit_sharing and has succeeded is split, before its " +
      "splitting is finished.",
  },
  receiver_not_available: {
    status: 422,
    title: "The receiver gets no share of this payment",
    remedy: "Name an active receiver that is bound at the payment's channel; the detail says what it lacks.",
  },
  share_exceeds_payment: {
    status: 422,
    title: "The shares are more than what may be split",
    remedy: "Use shares of at most amount_left in all: what settles less fee, refunds and earlier shares.",
  },
  shares_exhausted: {
    status: 422,
    title: "The channel makes no more shares of this payment",
    remedy: "Name fewer receivers; the channel limits the shares of one payment.",
  },
  no_account_available: {
    status: 422,
    title: "No channel account can take the payment now",
    remedy:
      "Nothing has happened. Try again later or by another method; the detail says what stands against it.",
  },
  order_refused: {
    status: 422,
    title: "The channel would not take this order",
    remedy: "Correct the named field.",
  },
  payment_final: {
    status: 409,
    title: "The payment has ended",
    remedy: "Fetch the payment for its result; take money again by one with a new merchant_order_no.",
  },
  payment_closing: {
    status: 409,
    title: "The payment is being closed at the channel",
    remedy: "Ask again in a few seconds; the payment then shows whether it was closed or paid.",
  },
  payment_confirming: {
    status: 409,
    title: "The payment is being confirmed",
    remedy: "The channel has not said yet whether the buyer paid. Wait for the webhook, or ask again.",
  },
  payment_expired: {
    status: 409,
    title: "The payment has expired",
    remedy: "Create a new payment with a new merchant_order_no.",
  },
  abandon_not_allowed: {
    status: 409,
    title: "The present order may still be paid and cannot be ended",
    remedy: "Wait until it is paid or expires, then try another method.",
  },

  // Refunds.
  refund_exceeds_payment: {
    status: 422,
    title: "The refund is larger than what is left of the payment",
    remedy: "Refund at most the amount named in the detail.",
  },
  payment_disputed: {
    status: 409,
    title: "The payer claims this money back through the channel",
    remedy: "Refund at most the amount named in the detail, or wait until the dispute is decided.",
  },
  payment_not_refundable: {
    status: 409,
    title: "The payment has no money to give back",
    remedy: "Only a payment that succeeded can be refunded.",
  },
  refund_window_over: {
    status: 422,
    title: "The channel's refund window is over",
    remedy: "Pay the buyer back outside the channel; the operator can send a payout.",
  },
  refund_parts_exhausted: {
    status: 422,
    title: "The channel allows no further part of this payment to be refunded",
    remedy: "Refund the rest outside the channel.",
  },
  insufficient_balance: {
    status: 422,
    title: "The balance does not cover this",
    remedy: "Wait for further payments to arrive or put money in, then ask again with the same number.",
  },

  settlement_refused: {
    status: 422,
    title: "Nothing can be settled today",
    remedy: "Read the detail; what is left today settles when the date is closed, by your policy.",
  },

  // Payouts.
  bank_account_not_verified: {
    status: 422,
    title: "There is no verified bank account for this",
    remedy: "Have an account in the payee's registered name entered and verified, then ask again.",
  },
  nothing_to_pay_out: {
    status: 422,
    title: "Nothing is owed that could be paid out",
    remedy: "Wait until more is earned on days that are over; what was paid too much is kept back first.",
  },
  cost_not_owed: {
    status: 422,
    title: "The books do not owe a channel so much",
    remedy: "Compare the channel's invoice with the month's costs, and correct the books or the amounts.",
  },
  payout_file_refused: {
    status: 422,
    title: "The file was refused as a whole",
    remedy: "Correct the named line and send the whole file again; no payout of it was made.",
  },
  payout_account_stopped: {
    status: 409,
    title: "Payouts of this batch go to a bank account that they may not go to any more",
    remedy: "Withdraw the payouts that are named, or take the batch apart, and approve what is left.",
  },
  reserve_insufficient: {
    status: 409,
    title: "The confirmed reserve does not cover this batch",
    remedy: "Wait until the bank's statements show more money, then approve again, or send a smaller batch.",
  },

  // Back office.
  second_person_required: {
    status: 403,
    title: "A second person must approve this",
    remedy: "Ask another operator with the role to approve it.",
  },
  credentials_invalid: {
    status: 422,
    title: "The channel credentials cannot work",
    remedy: "Correct the named field.",
  },
  credentials_not_proved: {
    status: 422,
    title: "The channel did not accept a signed query with these credentials",
    remedy: "Check the app id, the keys and the gateway address against the channel's console.",
  },
  payment_code_used: {
    status: 409,
    title: "This payment code was used already",
    remedy: "Ask the buyer to open the code again, and scan the fresh one: a code is good for one order.",
  },
  channel_account_not_verified: {
    status: 409,
    title: "The channel account has not shown that money goes through it and comes back",
    remedy:
      "Start a verification at /v1/ops/channel_accounts/{id}/verifications: it pays the smallest amount, " +
      "gives it back, and finds both in the channel's next bill.",
  },
  channel_account_in_use: {
    status: 409,
    title: "The channel account is still needed",
    remedy: "Disable it instead: refunds and queries of its payments still go through it.",
  },
  endpoint_not_allowed: {
    status: 422,
    title: "Webhooks cannot be sent to this address",
    remedy: "Use an https address on a public host.",
  },
  channel_unavailable: {
    status: 503,
    title: "The channel did not answer",
    remedy: "Nothing has happened. Ask again in a few minutes; the detail says what went wrong.",
  },
  statement_refused: {
    status: 502,
    title: "The channel did not hand out a statement that can be read",
    remedy: "Compare the detail with the channel's console; the statement as a whole was refused.",
  },

  statement_invalid: {
    status: 422,
    title: "The file is not the statement that it should be",
    remedy:
      "Nothing of it is used. Compare the named line with what the channel or the bank published, and send " +
      "the whole file as it was handed out.",
  },

  // The platform.
  overloaded: {
    status: 503,
    title: "The platform is busy",
    remedy: "Nothing has happened. Send the same request again after the seconds in Retry-After.",
  },
  outcome_unknown: {
    status: 503,
    title: "The request may or may not have been carried out",
    remedy: "Send the same request with the same number again: it will not be carried out twice.",
  },
  database_unavailable: {
    status: 503,
    title: "The database cannot be reached",
    remedy: "Send the same request with the same number again in a few seconds.",
  },
  stopping: {
    status: 503,
    title: "This process is stopping",
    remedy: "Send the same request again; another process or the restarted one takes it.",
  },
  not_served_here: {
    status: 503,
    title: "This process does the platform's work and answers no requests",
    remedy: "Nothing has happened. Send the same request to a process that has the role api.",
  },
  internal_error: {
    status: 500,
    title: "Something went wrong on our side",
    remedy:
      "Send the same request with the same number again; if it stays, give the operator the request id.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export type ProblemExtras = {
  /** What exactly is wrong this time, in one sentence. */
  readonly detail?: string;
  /** The offending field, as written on the wire: `amount`, `metadata.color`, `query.status`. */
  readonly field?: string;
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
};

/** A coded error on its way to an answer. */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly extras: ProblemExtras;

  constructor(code: ErrorCode, extras: ProblemExtras = {}) {
    super(extras.detail ?? ERRORS[code].title, extras.cause === undefined ? {} : { cause: extras.cause });
    this.name = "Problem";
    this.code = code;
    this.extras = extras;
  }
}

/** A coded error, to be thrown: `throw problem("not_found")`. */
export function problem(code: ErrorCode, extras: ProblemExtras = {}): Problem {
  return new Problem(code, extras);
}

/** The RFC 9457 document of a problem. `type` is the page of the documentation that explains the code. */
export function problemDocument(error: Problem, requestId: string): Record<string, unknown> {
  const entry = ERRORS[error.code];
  return {
    type: `/docs/errors#${error.code}`,
    title: entry.title,
    status: entry.status,
    code: error.code,
    ...(error.extras.detail === undefined ? {} : { detail: error.extras.detail }),
    ...(error.extras.field === undefined ? {} : { field: error.extras.field }),
    remedy: entry.remedy,
    ...error.extras.members,
    request_id: requestId,
  };
}
