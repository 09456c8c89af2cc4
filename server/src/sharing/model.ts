/**
 * Splitting what a buyer paid among receivers (分账).
 *
 * - Receiver (分账接收方): a merchant or person who gets shares of one merchant's payments. A second person
 *   approves it; then it is *bound* at each channel that shall pay it.
 * - Sharing: a success whose money is split. `channel`: its order was flagged when it was placed, the
 *   channel keeps the money frozen, splits it by our calls, and lets go of the rest when we *finish*.
 *   `books`: we hold the money, are licensed to, and split it in the merchant's book.
 * - Share: what one receiver gets of one payment; one call at the channel, under a number of ours.
 * - Return (回退): what a receiver gives back of a share because the payment is refunded.
 * - Term: how long the channel keeps the money frozen. Before its end we finish by ourselves.
 */
import type { FundFlow } from "../channels/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export const SHARING_MODES = ["channel", "books"] as const;
export type SharingMode = (typeof SHARING_MODES)[number];

/** What a contract with a channel says of splitting. Its mode never changes: orders were placed by it. */
export type SharingContract = {
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly mode: SharingMode;
  /** The most of a payment that receivers may get in all, in millionths. */
  readonly maxMillionths: bigint;
  /** How long after the payment the money may be kept to be split, in days. */
  readonly termDays: number;
  /** False: no new order is placed to be split; those that were are split and finished all the same. */
  readonly isOpen: boolean;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export const RECEIVER_STATES = ["proposed", "active", "rejected", "disabled"] as const;
export type ReceiverState = (typeof RECEIVER_STATES)[number];

export type Receiver = {
  readonly id: Id;
  readonly merchantId: Id;
  /** What people call it here. */
  readonly label: string;
  /** The registered name, sealed under the receiver's id. */
  readonly nameSealed: Buffer;
  readonly state: ReceiverState;
  readonly createdAt: Date;
  readonly decidedAt: Date | null;
};

export const BINDING_STATES = ["proposed", "created", "bound", "failed"] as const;
export type BindingState = (typeof BINDING_STATES)[number];

/** How a receiver is known under one contract with a channel. */
export type Binding = {
  readonly id: Id;
  readonly receiverId: Id;
  readonly merchantId: Id;
  readonly channelAccountId: Id;
  readonly channel: string;
  /** In the channel's words: `MERCHANT_ID`, `userId`, … */
  readonly type: string;
  readonly account: string;
  readonly relation: string | null;
  readonly state: BindingState;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly tries: number;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
};

/** What one receiver shall get: so many minor units, or so many millionths of what settles. */
export type ShareRule = { readonly receiver: Id } & (
  | { readonly amount: bigint }
  | { readonly millionths: bigint }
);

export const SHARING_STATES = ["open", "finishing", "finished"] as const;
export type SharingState = (typeof SHARING_STATES)[number];

export type SharingRow = {
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly merchantId: Id;
  readonly channel: string;
  readonly channelAccountId: Id;
  readonly mode: SharingMode;
  readonly currency: Currency;
  readonly state: SharingState;
  /** The rules that came with the payment, until they are carried out; null: none, or done. */
  readonly plan: string | null;
  /** Once every share is final, the rest is let go of. */
  readonly finishWanted: boolean;
  /** Ours at the channel, fixed before the call. */
  readonly finishNo: string;
  readonly maxMillionths: bigint;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly tries: number;
  readonly termEndsAt: Date;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
};

export const SHARE_STATES = ["created", "unknown", "processing", "succeeded", "failed"] as const;
export type ShareState = (typeof SHARE_STATES)[number];

/** What a share and a return have in common: a call under a number of ours, and what came of it. */
export type Called = {
  readonly state: ShareState;
  readonly channelOwnNo: string | null;
  readonly channelDate: string | null;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly tries: number;
  readonly dueAt: Date | null;
  readonly finishedAt: Date | null;
};

export type Share = Called & {
  readonly id: Id;
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly merchantId: Id;
  readonly channel: string;
  readonly channelAccountId: Id;
  readonly fundFlow: FundFlow;
  readonly mode: SharingMode;
  readonly receiverId: Id;
  readonly receiverType: string;
  readonly receiverAccount: string;
  /** Null: it came with the payment. */
  readonly merchantShareNo: string | null;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly description: string;
  /** Σ returns that have not failed. */
  readonly returnedAmount: bigint;
  readonly channelShareNo: string;
  readonly createdAt: Date;
};

export type ShareReturn = Called & {
  readonly id: Id;
  readonly shareId: Id;
  readonly paymentId: Id;
  readonly merchantId: Id;
  readonly refundId: Id;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly channelReturnNo: string;
  readonly createdAt: Date;
};

export type ShareRequest = {
  readonly merchantId: Id;
  readonly merchantShareNo: string;
  readonly paymentId: Id;
  readonly request: string;
  readonly createdAt: Date;
};

/** Whether nothing more will come of it by itself. */
export function isFinal({ finishedAt }: Pick<Called, "finishedAt">): boolean {
  return finishedAt !== null;
}

/** What a receiver has or will have of a share. */
export function keptOf({ state, amount, returnedAmount }: Share): bigint {
  return state === "failed" ? 0n : amount - returnedAmount;
}

/** Σ of shares that have not failed, of what receivers keep of them. */
export function sharedOf(shares: readonly Share[]): bigint {
  return shares.reduce((sum, share) => sum + keptOf(share), 0n);
}
