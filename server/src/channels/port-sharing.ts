/** The part of the port that splits a buyer's money among receivers at the channel (分账). */
import type { Currency } from "../kernel/money.ts";
import type { Call } from "./port-calls.ts";

/** Who gets a share, as the channel knows it. */
export type ShareReceiver = {
  /** In the channel's words: `MERCHANT_ID`, `userId`, … */
  readonly type: string;
  /** The receiver's number there. */
  readonly account: string;
  /** The registered name; null: not told again. Encrypted on its way where the protocol asks it. */
  readonly name: string | null;
  /** How the receiver stands to the merchant, in the channel's words, such as `STORE`; null: not told. */
  readonly relation: string | null;
};

/** The paid order whose money is split. */
export type SharedOrder = {
  readonly channelOrderNo: string;
  readonly channelTradeNo: string;
  readonly currency: Currency;
};

/** One share of one order. Its number is ours, fixed before the call: the channel's idempotency key. */
export type ShareOrder = {
  readonly order: SharedOrder;
  readonly channelShareNo: string;
  readonly receiver: ShareReceiver;
  /** Minor units of the order's currency. */
  readonly amount: bigint;
  readonly description: string;
};

/** What comes back of a share that was done. */
export type ShareReturnOrder = {
  readonly share: ShareOrder;
  /** Ours, fixed before the call; a retry uses the same. */
  readonly channelReturnNo: string;
  readonly amount: bigint;
  readonly description: string;
};

/** What the receiver gives back within a refund, where the channel takes it back with that call. */
export type RefundedShare = { readonly receiver: ShareReceiver; readonly amount: bigint };

export type BindOutcome =
  | { readonly outcome: "bound" }
  | { readonly outcome: "failed"; readonly code: string; readonly message: string };

/** Of a share, or of what comes back of one. */
export type ShareOutcome =
  /** The money moved, on this business date of the channel (`yyyy-mm-dd`). */
  | { readonly outcome: "done"; readonly channelOwnNo: string | null; readonly channelDate: string }
  /** It will not move under this number. */
  | { readonly outcome: "failed"; readonly code: string; readonly message: string }
  | { readonly outcome: "pending"; readonly channelOwnNo: string | null }
  | { readonly outcome: "not_found" };

/** Of the call that gives what was not split to the merchant. Repeating it changes nothing. */
export type FinishOutcome =
  | { readonly outcome: "finished" }
  | { readonly outcome: "pending" }
  | { readonly outcome: "failed"; readonly code: string; readonly message: string };

/** What the channel is like where it splits. An account's contract may say otherwise of limits. */
export type SharingTraits = {
  readonly receiverTypes: readonly string[];
  /** Types from which nothing can be taken back. */
  readonly typesWithoutReturn: readonly string[];
  /** The most of an order that receivers may get in all, in millionths, unless the contract says more. */
  readonly maxMillionths: bigint;
  /** How long after the payment the money may stay frozen, in days, unless the contract says otherwise. */
  readonly termDays: number;
  /** How soon after the payment the channel splits, milliseconds. */
  readonly startAfterMs: number;
  /** How long after it was done a share can be taken back, in days. */
  readonly returnDays: number;
  /** Shares of one order. */
  readonly sharesMax: number;
  /** A refund itself takes the receivers' parts back (`RefundOrder.shares`): there is no call apart. */
  readonly returnsWithRefund: boolean;
  /** Codes by which a refund is refused because a receiver cannot give its part back. */
  readonly returnRefusals: readonly string[];
  /** Gaps between queries of what is under way, milliseconds; the last repeats. */
  readonly queryGapsMs: readonly number[];
};

/**
 * Splits at one channel. Each method is a single exchange, as of the `Channel` itself, and none throws for
 * what the channel does.
 */
export type Sharing<Context> = {
  readonly traits: SharingTraits;
  /** Why this receiver can't be one here: field and what to do; null: it can. Nothing is sent. */
  refuseReceiver(receiver: ShareReceiver): { field: string; detail: string } | null;
  /** Makes the receiver known to the channel. A receiver that is known already is `bound`. */
  bindReceiver(context: Context, receiver: ShareReceiver, bindNo: string): Promise<Call<BindOutcome>>;
  share(context: Context, share: ShareOrder): Promise<Call<ShareOutcome>>;
  queryShare(context: Context, share: ShareOrder): Promise<Call<ShareOutcome>>;
  /** Takes back what a receiver got. Refused where the channel does so with the refund alone. */
  returnShare(context: Context, given: ShareReturnOrder): Promise<Call<ShareOutcome>>;
  queryReturn(context: Context, given: ShareReturnOrder): Promise<Call<ShareOutcome>>;
  /** Ends the splitting: what is frozen still becomes the merchant's. `finishNo`: ours, fixed. */
  finish(context: Context, order: SharedOrder, finishNo: string): Promise<Call<FinishOutcome>>;
};
