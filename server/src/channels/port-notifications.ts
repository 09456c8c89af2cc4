/** The part of the port in which channels speak first. */
import type { DisputeOutcome, ExchangeRecord, ForeignRefund, RefundOutcome, TradeOutcome } from "./port.ts";

/** A verified notification, or why it is none. */
export type Notification =
  | {
      readonly verdict: "authentic";
      readonly notifyId: string;
      /** Ours; null where the channel tells only its own, `channelTradeNo`. */
      readonly channelOrderNo: string | null;
      readonly channelTradeNo?: string;
      readonly about:
        | { readonly kind: "trade"; readonly trade: TradeOutcome }
        | {
            readonly kind: "refund";
            readonly channelRefundNo: string;
            readonly refund: RefundOutcome;
            /** What was refunded by it, in minor units; absent: not told. */
            readonly amount?: bigint;
            /** What it says of the order as a whole; null: nothing. */
            readonly trade: TradeOutcome | null;
          }
        | { readonly kind: "dispute"; readonly dispute: DisputeOutcome }
        | { readonly kind: "foreign_refund"; readonly refund: ForeignRefund }
        /** Nothing of money, or nothing that another does not tell: acknowledged, and not kept. */
        | { readonly kind: "nothing" };
      readonly exchange: ExchangeRecord;
    }
  /**
   * A bad signature, another app's or seller's id, or unreadable. Answered with the negative acknowledgement.
   */
  | { readonly verdict: "refused"; readonly reason: string; readonly exchange: ExchangeRecord };

/** What is acknowledged to a channel, byte for byte. */
export type Acknowledgement = {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
};

/** A raw inbound HTTP request, bytes untouched: signatures are checked before anything is parsed. */
export type InboundRequest = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query: string;
  readonly body: Buffer;
  readonly receivedAt: Date;
};
