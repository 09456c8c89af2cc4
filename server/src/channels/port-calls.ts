/** The part of the port that tells how a call ended, and what was said. */

/** How one call to a channel ended. */
export type CallEnd<T> =
  /** The channel answered and we understood: the value says what it knows. */
  | { readonly end: "answered"; readonly value: T }
  /**
   * The channel answered that it will not do this, and nothing happened. `retryable`: it may later (rate,
   * funds). `side`: whose fault it is. `channel`: the channel or our contract with it, so that another
   * account may take the order; `order`: what was asked (where nothing is told); `buyer`: the buyer or his
   * bank.
   */
  | {
      readonly end: "refused";
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      readonly side?: RefusalSide;
    }
  /**
   * Certainly never reached the channel (connection refused, budget spent, rate refusal): nothing happened.
   * `isRateRefusal`: too many calls were made, so it tells nothing of the channel's health. `notBefore`: it
   * would be refused until then (a part of a refund, before the channel's next day).
   */
  | {
      readonly end: "not_sent";
      readonly reason: string;
      readonly isRateRefusal?: true;
      readonly notBefore?: Date;
    }
  /** It may have happened: time-out, broken answer, 5xx, the channel's own "unknown". Ask, never guess. */
  | { readonly end: "unknown"; readonly reason: string };

/** Whose fault a refusal is. */
export type RefusalSide = "channel" | "order" | "buyer";

/** A call's end together with what was said, masked for people to read. */
export type Call<T> = CallEnd<T> & { readonly exchange: ExchangeRecord };

/**
 * One request and its answer (or one notification), already masked: no key, signature, full account or
 * payment code.
 */
export type ExchangeRecord = {
  readonly operation: Operation;
  readonly startedAt: Date;
  readonly tookMs: number;
  /** The channel's own code, such as `10000` or `40004/ACQ.TRADE_NOT_EXIST`; null when nothing came back. */
  readonly channelCode: string | null;
  readonly request: string;
  readonly response: string | null;
};

export type Operation =
  | "pay"
  | "query"
  | "close"
  | "reverse"
  | "refund"
  | "refund_query"
  | "dispute_query"
  | "receiver_bind"
  | "share"
  | "share_query"
  | "share_return"
  | "share_return_query"
  | "share_finish"
  | "notification"
  | "statement"
  | "prove"
  | "identify";
