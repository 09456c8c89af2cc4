import type { Collection } from "../../store/index.ts";

// Profit sharing (分账): an order so flagged keeps its money frozen. Split it share by share, take a share
// back, and unfreeze the rest; what is told of amounts is fen.

export type ShareResult = "PENDING" | "SUCCESS" | "CLOSED";

/** One receiver of one call. */
export type Share = {
  outOrderNo: string;
  orderId: string;
  type: string;
  account: string;
  amount: bigint;
  description: string;
  detailId: string;
  createdAt: Date;
  /** How it will end, and when. */
  outcome: Exclude<ShareResult, "PENDING">;
  failReason: string | null;
  endsAt: Date;
};

export type ShareReturn = {
  outOrderNo: string;
  outReturnNo: string;
  returnId: string;
  returnMchid: string;
  amount: bigint;
  description: string;
  createdAt: Date;
  outcome: "SUCCESS" | "FAILED";
  failReason: string | null;
  endsAt: Date;
};

/** What an order that was flagged for it knows of its splitting. */
export type OrderSharing = {
  shares: Share[];
  returns: ShareReturn[];
  /** The call that unfroze what was left, and when. */
  unfrozen: { outOrderNo: string; orderId: string; amount: bigint; at: Date } | null;
};

/** A receiver that a payee has made known. */
export type Receiver = {
  id: string;
  payee: string;
  type: string;
  account: string;
  name: string | null;
  relationType: string;
};

export const receivers: Collection<Receiver> = {
  name: "wechat_receivers",
  id: (receiver) => receiver.id,
  keys: {},
  group: (receiver) => receiver.payee,
  dueAt: null,
};

/** Which order a number of a split or of a return belongs to. */
export type SharingNumber = { id: string; orderId: string };

export const sharingNumbers: Collection<SharingNumber> = {
  name: "wechat_sharing_numbers",
  id: (number) => number.id,
  keys: {},
  group: null,
  dueAt: null,
};

export function receiverId(payee: string, type: string, account: string): string {
  return `${payee}/${type}/${account}`;
}
